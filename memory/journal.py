"""The journal: everything that happens in a session, in order, on disk before anyone acts on it.

Each commit is one transaction of `memory.database`; each row is tied to the one before (`memory.chain`).
A step is begun in a commit of its own and ended together with its outcome, so that after a crash an open
key says exactly which steps are in doubt.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from memory import chain
from memory.database import Database
from memory.envelope import Draft, Envelope
from memory.errors import JournalClosed, SessionDeleted, StepNotOpen
from memory.ledger import Begun, BegunState
from memory.migrations import JOURNAL

_COLUMNS = "session, seq, row, at, kind, version, body, hash"
_PAGE = 4000
_POLL_SECONDS = 0.1

T = TypeVar("T")


class Journal:
    """A `memory.ledger.Ledger` in one SQLite file, shared by any number of processes.

    Use as an async context manager, or call `close`.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self._clock = clock
        self._arrival = asyncio.Event()

    @classmethod
    async def open(cls, path: Path, clock: Callable[[], datetime]) -> Journal:
        """Open the journal at `path`, or make a new one.

        Args:
            path: the file; its folder must exist.
            clock: gives the time with a timezone.

        Raises:
            JournalNewer, JournalDamaged, JournalBusy, DiskFull, DiskFailed: see `memory.errors`.
        """
        return cls(await Database.open(path, JOURNAL), clock)

    async def append(self, session: str, *drafts: Draft) -> list[Envelope]:
        """Write all drafts or none, in one commit; they are durable when this returns.

        Raises:
            SessionDeleted: the operator deleted the session.
            JournalError: the commit failed and was taken back.
        """
        if not drafts:
            return []
        return await self._commit(lambda connection: self._insert(connection, session, drafts))

    async def begin(self, session: str, key: str, draft: Draft) -> Begun:
        """Write the intent of the step `key`, unless it was begun before; then say how far it came.

        Args:
            key: names one effect of one step within the session. It is part of the chain and outlives
                the deletion of the session, so it should be an id and not somebody's words.
        """
        if not key:
            raise ValueError("A step needs a key.")

        def work(connection: Connection) -> Begun:
            intent = self._step(connection, session, key, "begin")
            if intent is None:
                [intent] = self._insert(connection, session, [draft], (key, "begin"))
                return Begun(state=BegunState.FRESH, intent=intent)
            outcome = self._step(connection, session, key, "end")
            state = BegunState.UNKNOWN if outcome is None else BegunState.DONE
            return Begun(state=state, intent=intent, outcome=outcome)

        return await self._commit(work)

    async def end(self, session: str, key: str, *drafts: Draft) -> list[Envelope]:
        """Write the outcome of the step `key` and whatever follows from it, in one commit.

        Args:
            drafts: at least one; the first is what a later `begin` returns as the outcome.

        Raises:
            StepNotOpen: the step was never begun, or has ended already.
        """
        if not drafts:
            raise ValueError("The end of a step needs an outcome.")

        def work(connection: Connection) -> list[Envelope]:
            if self._step(connection, session, key, "begin") is None:
                raise StepNotOpen(f"Step {key} of session {session} was never begun.")
            if self._step(connection, session, key, "end") is not None:
                raise StepNotOpen(f"Step {key} of session {session} has ended already.")
            return self._insert(connection, session, drafts, (key, "end"))

        return await self._commit(work)

    async def open_keys(self, session: str) -> list[str]:
        """The keys that were begun and not ended, in the order they were begun."""
        rows = await self.database.fetch(
            """
            SELECT step FROM events AS begun
            WHERE session = ? AND phase = 'begin'
              AND EXISTS (SELECT 1 FROM sessions WHERE id = begun.session)
              AND NOT EXISTS (
                SELECT 1 FROM events WHERE session = begun.session AND step = begun.step AND phase = 'end'
              )
            ORDER BY row
            """,
            (session,),
        )
        return [str(row[0]) for row in rows]

    async def read(self, session: str, after: int = 0, limit: int | None = None) -> list[Envelope]:
        """The session's envelopes with ``seq > after``, oldest first; erased ones are left out."""
        found: list[Envelope] = []
        while limit is None or len(found) < limit:
            # In pages, so that a long session does not hold up an append.
            page = _PAGE if limit is None else min(_PAGE, limit - len(found))
            rows = await self.database.fetch(
                f"SELECT {_COLUMNS} FROM events WHERE session = ? AND seq > ? AND body IS NOT NULL "
                "ORDER BY seq LIMIT ?",
                (session, after, page),
            )
            found.extend(map(_envelope, rows))
            if len(rows) < page:
                break
            after = found[-1].seq
        return found

    async def follow(self, session: str, after: int) -> AsyncGenerator[Envelope, None]:
        """The session's envelopes with ``seq > after``, then each new one, whichever process wrote it.

        Ends when the journal is closed.
        """
        try:
            while True:
                # Both are taken before reading, so that nothing can slip in between unnoticed.
                arrival, version = self._arrival, await self.database.data_version()
                for envelope in await self.read(session, after):
                    yield envelope
                    after = envelope.seq
                while not arrival.is_set() and await self.database.data_version() == version:
                    await _wait(arrival, _POLL_SECONDS)
        except JournalClosed:
            return

    async def anchor(self) -> chain.Anchor:
        """The last row and its hash, to be kept somewhere else (`memory.chain`)."""
        rows = await self.database.fetch("SELECT row, hash FROM events ORDER BY row DESC LIMIT 1")
        row, digest = rows[0] if rows else (0, chain.GENESIS)
        return chain.Anchor(row=row, hash=digest)

    async def verify(self, anchor: chain.Anchor | None = None) -> chain.Verification:
        """Walk the chain from the first row, without holding up anyone (`memory.chain.verify`)."""
        return await asyncio.to_thread(chain.verify, self.database.path, anchor)

    async def close(self) -> None:
        """Close the file; whoever follows stops. Closing twice does no harm."""
        await self.database.close()
        self._arrival.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def now(self) -> str:
        """The clock's time as the journal writes it: UTC, always with six decimals, so that text sorts."""
        at = self._clock()
        if at.tzinfo is None:
            raise ValueError("The journal's clock must give a time with a timezone.")
        return at.astimezone(UTC).isoformat(timespec="microseconds")

    async def _commit(self, work: Callable[[Connection], T]) -> T:
        result = await self.database.write(work)
        arrived, self._arrival = self._arrival, asyncio.Event()
        arrived.set()
        return result

    def _insert(
        self,
        connection: Connection,
        session: str,
        drafts: Sequence[Draft],
        step: tuple[str, Literal["begin", "end"]] | None = None,
    ) -> list[Envelope]:
        """Put rows at the end. The step's mark goes onto the first of them."""
        at = self.now()
        row, seq, previous = self._make_room(connection, session, len(drafts), at)
        envelopes: list[Envelope] = []
        columns: list[tuple[str | int | None, ...]] = []
        for number, draft in enumerate(drafts, start=1):
            key, phase = step if step and number == 1 else (None, None)
            salt = secrets.token_hex(16)
            digest = chain.body_digest(salt, draft.body)
            previous = chain.row_hash(
                previous, row=row + number, session=session, seq=seq + number, at=at, kind=draft.kind,
                version=draft.version, step=key, phase=phase, digest=digest,
            )  # fmt: skip
            place = (session, seq + number, row + number, at)
            stored = (*place, draft.kind, draft.version, draft.body, previous)
            columns.append((*stored, key, phase, salt, digest))
            envelopes.append(_envelope(stored))
        connection.executemany(
            f"INSERT INTO events ({_COLUMNS}, step, phase, salt, digest) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            columns,
        )
        # SQLite's text functions stop at a NUL.
        words = [(e.row, d.text.replace("\0", " ")) for e, d in zip(envelopes, drafts, strict=True) if d.text]
        if words:
            connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", words)
        touched = [
            (touch.place, touch.thing, envelope.row, session, touch.how)
            for envelope, draft in zip(envelopes, drafts, strict=True)
            for touch in draft.touches
        ]
        if touched:
            connection.executemany("INSERT OR IGNORE INTO touched VALUES (?, ?, ?, ?, ?)", touched)
        labels = [(label.name, label.value, session) for draft in drafts for label in draft.labels]
        if labels:
            connection.executemany("INSERT OR IGNORE INTO labels VALUES (?, ?, ?)", labels)
        return envelopes

    def _make_room(self, connection: Connection, session: str, count: int, at: str) -> tuple[int, int, str]:
        """Bring the session's line up to date; say after which row, seq and hash the new rows come."""
        [(row, previous, seq, known)] = connection.execute(
            """
            SELECT (SELECT MAX(row) FROM events), (SELECT hash FROM events ORDER BY row DESC LIMIT 1),
                   (SELECT MAX(seq) FROM events WHERE session = :session),
                   EXISTS (SELECT 1 FROM sessions WHERE id = :session)
            """,
            {"session": session},
        )
        if seq and not known:
            raise SessionDeleted(f"Session {session} was deleted; nothing more is written to it.")
        connection.execute(
            """
            INSERT INTO sessions (id, created, updated, events) VALUES (?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET updated = excluded.updated, events = events + excluded.events
            """,
            (session, at, at, count),
        )
        return row or 0, seq or 0, previous or chain.GENESIS

    def _step(
        self, connection: Connection, session: str, key: str, phase: Literal["begin", "end"]
    ) -> Envelope | None:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM events WHERE session = ? AND step = ? AND phase = ?",
            (session, key, phase),
        )
        return next(map(_envelope, rows), None)


def _envelope(columns: Sequence[Any]) -> Envelope:
    session, seq, row, at, kind, version, body, digest = columns
    return Envelope(
        session=session,
        seq=seq,
        row=row,
        at=datetime.fromisoformat(at),
        kind=kind,
        version=version,
        body=body or "",
        hash=digest,
    )


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
