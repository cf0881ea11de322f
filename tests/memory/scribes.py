"""Those who write journals in these tests: a clock, drafts, and processes of their own.

The processes are forked by multiprocessing's fork server, so that a child costs a few milliseconds instead
of the interpreter's start, and comes from a process without threads.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from memory.envelope import Draft
from memory.errors import JournalError
from memory.home import Home
from memory.journal import Journal
from memory.lease import claim
from memory.ledger import BegunState

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.memory.scribes"])


class Ticks:
    """A clock that goes on by one second each time it is asked."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


def draft(text: str = "", kind: str = "note", body: str = "{}") -> Draft:
    return Draft(kind=kind, version=1, body=body, text=text)


class Scribe:
    """A process that runs one of the functions below, and what it has reported so far."""

    def __init__(self, work: Callable[..., None], *arguments: object) -> None:
        self.reports, theirs = _server.Pipe(duplex=False)
        self.process: ForkServerProcess = _server.Process(target=work, args=(*arguments, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def hear(self) -> str:
        """The next report. Raises EOFError when the process has ended."""
        return str(self.reports.recv())

    def kill(self) -> list[str]:
        """kill -9; returns what was reported and not heard yet."""
        self.process.kill()
        return self.rest()

    def rest(self) -> list[str]:
        """Everything reported until the process ended."""
        heard: list[str] = []
        try:
            while True:
                heard.append(self.hear())
        except EOFError:
            self.process.join()
            return heard


def work_on_steps(path: Path, session: str, reports: Connection) -> None:
    """Begin, note and end one step after the other, for ever; report each once it is confirmed."""

    async def main() -> None:
        async with await Journal.open(path, Ticks()) as journal:
            for key in await journal.open_keys(session):
                await journal.end(session, key, draft("found open", "recovered"))
                reports.send(f"end {key}")
            number = len(await journal.read(session))
            while True:
                number += 1
                key = f"step-{number}"
                assert (
                    await journal.begin(session, key, draft("about to", "intent"))
                ).state is BegunState.FRESH
                reports.send(f"begin {key}")
                [note, _] = await journal.append(session, draft("trying"), draft("still trying"))
                reports.send(f"note {note.seq}")
                await journal.end(session, key, draft("it worked", "outcome"), draft("and so on"))
                reports.send(f"end {key}")

    asyncio.run(main())


def append_many(path: Path, session: str, count: int, reports: Connection) -> None:
    """Append `count` events, each in a commit of its own, and report each body's number."""

    async def main() -> None:
        async with await Journal.open(path, Ticks()) as journal:
            for _ in range(count):
                [envelope] = await journal.append(session, draft("one of many", body=f'"{session}"'))
                reports.send(str(envelope.row))

    asyncio.run(main())


def append_until_the_disk_refuses(path: Path, room: int, reports: Connection) -> None:
    """Append until files may not grow beyond `room` bytes; report each confirmed row, then the error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    async def main() -> None:
        async with await Journal.open(path, Ticks()) as journal:
            try:
                while True:
                    [envelope] = await journal.append("s", draft("words " * 200, body=f'"{"x" * 2000}"'))
                    reports.send(str(envelope.row))
            except JournalError as error:
                reports.send(f"{type(error).__name__}: {error}")

    asyncio.run(main())


def hold_a_lease(root: Path, session: str, reports: Connection) -> None:
    """Claim a session and keep it until killed."""
    lease = claim(Home(root), session)
    reports.send("claimed" if lease else "refused")
    multiprocessing.Event().wait()
