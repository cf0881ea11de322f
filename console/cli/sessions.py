"""`pilothouse sessions`: find again what was said and done, and put it in order."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from agent.events import Recorded
from agent.session_query import KEYS, QueryProblem
from console import __version__
from console.cli.exits import Exit, Problem
from console.cli.opening import open_journal
from console.cli.output import Output, plain
from console.cli.parser import Choices
from console.cli.telling import markdown, told
from console.exporting import Form, exported, form_of, write_private
from console.session_words import standing
from memory import search as finds
from memory.home import Home
from memory.sessions import Hit, SessionRow

if TYPE_CHECKING:
    from agent.past import Past

SPEED = 4.0
"""How many times as fast a replay on a terminal runs, unless said otherwise."""
LONGEST_WAIT = 2.0
"""Seconds; nobody wants to wait through a lunch break again."""


async def list_all(
    choices: Choices, out: Output, *, query: Sequence[str] = (), status: str | None = None, limit: int = 50
) -> int:
    """Print the sessions that were asked for."""
    line = " ".join(filter(None, (_line(query), f"status:{status}" if status else "")))
    async with _past(choices) as past:
        found = await past.find(line, limit)
    document = {
        "sessions": [row.model_dump(mode="json") for row in found.rows],
        "complete": found.complete,
    }
    out.result(
        document, lambda: [_row(row, out) for row in found.rows] or ["There are no such sessions here."]
    )
    return Exit.DONE


async def show(choices: Choices, out: Output, *, session: str) -> int:
    """Print what happened in a session, oldest first."""
    async with _past(choices) as past:
        row, events = await past.sessions.get(session), await past.read(session)
    out.result(_document(row, events), lambda: markdown(row, events))
    return Exit.DONE


async def search(choices: Choices, out: Output, *, query: Sequence[str], limit: int = 20) -> int:
    """Print the events in which the words were said or seen."""
    async with _past(choices) as past:
        hits = await past.search(_line(query), limit)
    found = [{**hit.model_dump(mode="json"), "snippet": finds.plain(hit.snippet)} for hit in hits]
    out.result({"hits": found}, lambda: [_hit(hit, out) for hit in hits] or ["Nothing was found."])
    return Exit.DONE


async def replay(
    choices: Choices,
    out: Output,
    *,
    session: str,
    speed: float | None = None,
    first: int = 1,
    last: int | None = None,
    step: bool = False,
) -> int:
    """Print a session's events one after the other, as they came; in JSON all at once."""
    async with _past(choices) as past:
        row, events = await past.sessions.get(session), await past.read(session)
    events = [event for event in events if first <= (event.seq or 0) <= (last or len(events))]
    if choices.json:
        out.result(_document(row, events), list)
        return Exit.DONE
    rate = speed if speed is not None else SPEED if out.live else 0.0
    before: datetime | None = None
    for recorded in events:
        lines = list(told(recorded))
        if not lines:
            continue
        if step and not await asyncio.to_thread(sys.stdin.readline):
            break
        if rate and before is not None and not step:
            gap = (recorded.at - before).total_seconds() / rate
            await asyncio.sleep(min(max(gap, 0.0), LONGEST_WAIT))
        before = recorded.at
        out.write("".join(line + "\n" for line in lines))
    return Exit.DONE


async def fork(choices: Choices, out: Output, *, session: str, at: int | None = None) -> int:
    """Begin a session that goes on from an event of this one."""
    async with _past(choices) as past:
        name = await past.fork(session, at)
    out.result(
        {"session": name, "origin": session, "at": at},
        lambda: [name, f'Go on with: pilothouse ask --session {name} "…"'],
    )
    return Exit.DONE


async def rename(choices: Choices, out: Output, *, session: str, title: Sequence[str]) -> int:
    """Give a session another title."""
    async with _past(choices) as past:
        kept = await past.rename(session, " ".join(title))
    out.result({"session": session, "title": kept}, lambda: [plain(f"{session} is “{kept}” now.")])
    return Exit.DONE


async def pin(choices: Choices, out: Output, *, session: str, pinned: bool = True) -> int:
    """Keep a session at the top, and from being cleared away."""
    async with _past(choices) as past:
        await past.pin(session, pinned)
    word = "pinned" if pinned else "not pinned any more"
    out.result({"session": session, "pinned": pinned}, lambda: [f"{session} is {word}."])
    return Exit.DONE


async def unpin(choices: Choices, out: Output, *, session: str) -> int:
    """Let go of a pinned session."""
    return await pin(choices, out, session=session, pinned=False)


