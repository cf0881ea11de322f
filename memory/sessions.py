"""The sessions themselves: list, find, rename, pin, export, delete, clear away.

A session's line (when it was last written to, how many events) is brought up to date in the transaction of
each append; title, status, scope and cost are whatever the caller says. Bodies are never interpreted.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from aiosqlite import Connection
from pydantic import BaseModel, ConfigDict

from memory.database import Value
from memory.envelope import ORIGIN, Envelope, Label
from memory.errors import SessionDeleted, SessionUnknown
from memory.finding import Found, Hit, SessionRow, Wanted, find_events, find_sessions, session_row, stamp
from memory.journal import Journal

__all__ = ["Found", "Hit", "SessionExport", "SessionRow", "Sessions", "Wanted"]


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
        row = await session_row(self._database, session)
        if row is None:
            raise _unknown(session)
        return row

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
        statuses = () if status is None else (status,)
        wanted = Wanted(text=text, statuses=statuses, since=since, until=until)
        return (await self.find(wanted, limit, offset=offset)).rows

    async def find(self, wanted: Wanted, limit: int = 50, *, offset: int = 0) -> Found:
        """The sessions that are as wanted (`memory.finding`), the pinned ones first."""
        return await find_sessions(self._database, wanted, limit, offset)

    async def search(
        self, text: str, limit: int = 20, *, offset: int = 0, within: Wanted | None = None
    ) -> builtins.list[Hit]:
        """Events in which the words of `text` were said or seen (`memory.finding.find_events`).

        Args:
            within: only in sessions that are so; its own text does not count.
        """
        wanted = (within or Wanted()).model_copy(update={"text": text})
        return await find_events(self._database, wanted, limit, offset)

    async def labels(self, session: str) -> builtins.list[Label]:
        """What the events of the session were labelled with."""
        sql = "SELECT name, value FROM labels WHERE session = ? ORDER BY name, value"
        rows = await self._database.fetch(sql, (session,))
        return [Label(name=name, value=value) for name, value in rows]

    async def things(self, session: str, how: str, limit: int = 20) -> builtins.list[str]:
        """The objects that events of the session had to do with in this way, the last first."""
        rows = await self._database.fetch(
            "SELECT thing FROM touched WHERE session = ? AND how = ? GROUP BY thing ORDER BY MAX(row) DESC LIMIT ?",
            (session, how, limit),
        )
        return [str(row[0]) for row in rows]

    async def rename(self, session: str, title: str) -> None:
        """Give the session another title. Raises SessionUnknown."""
        await self._set(session, {"title": title})

    async def mark(self, session: str, status: str, changed: int | None = None) -> None:
        """Say how the session stands, in a word of the caller's. Raises SessionUnknown.

        Args:
            changed: how many objects it changed so far; None leaves the number as it is.
        """
        values: dict[str, Value] = {"status": status}
        await self._set(session, values if changed is None else {**values, "changed": changed})

    async def pin(self, session: str, pinned: bool) -> None:
        """Keep the session at the top and out of any clearing away, or no longer. Raises SessionUnknown."""
        await self._set(session, {"pinned": int(pinned)})

    async def rescope(self, session: str, scope: str) -> None:
        """Say what the session works on now, as JSON. Raises SessionUnknown."""
        await self._set(session, {"scope": scope})

    async def charge(self, session: str, cost: Decimal) -> None:
        """Say what the session has cost so far, in US dollars. Raises SessionUnknown."""
        await self._set(session, {"cost": str(cost)})

    async def export(self, session: str) -> SessionExport:
        """Everything of the session as one document. Raises SessionUnknown."""
        return SessionExport(session=await self.get(session), events=await self._journal.read(session))

    async def delete(self, *sessions: str) -> None:
        """Remove the sessions' bytes: bodies, indexed words, titles, and copies left by migrations.

        What stays is the empty place of each event: its number, time, kind, step key and hash, so that the
        chain still verifies. The file is rewritten, which takes seconds in a large journal. Deleting again
        what was deleted rewrites the file again, in case the first time was interrupted.

        Raises:
            SessionUnknown: there is none of such an id; none of them is deleted then.
            JournalBusy: another console kept the file from being rewritten; delete again.
        """

        async def work(connection: Connection) -> None:
            for session in sessions:
                known = await connection.execute_fetchall("SELECT 1 FROM sessions WHERE id = ?", (session,))
                if not known and not await _deleted(connection, session):
                    raise _unknown(session)
                for statement in _ERASING:
                    await connection.execute_fetchall(statement, (session,))
            # A deleted row's words stay in the index until its segments are merged.
            await connection.execute_fetchall("INSERT INTO words (words) VALUES ('optimize')")

        await self._database.transact(work)
        await self._database.scrub()

    async def outworn(self, before: datetime, spared: Sequence[str]) -> builtins.list[SessionRow]:
        """Sessions that may be cleared away, the oldest first.

        Never one that is pinned, that stands in one of the `spared` statuses, that has a step whose outcome
        is not known, or that a session which stays was forked from.

        Args:
            before: only those last written to before.
        """
        marks = ", ".join("?" * len(spared))
        rows = await self._database.fetch(
            f"""
            SELECT id FROM sessions WHERE pinned = 0 AND updated < ? AND status NOT IN ({marks})
              AND NOT EXISTS (
                SELECT 1 FROM events AS begun WHERE session = sessions.id AND phase = 'begin' AND NOT EXISTS (
                  SELECT 1 FROM events WHERE session = begun.session AND step = begun.step AND phase = 'end'
                )
              )
              AND NOT EXISTS (SELECT 1 FROM labels WHERE name = ? AND value = sessions.id)
            ORDER BY updated
            """,
            (stamp(before), *spared, ORIGIN),
        )
        return [await self.get(row[0]) for row in rows]

    async def _set(self, session: str, values: dict[str, Value]) -> None:
        async def work(connection: Connection) -> None:
            if not await connection.execute_fetchall("SELECT 1 FROM sessions WHERE id = ?", (session,)):
                raise _unknown(session)
            columns = ", ".join(f"{column} = ?" for column in values)
            await connection.execute_fetchall(
                f"UPDATE sessions SET {columns} WHERE id = ?", (*values.values(), session)
            )

        await self._database.transact(work)


_ERASING = (
    "DELETE FROM words WHERE rowid IN (SELECT row FROM events WHERE session = ?)",
    "DELETE FROM touched WHERE session = ?",
    "DELETE FROM labels WHERE session = ?",
    "UPDATE events SET body = NULL, salt = NULL WHERE session = ? AND body IS NOT NULL",
    "DELETE FROM sessions WHERE id = ?",
)


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
