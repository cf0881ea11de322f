"""The sessions themselves: list, find, rename, export, delete.

A session's line (when it was last written to, how many events) is brought up to date in the transaction of
each append; title, status, scope and cost are whatever the caller says. Bodies are never interpreted.
"""

from __future__ import annotations

import builtins
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiosqlite import Connection
from pydantic import BaseModel, ConfigDict

from memory import search
from memory.database import Value
from memory.envelope import Envelope
from memory.errors import SessionDeleted, SessionUnknown
from memory.journal import Journal

_COLUMNS = "id, title, scope, status, cost, created, updated, events"


class SessionRow(BaseModel):
    """One session in the list.

    Attributes:
        scope: JSON, as the caller gave it.
        status: the caller's word for how it stands; empty when none was given.
        cost: US dollars so far, as the caller gave it.
        created, updated: UTC; `updated` is the time of the last event.
        events: how many events it has.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    scope: str
    status: str
    cost: Decimal | None
    created: datetime
    updated: datetime
    events: int


class Hit(BaseModel):
    """One event that a search found.

    Attributes:
        snippet: the words around the find; what was found stands between `HIT_START` and `HIT_END` of
            `memory.search`.
    """

    model_config = ConfigDict(frozen=True)

    session: str
    title: str
    seq: int
    row: int
    at: datetime
    kind: str
    snippet: str


class SessionExport(BaseModel):
    """A session as one document: `model_dump_json` writes it."""

    model_config = ConfigDict(frozen=True)

    session: SessionRow
    events: list[Envelope]


class Sessions:
    """The sessions of one open journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._database = journal.database

    async def create(self, session: str, title: str = "", scope: str = "{}") -> SessionRow:
        """Begin a session. One that already has events keeps them and gets this title and scope.

        Raises:
            SessionDeleted: the id belonged to a session that was deleted.
        """

        async def work(connection: Connection) -> None:
            at = self._journal.now()
            if await _deleted(connection, session):
                raise SessionDeleted(f"Session {session} was deleted.", hint="Begin a new one.")
            await connection.execute_fetchall(
                """
                INSERT INTO sessions (id, title, scope, created, updated) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET title = excluded.title, scope = excluded.scope
                """,
                (session, title, scope, at, at),
            )

        await self._database.transact(work)
        return await self.get(session)

    async def get(self, session: str) -> SessionRow:
        """One session's line.

        Raises:
            SessionUnknown: there is none of that id.
        """
        rows = await self._database.fetch(f"SELECT {_COLUMNS} FROM sessions WHERE id = ?", (session,))
        if not rows:
            raise _unknown(session)
        return _session(rows[0])

    async def list(
        self,
        limit: int = 50,
        *,
        offset: int = 0,
        status: str | None = None,
        text: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> builtins.list[SessionRow]:
        """Sessions, the one last written to first.

        Args:
            status: only those the caller marked so.
            text: only those with these words in the title or in anything said and seen.
            since, until: only those last written to in this time, both ends included.
        """
        conditions: builtins.list[str] = []
        values: builtins.list[Value] = []
        if status is not None:
            conditions.append("status = ?")
            values.append(status)
        if text := text.replace("\0", " ").strip():
            conditions.append(r"(title LIKE ? ESCAPE '\' OR id IN (" + _SESSIONS_WITH + "))")
            values += [search.like(text), search.all_of(text) or search.NOTHING]
        if since is not None:
            conditions.append("updated >= ?")
            values.append(_stamp(since))
        if until is not None:
            conditions.append("updated <= ?")
            values.append(_stamp(until))
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM sessions {where} ORDER BY updated DESC, id LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [_session(row) for row in rows]

    async def search(self, text: str, limit: int = 20, *, offset: int = 0) -> builtins.list[Hit]:
        """Events in which the words of `text` were said or seen, the best first.

        First those with every word; only if there are none, those with one of the rarest words.
        """
        query = search.all_of(text)
        if not query:
            return []
        if not await self._database.fetch("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", (query,)):
            query = await self._any_of(text)
            if not query:
                return []
        rows = await self._database.fetch(_HITS, (search.HIT_START, search.HIT_END, query, limit, offset))
        return [_hit(row) for row in rows]

    async def rename(self, session: str, title: str) -> None:
        """Give the session another title. Raises SessionUnknown."""
        await self._set(session, "title", title)

    async def mark(self, session: str, status: str) -> None:
        """Say how the session stands, in a word of the caller's. Raises SessionUnknown."""
        await self._set(session, "status", status)

    async def rescope(self, session: str, scope: str) -> None:
        """Say what the session works on now, as JSON. Raises SessionUnknown."""
        await self._set(session, "scope", scope)

    async def charge(self, session: str, cost: Decimal) -> None:
        """Say what the session has cost so far, in US dollars. Raises SessionUnknown."""
        await self._set(session, "cost", str(cost))

    async def export(self, session: str) -> SessionExport:
        """Everything of the session as one document. Raises SessionUnknown."""
        return SessionExport(session=await self.get(session), events=await self._journal.read(session))

    async def delete(self, session: str) -> None:
        """Remove the session's bytes: bodies, indexed words, title, and copies left by migrations.

        What stays is the empty place of each event: its number, time, kind, step key and hash, so that the
        chain still verifies. The file is rewritten, which takes seconds in a large journal. Deleting again
        what was deleted rewrites the file again, in case the first time was interrupted.

        Raises:
            SessionUnknown: there is none of that id.
            JournalBusy: another console kept the file from being rewritten; delete again.
        """

        async def work(connection: Connection) -> None:
            known = await connection.execute_fetchall("SELECT 1 FROM sessions WHERE id = ?", (session,))
            if not known and not await _deleted(connection, session):
                raise _unknown(session)
            await connection.execute_fetchall(
                "DELETE FROM words WHERE rowid IN (SELECT row FROM events WHERE session = ?)", (session,)
            )
            await connection.execute_fetchall("DELETE FROM touched WHERE session = ?", (session,))
            # A deleted row's words stay in the index until its segments are merged.
            await connection.execute_fetchall("INSERT INTO words (words) VALUES ('optimize')")
            await connection.execute_fetchall(
                "UPDATE events SET body = NULL, salt = NULL WHERE session = ? AND body IS NOT NULL",
                (session,),
            )
            await connection.execute_fetchall("DELETE FROM sessions WHERE id = ?", (session,))

        await self._database.transact(work)
        await self._database.scrub()

    async def _any_of(self, text: str) -> str:
        words = search.words(text)
        if not words:
            return ""
        rows = await self._database.fetch(search.counting(len(words)), words)
        return search.any_of(dict(rows))

    async def _set(self, session: str, column: str, value: str) -> None:
        async def work(connection: Connection) -> None:
            if not await connection.execute_fetchall("SELECT 1 FROM sessions WHERE id = ?", (session,)):
                raise _unknown(session)
            await connection.execute_fetchall(
                f"UPDATE sessions SET {column} = ? WHERE id = ?", (value, session)
            )

        await self._database.transact(work)


_SESSIONS_WITH = (
    "SELECT events.session FROM words JOIN events ON events.row = words.rowid WHERE words MATCH ?"
)

_HITS = """
    SELECT events.session, COALESCE(sessions.title, ''), events.seq, events.row, events.at, events.kind,
           snippet(words, 0, ?, ?, '…', 16)
    FROM words
    JOIN events ON events.row = words.rowid
    LEFT JOIN sessions ON sessions.id = events.session
    WHERE words MATCH ? ORDER BY words.rank, words.rowid DESC LIMIT ? OFFSET ?
"""


async def _deleted(connection: Connection, session: str) -> bool:
    rows = await connection.execute_fetchall(
        """
        SELECT 1 FROM events WHERE session = ?
        AND NOT EXISTS (SELECT 1 FROM sessions WHERE id = events.session) LIMIT 1
        """,
        (session,),
    )
    return bool(list(rows))


def _unknown(session: str) -> SessionUnknown:
    return SessionUnknown(f"There is no session {session}.", hint="See `pilothouse sessions`.")


def _session(row: Any) -> SessionRow:
    session, title, scope, status, cost, created, updated, events = row
    return SessionRow(
        id=session,
        title=title,
        scope=scope,
        status=status,
        cost=None if cost is None else Decimal(cost),
        created=datetime.fromisoformat(created),
        updated=datetime.fromisoformat(updated),
        events=events,
    )


def _hit(row: Any) -> Hit:
    session, title, seq, number, at, kind, snippet = row
    moment = datetime.fromisoformat(at)
    return Hit(session=session, title=title, seq=seq, row=number, at=moment, kind=kind, snippet=snippet)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
