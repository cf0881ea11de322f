"""How `pilothouse memory` prints memories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from console.cli.output import Output, plain
from memory.knowledge import Kind, Remembered, Status


def lines(memories: Sequence[Remembered], out: Output) -> Iterator[str]:
    """A list of memories, two lines each."""
    for memory in memories:
        about = f"{memory.subject}: " if memory.subject else ""
        yield plain(f"{memory.id:>4}  {about}{memory.body}")
        yield out.paint("dim", plain(f"      {_facts(memory)}"))


def _facts(memory: Remembered) -> str:
    where = f" in {memory.where}" if not memory.where.anywhere else ""
    by = f" by {memory.by}" if memory.by else ""
    status = "" if memory.status is Status.ACTIVE else f", {memory.status}"
    return f"{memory.kind}{where}, {memory.source}{by}, {memory.at:%Y-%m-%d}{status}"


def details(memory: Remembered, before: Sequence[Remembered]) -> Iterator[str]:
    """All of a memory, a line for each thing known of it."""
    yield plain(f"{memory.id}  {f'{memory.subject}: ' if memory.subject else ''}{memory.body}")
    record = f"used {memory.uses}x, worked {memory.successes}x, failed {memory.failures}x"
    ended = f" to {memory.valid_to:%Y-%m-%d %H:%M}" if memory.valid_to else ""
    facts = {
        "kind": memory.kind.value,
        "status": f"{memory.status}{f' ({memory.reason})' if memory.reason else ''}",
        "holds": str(memory.where) or "everywhere",
        "source": f"{memory.source}{f' by {memory.by}' if memory.by else ''}",
        "event": str(memory.reference) or "none",
        "confidence": f"{memory.confidence:.0%}",
        "valid": f"from {memory.valid_from:%Y-%m-%d %H:%M}{ended}",
        "verified": f"{memory.verified:%Y-%m-%d %H:%M}",
        "record": record,
    }
    if memory.kind is Kind.PROCEDURE and (precondition := memory.content.get("precondition")):
        facts["worked when"] = str(precondition)
    for name, words in facts.items():
        yield plain(f"  {name:<12}{words}")
    for older in before:
        yield plain(f"  before      {older.id}: {older.body} ({older.reason}, {older.at:%Y-%m-%d})")
