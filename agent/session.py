"""A session: commands go in, events come out, and nothing else crosses.

What the operator says is worked off one turn after the other; decisions (approve, stop, allow
writes) are carried out at once, beside a turn or a plan that is under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, assert_never

from agent import commands as c
from agent import events as e
from agent.conversation.turn import ModelTurn, Outcome
from agent.decisions import (
    CommandRefused,
    Why,
    check_approval,
    left_to_write,
    plan_of,
    refuse_read_only,
)  # fmt: skip
from agent.execution.doubt import settle_doubts
from agent.execution.executor import execute
from agent.execution.step import KeyTaken
from agent.logbook import Logbook
from agent.plan import Draft, PlanProblem, PlanStatus
from agent.revising import edited, struck
from agent.staff import Staff
from agent.state import PlanProgress, SessionState
from agent.undoing import undo_draft
from memory.errors import KeptError
from memory.lease import Lease

log = logging.getLogger(__name__)

CLOSING = 1.5
"""Seconds that what is under way gets to record how it ended."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What the session browser's line says of this session."""

    status: str = ""
    title: str = ""
    cost: Decimal | None = None


class Session:
    """One stream of events, driven by at most one process.

    Args:
        lease: held while this process drives the session; None to follow somebody else's.
    """

    def __init__(self, logbook: Logbook, staff: Staff, lease: Lease | None) -> None:
        self._log = logbook
        self._staff = staff
        self._lease = lease
        self._words: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn: asyncio.Task[None] | None = None
        self._halt = asyncio.Event()
        self._marked = Marked()

    @property
    def id(self) -> str:
        return self._log.session

    @property
    def state(self) -> SessionState:
        return self._log.state

    @property
    def driving(self) -> bool:
        """False when another console drives this session and we only follow."""
        return self._lease is not None

    def subscribe(self) -> AsyncIterator[e.Recorded]:
        """The whole history, then everything that happens, until the session is closed."""
        return self._log.subscribe()

    async def start(self) -> None:
        """Begin to work off commands, after what a crash left in doubt was looked up."""
        if not self.driving:
            self._spawn(self._follow(), "follow")
            return
        # What the browser says of an old session stays, until something here changes it.
        self._marked = Marked("", self.state.title, self.state.cost)
        await settle_doubts(self._staff.site, await self._staff.journal.open_keys(self.id), self._halt)
        if self.state.current is not None:
            await self._mark()
        self._spawn(self._work(), "turns")

    async def send(self, command: c.Command) -> None:
        """Carry a command out; a refusal becomes a notice."""
        try:
            await self.order(command)
        except CommandRefused as refusal:
            self._log.show(e.Noticed(text=str(refusal), severity="warning"))
        except KeptError as error:
            self._log.show(e.Noticed(text=str(error), severity="error"))

    async def order(self, command: c.Command) -> None:
        """Carry a command out. Long work goes on in the background; follow it by its events.

        Raises:
            CommandRefused: it cannot be carried out; the sentence says why.
        """
        if isinstance(command, c.Watch):
            self._staff.views.watch(command, self._log)
            return
        if isinstance(command, c.Unwatch):
            self._staff.views.unwatch(command.view)
            return
        if isinstance(command, c.Inspect):
            self._spawn(self._inspect(command), "inspect")
            return
        if not self.driving:
            raise CommandRefused(Why.BUSY, "Another console drives this session; this one only follows.")
        match command:
            case c.Say():
                await self._say(command.text)
            case c.Approve():
                await self._approve(command)
            case c.Reject():
                progress = plan_of(self.state, command.plan_id)
                if progress.status is not PlanStatus.OFFERED:
                    raise CommandRefused(Why.STALE, f"Plan {command.plan_id} does not wait for a decision.")
                await self._log.record(
                    e.PlanRejected(plan_id=command.plan_id, by=self._staff.operator, comment=command.comment)
                )
                if command.comment and self._staff.desk(self.state.model):
                    await self._say(command.comment)
            case c.EditStep():
                progress = plan_of(self.state, command.plan_id)
                await self._redraft(progress, edited(progress, command))
            case c.StrikeStep():
                progress = plan_of(self.state, command.plan_id)
                await self._redraft(progress, struck(progress, command.step_id))
            case c.Stop():
                await self._stop()
            case c.Resume():
                await self._resume(command)
            case c.Undo():
                await self._undo(command)
            case c.AllowWrites():
                await self._allow(command)
            case c.SetScope():
                await self._log.record(e.ScopeChanged(scope=command.scope))
                await self._staff.sessions.rescope(self.id, command.scope.model_dump_json())
            case c.UseModel():
                await self._log.record(e.ModelChanged(model=command.model))
            case c.Rename():
                await self._log.record(e.TitleChanged(title=command.title))
                await self._staff.sessions.rename(self.id, command.title)
            case _:
                assert_never(command)

    async def idle(self) -> None:
        """Wait until no turn and no plan is under way. For callers without a screen."""
        await self._words.join()
        while plans := [task for task in self._tasks if task.get_name().startswith("plan ")]:
            await asyncio.wait(plans)

    async def close(self) -> None:
        """Stop what is under way, let go of the session, end all subscriptions."""
        self._halt.set()
        if self._turn is not None:
            self._turn.cancel()
            await asyncio.wait({self._turn}, timeout=CLOSING)
        running = [task for task in self._tasks if task.get_name().startswith("plan ")]
        if running:
            await asyncio.wait(running, timeout=CLOSING)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._staff.views.close()
        self._log.close()
        if self._lease is not None:
            self._lease.release()

    # --- turns -------------------------------------------------------------------------------------

    async def _say(self, text: str) -> None:
        if not text.strip():
            raise CommandRefused(Why.UNKNOWN, "There was nothing to do: the line is empty.")
        if self.state.busy or not self._words.empty():
            waiting = self._words.qsize() + 1
            self._log.show(e.Noticed(text=f"Queued behind what is going on ({waiting} waiting)."))
        self._words.put_nowait(text.strip())

    async def _work(self) -> None:
        while True:
            text = await self._words.get()
            self._turn = asyncio.create_task(self._one_turn(text), name="turn")
            await asyncio.wait({self._turn})
            if not self._turn.cancelled() and (error := self._turn.exception()):
                self._broke(error)
            self._turn = None
            self._words.task_done()

    async def _one_turn(self, text: str) -> None:
        began, turn = time.monotonic(), self.state.turn + 1
        meant = self._meaning(text)
        said = e.Said(turn=turn, text=text, situation=self._staff.situation())
        await self._log.record(said, *self._title(text))
        self._log.show(e.TurnStarted(turn=turn, queued=self._words.qsize()))
        outcome: Outcome = "stopped"
        try:
            outcome = await self._outcome(meant, turn)
        except KeptError as error:
            self._log.show(e.Noticed(text=str(error), severity="error"))
            raise
        finally:
            ended = e.TurnEnded(turn=turn, outcome=outcome, seconds=time.monotonic() - began)
            await asyncio.shield(self._log.record(ended))
            await asyncio.shield(self._mark())

    async def _outcome(self, text: str, turn: int) -> Outcome:
        match = self._staff.known.library.match(text)
        if match is not None:
            return await self._staff.known.handle(match, turn)
        desk = self._staff.desk(self.state.model)
        if desk is None:
            await self._log.record(e.AnswerGiven(turn=turn, rule="no-model@1", markdown=self._staff.no_model))
            return "answered"
        return await ModelTurn(desk, turn).run()

    def _meaning(self, text: str) -> str:
        """The request that an answer to a pending question comes to."""
        question = self.state.question
        if question is None or not question.meanings:
            return text
        said = text.strip().lower()
        if said.isdigit() and 1 <= int(said) <= len(question.meanings):
            return question.meanings[int(said) - 1]
        fits = [
            meaning
            for choice, meaning in zip(question.choices, question.meanings, strict=True)
            if said in choice.lower()
        ]
        return fits[0] if len(fits) == 1 else text

    def _title(self, text: str) -> tuple[e.TitleChanged, ...]:
        if self.state.title:
            return ()
        words = " ".join(text.split())
        return (e.TitleChanged(title=words if len(words) <= 60 else words[:59] + "…"),)

    async def _mark(self) -> None:
        """Keep the session browser's line in step with the journal."""
        plan, state = self.state.current, self.state
        status = plan.status.value if plan is not None else "answered"
        sessions = self._staff.sessions
        if status != self._marked.status:
            await sessions.mark(self.id, status)
        if state.title != self._marked.title:
            await sessions.rename(self.id, state.title)
        if state.cost is not None and state.cost != self._marked.cost:
            await sessions.charge(self.id, state.cost)
        self._marked = Marked(status, state.title, state.cost)

    # --- plans -------------------------------------------------------------------------------------

    async def _approve(self, command: c.Approve) -> None:
        chosen = check_approval(self.state, self._staff.settings, command)
        plan = plan_of(self.state, command.plan_id).plan
        await self._log.record(
            e.PlanApproved(
                plan_id=plan.id,
                hash=plan.hash,
                steps=tuple(step.id for step in chosen),
                by=self._staff.operator,
                how=command.how,
            )
        )
        self._run(plan.id)

    def _run(self, plan_id: str) -> None:
        self._halt.clear()
        self._spawn(self._execute(plan_id), f"plan {plan_id}")

    async def _execute(self, plan_id: str) -> None:
        await self._mark()
        try:
            await execute(self._staff.site, plan_id, self._halt)
        except* KeyTaken as taken:
            text = f"Plan {plan_id} was left alone: {taken.exceptions[0]} was begun elsewhere."
            self._log.show(e.Noticed(text=text, severity="error"))
        finally:
            with contextlib.suppress(KeptError):
                await asyncio.shield(self._mark())

    async def _resume(self, command: c.Resume) -> None:
        progress = plan_of(self.state, command.plan_id)
        if progress.status is not PlanStatus.INTERRUPTED:
            raise CommandRefused(Why.STALE, f"Plan {command.plan_id} is {progress.status}, not interrupted.")
        self._halt.clear()
        await settle_doubts(self._staff.site, await self._staff.journal.open_keys(self.id), self._halt)
        progress = plan_of(self.state, command.plan_id)
        if progress.status is PlanStatus.INTERRUPTED:
            # Looking up what was in doubt only reads; going on may write.
            refuse_read_only(
                self.state, self._staff.settings, left_to_write(progress), allowed=command.allow_writes
            )
            await self._log.record(e.PlanResumed(plan_id=command.plan_id, by=self._staff.operator))
            self._run(command.plan_id)

    async def _undo(self, command: c.Undo) -> None:
        progress = plan_of(self.state, command.plan_id)
        if not progress.status.final:
            raise CommandRefused(Why.STALE, f"Plan {command.plan_id} is {progress.status}; stop it first.")
        try:
            draft = undo_draft(progress, self._staff.site.registry)
            await self._offer(draft, f"undo:{command.plan_id}", progress.turn)
        except PlanProblem as problem:
            raise CommandRefused(Why.UNKNOWN, str(problem)) from problem

    async def _redraft(self, progress: PlanProgress, draft: Draft) -> None:
        """Check, preview and offer an offered plan anew, as it was redrawn."""
        plan = progress.plan
        try:
            await self._offer(draft, plan.origin, progress.turn, replaces=plan.id)
        except PlanProblem as problem:
            raise CommandRefused(Why.UNKNOWN, str(problem)) from problem

    async def _offer(self, draft: Draft, origin: str, turn: int, *, replaces: str = "") -> None:
        began = time.monotonic()
        plan = await self._staff.known.checker.check(
            draft, self.state.scope, plan_id=self._staff.known.next_plan(), origin=origin
        )
        elapsed = (time.monotonic() - began) * 1000
        await self._log.record(e.PlanOffered(turn=turn, plan=plan, elapsed_ms=elapsed, replaces=replaces))

    async def _stop(self) -> None:
        self._halt.set()
        while not self._words.empty():
            self._words.get_nowait()
            self._words.task_done()
        if self._turn is not None:
            self._turn.cancel()

    # --- the rest ----------------------------------------------------------------------------------

    async def _allow(self, command: c.AllowWrites) -> None:
        if command.writes and (why := self._staff.settings.why_closed(command.place)):
            raise CommandRefused(Why.POLICY, why)
        await self._log.record(
            e.ModeChanged(
                place=command.place, writes=command.writes, by=self._staff.operator, how=command.how
            )
        )

    async def _inspect(self, command: c.Inspect) -> None:
        self._log.show(await self._staff.inspector.inspect(command, self.state.scope))

    async def _follow(self) -> None:
        async for envelope in self._staff.journal.follow(self.id, self.state.seq):
            self._log.take(envelope)

    def _broke(self, error: BaseException) -> None:
        log.error("a turn broke", exc_info=error)
        sentence = (
            str(error)
            if isinstance(error, KeptError)
            else f"Something broke: {type(error).__name__}: {error}"
        )
        self._log.show(e.Noticed(text=sentence, severity="error"))

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("%s broke", task.get_name(), exc_info=error)
            self._log.show(e.Noticed(text=f"{task.get_name()} broke: {error}", severity="error"))
