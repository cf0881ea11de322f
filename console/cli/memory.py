"""`pilothouse memory`: what is remembered across sessions."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from agent.home_redactor import home_redactor
from console.cli.exits import Exit, Problem
from console.cli.output import Output, plain
from console.cli.parser import Choices
from memory.home import Home
from memory.knowledge import Fresh, Kind, Knowledge, Remembered, Status, Where
from memory.knowledge.portable import export as document_of
from memory.knowledge.portable import read

MOST = 100_000
"""Memories in one export."""


async def list_all(
    choices: Choices,
    out: Output,
    *,
    text: Sequence[str] = (),
    kind: str = "",
    scope: str | None = None,
    status: str = "",
    limit: int = 100,
) -> int:
    """Print what is remembered, or what fits the words; what waits to be confirmed comes first."""
    kinds = [Kind(kind)] if kind else None
    statuses = None if status == "all" else [Status(status)] if status else [Status.PROPOSED, Status.ACTIVE]
    here = _place(scope) if scope is not None else None
    async with _knowledge(choices) as knowledge:
        if text:
            found = await knowledge.search(" ".join(text), limit, kinds=kinds, statuses=statuses, here=here)
        else:
            found = await knowledge.list(kinds=kinds, statuses=statuses, here=here, limit=limit)
    out.result(
        {"memories": [memory.model_dump(mode="json") for memory in found]},
        lambda: _lines(found, out) if found else ["Nothing is remembered here."],
    )
    return Exit.DONE


async def show(choices: Choices, out: Output, *, number: int) -> int:
    """Print all of a memory: where it comes from, how it fared, and what it replaced."""
    async with _knowledge(choices) as knowledge:
        memory = await knowledge.get(number)
        before = await knowledge.history(number)
    out.result(
        {
            **memory.model_dump(mode="json"),
            "history": [older.model_dump(mode="json") for older in before],
        },
        lambda: _details(memory, before),
    )
    return Exit.DONE


async def add(
    choices: Choices, out: Output, *, text: Sequence[str], subject: str = "", kind: str = "", scope: str = ""
) -> int:
    """Remember what the operator says."""
    from agent.remembering.statements import granting, topic_of

    body = " ".join(text).strip()
    if not body:
        raise Problem(Exit.USAGE, "There is nothing to remember: the text is empty.")
    if refused := granting(body):
        raise Problem(Exit.REFUSED, refused)
    about, topic = topic_of(body)
    fresh = Fresh(
        kind=Kind(kind or "fact"),
        subject=subject or about,
        topic=topic,
        body=body,
        where=_place(scope),
        by=_operator(),
    )
    async with _knowledge(choices) as knowledge:
        memory = await knowledge.remember(_clean(choices, fresh), datetime.now(UTC))
    closed = f" It closes {memory.replaces}, which said otherwise." if memory.replaces else ""
    out.result(memory, lambda: [f"Remembered as {memory.id}.{closed}"])
    return Exit.DONE


async def edit(
    choices: Choices,
    out: Output,
    *,
    number: int,
    text: Sequence[str] = (),
    subject: str | None = None,
    scope: str | None = None,
) -> int:
    """Put a new version in place of a memory; the old one stays as its history."""
    from agent.remembering.statements import granting

    changes: dict[str, object] = {}
    if text:
        changes["body"] = " ".join(text).strip()
        if refused := granting(" ".join(text)):
            raise Problem(Exit.REFUSED, refused)
    if subject is not None:
        changes["subject"] = subject
    if scope is not None:
        changes["where"] = _place(scope)
    if not changes:
        raise Problem(Exit.USAGE, "There is nothing to change.", "Give a text, --subject or --scope.")
    async with _knowledge(choices) as knowledge:
        old = await knowledge.get(number)
        fresh = Fresh.model_validate({**{name: getattr(old, name) for name in Fresh.model_fields}, **changes})
        memory = await knowledge.edit(number, _clean(choices, fresh), datetime.now(UTC))
    out.result(memory, lambda: [f"Memory {number} is now {memory.id}; the old words are its history."])
    return Exit.DONE


async def confirm(choices: Choices, out: Output, *, numbers: Sequence[int]) -> int:
    """Make proposed memories active."""
    async with _knowledge(choices) as knowledge:
        found = [await knowledge.confirm(number, datetime.now(UTC)) for number in numbers]
    out.result(_changed(found), lambda: [f"Memory {memory.id} is active." for memory in found])
    return Exit.DONE


async def reject(choices: Choices, out: Output, *, numbers: Sequence[int], reason: str = "") -> int:
    """Say that memories are wrong; they are kept as rejected and never used."""
    async with _knowledge(choices) as knowledge:
        found = [await knowledge.reject(number, datetime.now(UTC), reason) for number in numbers]
    out.result(_changed(found), lambda: [f"Memory {memory.id} is rejected." for memory in found])
    return Exit.DONE


async def forget(
    choices: Choices, out: Output, *, number: int | None = None, scope: str | None = None
) -> int:
    """Remove the bytes of a memory and of what it replaced, or of everything said of a place."""
    if (number is None) == (scope is None):
        raise Problem(Exit.USAGE, "Say what to forget: the ID of one memory, or a place with --scope.")
    async with _knowledge(choices) as knowledge:
        if number is not None:
            gone = await knowledge.forget(number)
        else:
            place = _place(scope or "")
            if place.anywhere:
                raise Problem(Exit.USAGE, "Name a place after --scope, such as kind-staging/shop.")
            gone = await knowledge.forget_within(place)
    out.result(
        {"forgotten": gone},
        lambda: [f"Forgot {', '.join(map(str, gone))}." if gone else "Nothing was remembered there."],
    )
    return Exit.DONE


async def export(
    choices: Choices,
    out: Output,
    *,
    number: int | None = None,
    scope: str | None = None,
    form: str = "json",
    output: Path | None = None,
) -> int:
    """Print memories as a document, or a procedure as a runbook; or write it to a file of the owner's own."""
    async with _knowledge(choices) as knowledge:
        if number is not None:
            found = [await knowledge.get(number)]
        else:
            found = await knowledge.list(within=_place(scope or ""), limit=MOST)
    words = _runbook(found, number) if form == "runbook" else document_of(found).model_dump_json(indent=2)
    if output is None:
        out.result(
            {"runbook": words} if form == "runbook" else document_of(found), lambda: [words.rstrip("\n")]
        )
        return Exit.DONE
    _write(output, words.rstrip("\n") + "\n")
    count = f"{len(found)} memor{'y' if len(found) == 1 else 'ies'}"
    out.result(
        {"file": str(output), "memories": len(found), "form": form},
        lambda: [plain(f"Wrote {count} to {output}.")],
    )
    return Exit.DONE