async def export(
    choices: Choices, out: Output, *, session: str, form: str = "", output: Path | None = None
) -> int:
    """Print a session as one document, or write it to a file only its owner can read."""
    async with _past(choices) as past:
        document = await past.export(session)
    named = form_of(output) if output is not None else None
    chosen = cast(Form, form) if form else named or ("json" if choices.json else "markdown")
    if output is None and (chosen == "json" or choices.json):
        out.result(document, lambda: [document.model_dump_json(indent=2)])
        return Exit.DONE
    words = exported(document, chosen)
    if output is None:
        out.write(words)
        return Exit.DONE
    try:
        write_private(output, words)
    except OSError as error:
        raise Problem(Exit.FAILED, f"{output} cannot be written: {error.strerror or error}.") from error
    out.result(
        {"session": session, "file": str(output), "form": chosen, "events": len(document.events)},
        lambda: [plain(f"Wrote {len(document.events)} events to {output}.")],
    )
    return Exit.DONE


async def delete(choices: Choices, out: Output, *, session: str) -> int:
    """Remove a session's words for good, unless a console works on it."""
    async with _past(choices) as past:
        await past.delete(session)
    out.result(
        {"session": session, "deleted": True},
        lambda: [f"Deleted {session}. The places of its events stay in the chain, empty."],
    )
    return Exit.DONE


async def prune(choices: Choices, out: Output, *, days: int | None = None, dry_run: bool = False) -> int:
    """Remove for good what nobody touched for so many days."""
    from agent.settings import Settings

    kept = days or Settings.load(Home.find(os.environ, choices.home).settings).sessions.keep_days
    if kept is None:
        raise Problem(
            Exit.USAGE, "Say how old a session has to be.", "--days N, or sessions.keep_days in config.toml."
        )
    async with _past(choices) as past:
        gone = await (past.outworn(kept) if dry_run else past.clear(kept))
    word = "would be removed" if dry_run else "removed for good"
    out.result(
        {"sessions": [row.model_dump(mode="json") for row in gone], "days": kept, "removed": not dry_run},
        lambda: [*(_row(row, out) for row in gone), f"{len(gone)} sessions {word}."],
    )
    return Exit.DONE


# --- details -------------------------------------------------------------------------------------------


@asynccontextmanager
async def _past(choices: Choices) -> AsyncIterator[Past]:
    from agent.home_redactor import home_redactor
    from agent.past import Past

    home = Home.find(os.environ, choices.home).prepare()
    async with open_journal(choices) as (journal, _):
        try:
            yield Past(
                home,
                journal,
                home_redactor(home),
                operator=os.environ.get("USER", "") or getpass.getuser(),
                program=f"pilothouse {__version__}",
                clock=lambda: datetime.now(UTC),
            )
        except QueryProblem as problem:
            raise Problem(Exit.USAGE, str(problem), "See `pilothouse sessions list --help`.") from problem


def _line(words: Sequence[str]) -> str:
    """What was typed, with the quotes that the shell took away."""
    if len(words) == 1:
        return words[0]
    return " ".join(_quoted(word) if " " in word else word for word in words)


def _quoted(word: str) -> str:
    key, colon, value = word.partition(":")
    return f'{key}:"{value}"' if colon and key in KEYS else f'"{word}"'


def _document(row: SessionRow, events: Sequence[Recorded]) -> dict[str, object]:
    return {
        "session": row.model_dump(mode="json"),
        "events": [
            {"seq": item.seq, "at": item.at.isoformat(), **item.event.model_dump(mode="json")}
            for item in events
        ],
    }


def _row(row: SessionRow, out: Output) -> str:
    cost = f"  ${row.cost:.2f}" if row.cost is not None else ""
    pinned = "*" if row.pinned else " "
    tail = out.paint("dim", f"{row.events} events{cost}")
    title = plain(row.title) or "(no title)"
    return f"{row.id} {pinned}{row.updated:%Y-%m-%d %H:%M}  {plain(standing(row)):<11}  {title}  {tail}"


def _hit(hit: Hit, out: Output) -> str:
    # The marks are control characters themselves, so what stands around them is cleaned first.
    before, *rest = hit.snippet.split(finds.HIT_START)
    words = plain(before)
    for part in rest:
        found, _, after = part.partition(finds.HIT_END)
        words += out.paint("bold", plain(found)) + plain(after)
    place = f"{hit.session} #{hit.seq}"
    return f"{place}  {hit.at:%Y-%m-%d %H:%M}  {hit.kind.replace('_', ' ')}: {' '.join(words.split())}"
