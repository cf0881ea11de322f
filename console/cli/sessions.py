"""`pilothouse sessions`: find again what was said and done."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.logbook import open_envelope
from console.cli.exits import Exit, Problem
from console.cli.opening import open_journal
from console.cli.output import Output, plain
from console.cli.parser import Choices
from console.cli.telling import markdown
from memory import search as finds
from memory.home import Home
from memory.lease import claim
from memory.sessions import Hit, SessionExport, SessionRow


async def list_all(
    choices: Choices, out: Output, *, text: Sequence[str] = (), status: str | None = None, limit: int = 50
) -> int:
    """Print the sessions, the one last written to first."""
    async with open_journal(choices) as (_, sessions):
        found = await sessions.list(limit, status=status, text=" ".join(text))
    rows = [row for row in found if row.title or row.events > 2]  # in the others nothing happened
    out.result(
        {"sessions": [row.model_dump(mode="json") for row in rows]},
        lambda: [_row(row, out) for row in rows] or ["There are no sessions here."],
    )
    return Exit.DONE


async def show(choices: Choices, out: Output, *, session: str) -> int:
    """Print what happened in a session, oldest first."""
    async with open_journal(choices) as (journal, sessions):
        row = await sessions.get(session)
        events = [open_envelope(envelope) for envelope in await journal.read(session)]
    document = {
        "session": row.model_dump(mode="json"),
        "events": [
            {"seq": item.seq, "at": item.at.isoformat(), **item.event.model_dump(mode="json")}
            for item in events
        ],
    }
    out.result(document, lambda: markdown(row, events))
    return Exit.DONE


async def search(choices: Choices, out: Output, *, text: Sequence[str], limit: int = 20) -> int:
    """Print the events in which the words were said or seen, the best first."""
    async with open_journal(choices) as (_, sessions):
        hits = await sessions.search(" ".join(text), limit)
    found = [{**hit.model_dump(mode="json"), "snippet": finds.plain(hit.snippet)} for hit in hits]
    out.result({"hits": found}, lambda: [_hit(hit, out) for hit in hits] or ["Nothing was found."])
    return Exit.DONE


async def export(
    choices: Choices, out: Output, *, session: str, form: str = "", output: Path | None = None
) -> int:
    """Print a session as one document, or write it to a file only its owner can read."""
    async with open_journal(choices) as (_, sessions):
        document = await sessions.export(session)
    form = form or ("json" if choices.json else "markdown")
    if output is None and (form == "json" or choices.json):
        out.result(document, lambda: [document.model_dump_json(indent=2)])
        return Exit.DONE
    words = document.model_dump_json(indent=2) if form == "json" else "\n".join(_markdown(document))
    if output is None:
        out.write(words + "\n")
        return Exit.DONE
    _write(output, words + "\n")
    out.result(
        {"session": session, "file": str(output), "form": form, "events": len(document.events)},
        lambda: [plain(f"Wrote {len(document.events)} events to {output}.")],
    )
    return Exit.DONE


async def delete(choices: Choices, out: Output, *, session: str) -> int:
    """Remove a session's words for good, unless a console works on it."""
    home = Home.find(os.environ, choices.home).prepare()
    async with open_journal(choices) as (_, sessions):
        lease = claim(home, session)
        if lease is None:
            raise Problem(Exit.FAILED, f"A console works on session {session}.", "Close it there first.")
        with lease:
            await sessions.delete(session)
    out.result(
        {"session": session, "deleted": True},
        lambda: [f"Deleted {session}. The places of its events stay in the chain, empty."],
    )
    return Exit.DONE


# --- details -------------------------------------------------------------------------------------------


def _row(row: SessionRow, out: Output) -> str:
    cost = f"  ${row.cost:.2f}" if row.cost is not None else ""
    status = f"{plain(row.status) or '-':<11}"
    tail = out.paint("dim", f"{row.events} events{cost}")
    return f"{row.id}  {row.updated:%Y-%m-%d %H:%M}  {status}  {plain(row.title) or '(no title)'}  {tail}"


def _hit(hit: Hit, out: Output) -> str:
    # The marks are control characters themselves, so what stands around them is cleaned first.
    before, *rest = hit.snippet.split(finds.HIT_START)
    words = plain(before)
    for part in rest:
        found, _, after = part.partition(finds.HIT_END)
        words += out.paint("bold", plain(found)) + plain(after)
    return f"{hit.session}  {hit.at:%Y-%m-%d %H:%M}  {hit.kind.replace('_', ' ')}: {' '.join(words.split())}"


def _markdown(document: SessionExport) -> Iterator[str]:
    return markdown(document.session, [open_envelope(envelope) for envelope in document.events])


def _write(path: Path, text: str) -> None:
    try:
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise Problem(Exit.FAILED, f"{path} cannot be written: {error.strerror or error}.") from error
