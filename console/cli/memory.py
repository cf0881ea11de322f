"""`pilothouse memory`: what is remembered across sessions."""

from __future__ import annotations

from collections.abc import Sequence

from agent import commands as c
from agent import events as e
from agent.logbook import open_envelope
from console.cli.exits import Exit, Problem
from console.cli.memory_opening import (
    changed_document,
    clean,
    open_decisions,
    open_knowledge,
    operator,
    place_of,
    redactor_of,
)
from console.cli.memory_text import details, lines
from console.cli.opening import open_journal
from console.cli.output import Output, plain
from console.cli.parser import Choices
from memory import search
from memory.journal import Journal
from memory.knowledge import Fresh, Kind, Reference, Status


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
    here = place_of(scope) if scope is not None else None
    async with open_knowledge(choices) as knowledge:
        if text:
            found = await knowledge.search(" ".join(text), limit, kinds=kinds, statuses=statuses, here=here)
        else:
            found = await knowledge.list(kinds=kinds, statuses=statuses, here=here, limit=limit)
    out.result(
        {"memories": [memory.model_dump(mode="json") for memory in found]},
        lambda: lines(found, out) if found else ["Nothing is remembered here."],
    )
    return Exit.DONE


async def show(choices: Choices, out: Output, *, number: int) -> int:
    """Print all of a memory: where it comes from, how it fared, and what it replaced."""
    async with open_knowledge(choices) as knowledge:
        memory = await knowledge.get(number)
        before = await knowledge.history(number)
    out.result(
        {
            **memory.model_dump(mode="json"),
            "history": [older.model_dump(mode="json") for older in before],
        },
        lambda: details(memory, before),
    )
    return Exit.DONE


async def why(choices: Choices, out: Output, *, number: int) -> int:
    """Print why a memory is known: the words it was said in, who decided about it, and how it fared."""
    async with open_knowledge(choices) as knowledge, open_journal(choices) as (journal, sessions):
        memory = await knowledge.get(number)
        before = await knowledge.history(number)
        origin = await _origin(journal, memory.reference)
        hits = await sessions.search(f"memory-{number}", limit=50)
        decisions = [
            f"{hit.at:%Y-%m-%d %H:%M}  {search.plain(hit.snippet)}"
            for hit in hits
            if hit.kind == "memory_decided"
        ]
    out.result(
        {
            **memory.model_dump(mode="json"),
            "said": origin,
            "decisions": decisions,
            "history": [older.model_dump(mode="json") for older in before],
        },
        lambda: [
            *details(memory, before),
            *([plain(f"  said        {origin}")] if origin else []),
            *(plain(f"  decided     {line}") for line in decisions),
        ],
    )
    return Exit.DONE


async def add(
    choices: Choices, out: Output, *, text: Sequence[str], subject: str = "", kind: str = "", scope: str = ""
) -> int:
    """Remember what the operator says."""
    from agent.remembering.lessons import FACT_LASTS
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
        where=place_of(scope),
        by=operator(),
        ttl=FACT_LASTS if kind in ("", "fact") else None,
    )
    async with open_decisions(choices) as deciding:
        memory = await deciding.keep(clean(choices, fresh))
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

    body = " ".join(text).strip() or None
    if body is not None and (refused := granting(body)):
        raise Problem(Exit.REFUSED, refused)
    if body is subject is scope is None:
        raise Problem(Exit.USAGE, "There is nothing to change.", "Give a text, --subject or --scope.")
    where = None if scope is None else str(place_of(scope))
    command = c.EditMemory(memory=number, how="flag", body=body, subject=subject, where=where)
    async with open_decisions(choices) as deciding:
        _, new = await deciding.carry_out(redactor_of(choices).model(command))
        memory = await deciding.knowledge.get(new)
    out.result(memory, lambda: [f"Memory {number} is now {memory.id}; the old words are its history."])
    return Exit.DONE


async def confirm(choices: Choices, out: Output, *, numbers: Sequence[int]) -> int:
    """Make proposed memories active."""
    async with open_decisions(choices) as deciding:
        for number in numbers:
            await deciding.carry_out(c.ConfirmMemory(memory=number, how="flag"))
        found = [await deciding.knowledge.get(number) for number in numbers]
    out.result(changed_document(found), lambda: [f"Memory {memory.id} is active." for memory in found])
    return Exit.DONE


async def reject(choices: Choices, out: Output, *, numbers: Sequence[int], reason: str = "") -> int:
    """Say that memories are wrong; they are kept as rejected and never used."""
    async with open_decisions(choices) as deciding:
        for number in numbers:
            command = c.RejectMemory(memory=number, how="flag", reason=reason)
            await deciding.carry_out(redactor_of(choices).model(command))
        found = [await deciding.knowledge.get(number) for number in numbers]
    out.result(changed_document(found), lambda: [f"Memory {memory.id} is rejected." for memory in found])
    return Exit.DONE


async def forget(
    choices: Choices, out: Output, *, number: int | None = None, scope: str | None = None
) -> int:
    """Remove the bytes of a memory and of what it replaced, or of everything said of a place."""
    if (number is None) == (scope is None):
        raise Problem(Exit.USAGE, "Say what to forget: the ID of one memory, or a place with --scope.")
    if scope is not None and place_of(scope).anywhere:
        raise Problem(Exit.USAGE, "Name a place after --scope, such as kind-staging/shop.")
    command = (
        c.ForgetPlace(place=str(place_of(scope or "")), how="flag")
        if number is None
        else c.ForgetMemory(memory=number, how="flag")
    )
    async with open_decisions(choices) as deciding:
        gone = await deciding.carry_out(command)
    out.result(
        {"forgotten": list(gone)},
        lambda: [f"Forgot {', '.join(map(str, gone))}." if gone else "Nothing was remembered there."],
    )
    return Exit.DONE


# --- details -------------------------------------------------------------------------------------------


async def _origin(journal: Journal, reference: Reference) -> str:
    """The operator's words behind a memory, or which event it goes back to; empty where there is none left."""
    if not reference.session or reference.seq is None:
        return ""
    found = await journal.read(reference.session, after=reference.seq - 1, limit=1)
    if not found:
        return "in a session that was deleted since"
    event = open_envelope(found[0]).event
    return " ".join(event.text.split()) if isinstance(event, e.Said) else event.kind.replace("_", " ")
