"""What the operator decides about memories: confirmed, rejected, edited, forgotten; each decision is journalled.

The journal gets ids and never words: what is forgotten must not live on there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from agent import commands as c
from agent import events as e
from agent.logbook import Logbook
from agent.remembering.statements import granting, topic_of
from memory.errors import KnowledgeRefused, SessionUnknown
from memory.journal import Journal
from memory.knowledge import Fresh, Knowledge, Remembered, Where
from memory.sessions import Sessions
from tools.redaction.redactor import Redactor
from tools.tool import Scope

Record = Callable[[e.DurableEvent], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Deciding:
    """Args:
    knowledge: the open file.
    record: puts an event into the journal.
    operator: who decides.
    """

    knowledge: Knowledge
    record: Record
    now: Callable[[], datetime]
    operator: str

    async def carry_out(self, command: c.MemoryCommand) -> tuple[int, ...]:
        """Decide, and journal it. Returns the ids that the decision is about.

        Raises:
            KnowledgeUnknown: there is no such memory.
            KnowledgeRefused: its status does not allow it, the new words would grant something, or the place
            is none.
            JournalBusy: see `Knowledge.forget`.
        """
        match command:
            case c.ConfirmMemory(memory=memory):
                kept = await self.knowledge.confirm(memory, self.now())
                return await self._decided("confirmed", (memory,), kept.replaces, command.how)
            case c.RejectMemory(memory=memory, reason=reason):
                await self.knowledge.reject(memory, self.now(), reason)
                return await self._decided("rejected", (memory,), 0, command.how)
            case c.EditMemory(memory=memory):
                new = await self.knowledge.edit(memory, await self._edited(command), self.now())
                return await self._decided("edited", (memory, new.id), 0, command.how)
            case c.ForgetMemory(memory=memory):
                gone = await self.knowledge.forget(memory)
                return await self._decided("forgotten", tuple(gone), 0, command.how)
            case c.ForgetPlace(place=place):
                named = _place(place)
                if named.anywhere:
                    raise KnowledgeRefused("Name a place; nothing was forgotten.")
                gone = await self.knowledge.forget_within(named)
                return await self._decided("forgotten", tuple(gone), 0, command.how) if gone else ()
        assert_never(command)

    async def keep(self, fresh: Fresh) -> Remembered:
        """Keep what the operator states or imports outside of a turn.

        Raises:
            KnowledgeRefused: the words would grant something.
        """
        if refused := granting(fresh.body):
            raise KnowledgeRefused(refused)
        kept = await self.knowledge.remember(fresh, self.now())
        await self.record(written(kept, turn=0))
        return kept

    async def _edited(self, command: c.EditMemory) -> Fresh:
        old = await self.knowledge.get(command.memory)
        changes: dict[str, object] = {}
        if command.body is not None:
            if refused := granting(command.body):
                raise KnowledgeRefused(refused)
            changes |= {"body": command.body, "topic": topic_of(command.body)[1] or old.topic}
        if command.subject is not None:
            changes["subject"] = command.subject
        if command.where is not None:
            changes["where"] = _place(command.where)
        return Fresh.model_validate({**{name: getattr(old, name) for name in Fresh.model_fields}, **changes})

    async def _decided(
        self, decision: e.MemoryDecision, memories: tuple[int, ...], closed: int, how: c.How
    ) -> tuple[int, ...]:
        event = e.MemoryDecided(
            decision=decision, memories=memories, closed=closed, by=self.operator, how=how
        )
        await self.record(event)
        return memories


def _place(words: str) -> Where:
    try:
        return Where.parse(words)
    except ValueError as error:
        raise KnowledgeRefused(
            str(error), hint="Write a place as CLUSTER/NAMESPACE account:NAME user:NAME."
        ) from error


def written(kept: Remembered, turn: int) -> e.MemoryWritten:
    """The event that a memory was kept."""
    return e.MemoryWritten(
        turn=turn,
        memory=kept.id,
        what=kept.kind.value,
        status="active" if kept.status == "active" else "proposed",
        source=kept.source.value,
        closed=kept.replaces,
    )


def of_the_day(journal: Journal, redactor: Redactor, now: Callable[[], datetime], operator: str) -> Record:
    """Records decisions taken without a session, in one session of the day that begins with the first of them."""
    sessions = Sessions(journal)

    async def record(event: e.DurableEvent) -> None:
        name = f"{now():%Y%m%d}-memory"
        log = Logbook(journal, name, now, redactor)
        try:
            await sessions.get(name)
        except SessionUnknown:
            await sessions.create(name, title="Decisions about what is remembered")
            await log.record(e.SessionStarted(operator=operator, scope=Scope()))
        await log.record(event)
        log.close()

    return record