async def bring(choices: Choices, out: Output, *, file: Path) -> int:
    """Propose every memory of an exported document; each is confirmed or rejected like any other."""
    fresh = read(_text(file), file.name)
    async with _knowledge(choices) as knowledge:
        found = [await knowledge.remember(_clean(choices, one), datetime.now(UTC)) for one in fresh]
    out.result(
        _changed(found),
        lambda: [f"Proposed {len(found)}: {', '.join(str(memory.id) for memory in found) or 'none'}."],
    )
    return Exit.DONE


# --- details -------------------------------------------------------------------------------------------


@asynccontextmanager
async def _knowledge(choices: Choices) -> AsyncIterator[Knowledge]:
    home = Home.find(os.environ, choices.home).prepare()
    async with await Knowledge.open(home.knowledge, home_redactor(home).value) as knowledge:
        yield knowledge


def _clean(choices: Choices, fresh: Fresh) -> Fresh:
    """The memory without secrets, as everything that is kept."""
    from agent.home_redactor import home_redactor

    return home_redactor(Home.find(os.environ, choices.home)).model(fresh)


def _place(text: str) -> Where:
    try:
        return Where.parse(text)
    except ValueError as error:
        raise Problem(
            Exit.USAGE, f"{error}", "Write a place as CLUSTER/NAMESPACE account:NAME user:NAME."
        ) from error


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(Exit.FAILED, f"{file} cannot be read: {error}.") from error


def _write(file: Path, words: str) -> None:
    try:
        file.touch(mode=0o600)
        file.write_text(words, "utf-8")
    except OSError as error:
        raise Problem(Exit.FAILED, f"{file} cannot be written: {error.strerror or error}.") from error


def _operator() -> str:
    return os.environ.get("USER", "") or getpass.getuser()


def _runbook(found: Sequence[Remembered], number: int | None) -> str:
    from agent.remembering.lessons import runbook_of
    from agent.remembering.procedures import as_yaml

    if number is None:
        raise Problem(Exit.USAGE, "A runbook is one procedure: say which, by its ID.")
    runbook = runbook_of(found[0])
    if runbook is None:
        raise Problem(Exit.FAILED, f"Memory {number} is a {found[0].kind} and holds no runbook.")
    return as_yaml(runbook)


def _changed(found: Sequence[Remembered]) -> dict[str, object]:
    return {"memories": [memory.model_dump(mode="json") for memory in found]}


def _lines(memories: Sequence[Remembered], out: Output) -> Iterator[str]:
    for memory in memories:
        about = f"{memory.subject}: " if memory.subject else ""
        yield plain(f"{memory.id:>4}  {about}{memory.body}")
        yield out.paint("dim", plain(f"      {_facts(memory)}"))


def _facts(memory: Remembered) -> str:
    where = f" in {memory.where}" if not memory.where.anywhere else ""
    by = f" by {memory.by}" if memory.by else ""
    status = "" if memory.status is Status.ACTIVE else f", {memory.status}"
    return f"{memory.kind}{where}, {memory.source}{by}, {memory.at:%Y-%m-%d}{status}"


def _details(memory: Remembered, before: Sequence[Remembered]) -> Iterator[str]:
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
