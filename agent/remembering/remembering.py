"""A session's long-term memory: read before a turn, written after a turn or a plan, never in between.

What the operator states becomes active. What is derived from a session (procedures, incidents) is proposed
and waits for one key. What a tool printed becomes neither: only the structured parts of a diagnosis and of a
checked plan are taken, and they are proposals too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from agent import commands as c
from agent import events as e
from agent.known import Known
from agent.logbook import Logbook
from agent.plan import PlanStatus
from agent.remembering import bygone, incidents, lessons, preferences, procedures, reliance, telling
from agent.remembering.deciding import Deciding, written
from agent.remembering.statements import Heard, Statement, heard
from agent.resting import Told
from agent.runbooks.library import Library
from agent.runbooks.runbook import Runbook
from memory.knowledge import AT_MOST, Fresh, Kind, Knowledge, Remembered, Status, Where

Outcome = Literal["answered", "planned", "asked", "failed", "stopped"]
Work = Callable[[str, int], Awaitable[Outcome]]

LEARNED = "learned"
"""Who drew up a plan that came out of memory; it always asks, whatever was decided beforehand."""

_PREFERENCES = 3
"""Preferences that are told whatever the request is about."""

_SHOWN = 2
"""Similar incidents that are shown beside one diagnosis."""


@dataclass
class Remembering:
    """Args:
    knowledge: the open file; None where nothing is remembered.
    known: how known requests are carried out; procedures go the same way.
    operator: whose preferences count.
    """

    knowledge: Knowledge | None
    known: Known
    log: Logbook
    operator: str
    _statements: tuple[Statement, ...] = field(default=(), init=False)

    @property
    def _lessons(self) -> lessons.Lessons:
        return lessons.Lessons(self.known, self.log, self.operator)

    # --- around a turn -----------------------------------------------------------------------------

    async def around(self, text: str, turn: int, work: Work) -> Outcome:
        """Work off a request with what is remembered; `work` does it where memory does not know how."""
        self._statements = ()
        if self.knowledge is None:
            return await work(text, turn)
        told = heard(text)
        self._statements = told.statements
        if told.statements and not told.rest:
            return await self._acknowledge(told, turn)
        request = told.rest
        outcome = None
        if self.known.match(request) is None:
            outcome = await self._procedure(self.knowledge, request, turn)
            if outcome is None:
                await self._recall(self.knowledge, request, turn)
        if outcome is None:
            outcome = await work(request, turn)
        await self._similar(self.knowledge, turn)
        return outcome

    async def quotes(self) -> dict[tuple[int, ...], str]:
        """For each group of memories this session used, the text a model is given; what is forgotten is not."""
        return await quotes(self.knowledge, self.log.history) if self.knowledge is not None else {}

    async def shaping(self, turn: int) -> preferences.Wishes:
        """How an answer made by rule is to be shown; the preferences that say so are credited."""
        if self.knowledge is None:
            return preferences.Wishes()
        wished = await preferences.wishes(self.knowledge, self.here)
        found = await self.knowledge.many(wished.memories) if wished.memories else {}
        await self._credit(self.knowledge, list(found.values()), turn, "shaped")
        return wished

    async def told(self) -> tuple[Told, ...]:
        """The facts and preferences this session's model was given, for plans that may rest on them."""
        used = {one.id: one.stale for one in self._used() if one.kind in ("fact", "preference")}
        found = await self.knowledge.many(used) if self.knowledge is not None and used else {}
        return tuple(reliance.told(memory, stale=used[memory.id]) for memory in found.values())

    def _used(self) -> list[e.MemoryUsed]:
        events = [recorded.event for recorded in self.log.history]
        return [one for event in events if isinstance(event, e.MemoriesUsed) for one in event.used]

    async def after_turn(self, turn: int) -> None:
        """Keep what the operator stated in this turn, and note what its plan rests on."""
        if self.knowledge is not None:
            await reliance.note(self.log, self.knowledge, turn, await self.told())
        statements, self._statements = self._statements, ()
        for statement in statements:
            if self.knowledge is not None and not statement.refused:
                await self._write(self.knowledge, self._lessons.said(statement, turn), turn)

    async def after_plan(self, plan_id: str) -> None:
        """Count how a procedure fared; propose what a plan that worked has taught."""
        if self.knowledge is None or plan_id not in self.log.state.plans:
            return
        progress = self.log.state.plans[plan_id]
        if progress.plan.origin.startswith(f"{LEARNED}:"):
            await self._fared(self.knowledge, progress.plan.origin, progress.status)
        await reliance.fared(self.log, self.knowledge, progress)
        if progress.status is not PlanStatus.SUCCEEDED or not progress.plan.writes:
            return
        if learned := await self._lessons.learned(self.knowledge, plan_id):
            kept = await self._write(self.knowledge, learned, progress.turn)
            await self.knowledge.fared(kept.id, self.log.now(), well=True)
        if past := self._lessons.incident(plan_id):
            await self._write(self.knowledge, past, progress.turn)

    async def decide(self, command: c.MemoryCommand) -> None:
        """Carry out what the operator decided about memories. Raises as `Deciding.carry_out`."""
        if self.knowledge is not None:
            await Deciding(self.knowledge, self.log.record, self.log.now, self.operator).carry_out(command)

    # --- reading -----------------------------------------------------------------------------------

    @property
    def here(self) -> Where:
        """The place of the session, for the scope filter."""
        scope = self.log.state.scope
        return Where(
            user=self.operator, account=scope.profile, cluster=scope.context, namespace=scope.namespace
        )

    async def _recall(self, knowledge: Knowledge, request: str, turn: int) -> None:
        now = self.log.now()
        wishes = await knowledge.list(
            kinds=[Kind.PREFERENCE], statuses=[Status.ACTIVE], here=self.here, limit=_PREFERENCES
        )
        found = [item.memory for item in await knowledge.recall(request, self.here, now)]
        if bygone.asks_about_then(request):
            found = await bygone.with_earlier(knowledge, found, AT_MOST - len(wishes))
        chosen = list({memory.id: memory for memory in (*wishes, *found)}.values())[:AT_MOST]
        await self._credit(knowledge, chosen, turn, "recalled")

    async def _similar(self, knowledge: Knowledge, turn: int) -> None:
        """Show past incidents with the symptoms that this turn's diagnosis found."""
        found: dict[int, Remembered] = {}
        for diagnosis in incidents.diagnoses(self.log.history):
            for finding in diagnosis.findings if diagnosis.turn == turn else ():
                words = f"{diagnosis.subject} {finding.cause}"
                past = await knowledge.recall(words, self.here, self.log.now(), kinds=[Kind.INCIDENT])
                alike = [item.memory for item in past if incidents.alike(finding.cause, item.memory)]
                found |= {memory.id: memory for memory in alike[:_SHOWN]}
        shown = list(found.values())[:_SHOWN]
        for memory in shown:
            age = telling.age(self.log.now(), memory.at)
            self.log.show(e.Noticed(text=f"Like incident {memory.id} ({age}): {memory.body}"))
        await self._credit(knowledge, shown, turn, "similar")

    async def _credit(
        self,
        knowledge: Knowledge,
        memories: list[Remembered],
        turn: int,
        why: Literal["recalled", "similar", "procedure", "shaped"],
    ) -> None:
        if memories:
            told = tuple(telling.used(memory, self.log.now()) for memory in memories)
            await self.log.record(e.MemoriesUsed(turn=turn, used=told, why=why))
            await knowledge.used(memory.id for memory in memories)

    # --- procedures --------------------------------------------------------------------------------

    async def _procedure(self, knowledge: Knowledge, request: str, turn: int) -> Outcome | None:
        """A plan from a procedure whose trigger fits, or the question whether one is meant."""
        kept = await self._procedures(knowledge)
        way = replace(self.known, library=Library(runbook for runbook, _ in kept), author=LEARNED)
        match = way.match(request)
        if match is not None:
            memories = [memory for one in match.matches for runbook, memory in kept if runbook is one.runbook]
            for memory in memories:
                self.log.show(e.Noticed(text=f"You solved this before with {_record(memory)}."))
            await self._credit(knowledge, memories, turn, "procedure")
            return await way.handle(match, turn)
        if self._declined(request):
            return None
        for runbook, memory in kept:
            meaning = procedures.resembling(request, runbook)
            if meaning and way.match(meaning) is not None:
                await self._credit(knowledge, [memory], turn, "procedure")
                await self.log.record(
                    e.QuestionAsked(
                        turn=turn,
                        question=f"You solved something like this with {_record(memory)}. Use it?",
                        choices=(f"Use it: {meaning}", "Draw up another plan"),
                        meanings=(meaning, request),
                    )
                )
                return "asked"
        return None

    async def _procedures(self, knowledge: Knowledge) -> list[tuple[Runbook, Remembered]]:
        found = await knowledge.list(
            kinds=[Kind.PROCEDURE], statuses=[Status.ACTIVE], here=self.here, limit=lessons.MOST_PROCEDURES
        )
        return [(runbook, memory) for memory in found if (runbook := lessons.runbook_of(memory)) is not None]

    def _declined(self, request: str) -> bool:
        """Whether the operator was offered a procedure for these very words and wanted another plan."""
        asked = (r.event for r in self.log.history if isinstance(r.event, e.QuestionAsked))
        return any(
            len(question.meanings) == 2 and question.meanings[1] == request
            for question in asked
            if question.choices[-1:] == ("Draw up another plan",)
        )

    async def _fared(self, knowledge: Knowledge, origin: str, status: PlanStatus) -> None:
        if status not in (PlanStatus.SUCCEEDED, PlanStatus.FAILED):
            return
        kept = {runbook.id: memory for runbook, memory in await self._procedures(knowledge)}
        for name in origin.partition(":")[2].split("+"):
            if name not in kept:
                continue
            after = await knowledge.fared(kept[name].id, self.log.now(), well=status is PlanStatus.SUCCEEDED)
            if after.status is Status.REJECTED:
                self.log.show(
                    e.Noticed(
                        text=f"Procedure {after.subject} is {after.reason}; it is no longer offered.",
                        severity="warning",
                    )
                )

    # --- writing -----------------------------------------------------------------------------------

    async def _acknowledge(self, told: Heard, turn: int) -> Outcome:
        lines = []
        for statement in told.statements:
            if statement.refused:
                lines.append(f"{statement.refused}\n\n> {statement.body}")
                continue
            holds = self._lessons.said(statement, turn).where
            place = "everywhere" if holds.anywhere else f"for {holds}"
            lines.append(f"I will remember this {statement.kind}, {place}:\n\n> {statement.body}")
        await self.log.record(e.AnswerGiven(turn=turn, rule="remember@1", markdown="\n\n".join(lines)))
        return "answered"

    async def _write(self, knowledge: Knowledge, fresh: Fresh, turn: int) -> Remembered:
        fresh = self.log.redactor.model(fresh)  # the one place where something is kept
        kept = await knowledge.remember(fresh, self.log.now())
        await self.log.record(written(kept, turn))
        if kept.replaces:
            self.log.show(
                e.Noticed(text=f"Memory {kept.replaces} said otherwise; it is closed and kept as history.")
            )
        return kept


def _record(memory: Remembered) -> str:
    times = memory.successes
    return (
        f"{memory.subject} (memory {memory.id}, of {memory.at:%-d %B %Y}, "
        f"verified {times} time{'' if times == 1 else 's'})"
    )


async def quotes(knowledge: Knowledge, history: Iterable[e.Recorded]) -> dict[tuple[int, ...], str]:
    """The words of the memories that a session used, group by group as they were told; forgotten ones are left out."""
    used = [recorded.event.used for recorded in history if isinstance(recorded.event, e.MemoriesUsed)]
    if not used:
        return {}
    groups = [tuple(one.id for one in group) for group in used]
    stale = {one.id for group in used for one in group if one.stale}
    found = await knowledge.many(number for group in groups for number in group)
    told = {group: [found[number] for number in group if number in found] for group in groups}
    return {group: telling.for_model(memories, stale) for group, memories in told.items() if memories}
