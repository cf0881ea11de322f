"""Past sessions, for whoever browses them: the screen and the command line ask the same questions here."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from agent.clearing import clear_away, outworn
from agent.decisions import CommandRefused, Why
from agent.events import Recorded
from agent.events.recorded import open_envelope
from agent.forking import fork
from agent.labelling import PERSON
from agent.session_query import read_query
from agent.touching import CHANGED
from memory.finding import Found, Hit, SessionRow
from memory.home import Home
from memory.journal import Journal
from memory.lease import claim
from memory.sessions import SessionExport, Sessions
from tools.redaction.redactor import Redactor
from tools.tool import Frozen

_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"

_ENDS = 60
"""Events at the beginning and at the end of a session that a glance reads."""


class Glance(Frozen):
    """What a preview shows of a session: its line, its people, what it changed, its beginning and its end."""

    model_config = {"arbitrary_types_allowed": True}

    row: SessionRow
    people: tuple[str, ...]
    changed: tuple[str, ...]
    begin: tuple[Recorded, ...]
    end: tuple[Recorded, ...]


class Past:
    """Everything that can be done with sessions that are not open here.

    Args:
        redactor: hides secrets in titles.
        operator: who forks.
        program: its name and version, for a fork's first events.
        clock: the time, with zone.
    """

    def __init__(
        self,
        home: Home,
        journal: Journal,
        redactor: Redactor,
        *,
        operator: str,
        program: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._home, self._journal, self._redactor = home, journal, redactor
        self._operator, self._program, self._clock = operator, program, clock
        self.sessions = Sessions(journal)

    async def find(self, line: str, limit: int = 50, offset: int = 0) -> Found:
        """The sessions that a line asks for (`agent.session_query`). Raises `QueryProblem`."""
        return await self.sessions.find(read_query(line, self._clock().astimezone()), limit, offset=offset)

    async def search(self, line: str, limit: int = 20) -> list[Hit]:
        """The events with the words of a line, in sessions that its filters leave. Raises `QueryProblem`."""
        wanted = read_query(line, self._clock().astimezone())
        within = wanted.model_copy(update={"busy": False})
        return await self.sessions.search(wanted.text, limit, within=within)

    async def read(self, session: str) -> list[Recorded]:
        """All of a session's own events, oldest first. Raises `SessionUnknown`."""
        await self.sessions.get(session)
        return [open_envelope(envelope) for envelope in await self._journal.read(session)]

    async def glance(self, session: str) -> Glance:
        """What a preview shows; reads the same number of events however long the session is."""
        row = await self.sessions.get(session)
        begin = await self._journal.read(session, limit=_ENDS)
        after = max(row.events - _ENDS, _ENDS)
        end = await self._journal.read(session, after=after) if row.events > _ENDS else []
        labels = await self.sessions.labels(session)
        return Glance(
            row=row,
            people=tuple(label.value for label in labels if label.name == PERSON),
            changed=tuple(await self.sessions.things(session, CHANGED)),
            begin=tuple(map(open_envelope, begin)),
            end=tuple(map(open_envelope, end)),
        )

    async def export(self, session: str) -> SessionExport:
        """Everything of a session as one document. Raises `SessionUnknown`."""
        return await self.sessions.export(session)

    async def rename(self, session: str, title: str) -> str:
        """Give a session another title; returns it as it is kept, without secrets. Raises `SessionUnknown`."""
        kept = self._redactor.text(" ".join(title.split()))
        await self.sessions.rename(session, kept)
        return kept

    async def pin(self, session: str, pinned: bool) -> None:
        """Keep a session at the top, out of any clearing away, or no longer. Raises `SessionUnknown`."""
        await self.sessions.pin(session, pinned)

    async def fork(self, session: str, seq: int | None = None) -> str:
        """Begin a session that goes on from an event of this one (the last, unless named); returns its id.

        Raises:
            SessionUnknown: there is no such session.
            CommandRefused: it has no such event.
        """
        name = new_id(self._clock())
        await fork(
            self._journal,
            self.sessions,
            session,
            seq,
            name=name,
            operator=self._operator,
            program=self._program,
        )
        return name

    async def delete(self, session: str) -> None:
        """Remove a session's words for good.

        Raises:
            CommandRefused: a console works on it.
            SessionUnknown: there is none.
        """
        lease = claim(self._home, session)
        if lease is None:
            raise CommandRefused(
                Why.BUSY, f"A console works on session {session}.", "Close it there first, then delete it."
            )
        with lease:
            await self.sessions.delete(session)

    async def outworn(self, days: int) -> list[SessionRow]:
        """What `clear` would remove."""
        return await outworn(self.sessions, self._clock(), days)

    async def clear(self, days: int) -> list[SessionRow]:
        """Remove for good what nobody touched for so many days (`agent.clearing`); returns it."""
        return await clear_away(self._home, self.sessions, self._clock(), days)


def new_id(now: datetime) -> str:
    """A fresh session's id: the day, and letters that cannot be mistaken for each other."""
    return f"{now:%Y%m%d}-{''.join(secrets.choice(_ALPHABET) for _ in range(5))}"
