"""A session: commands go in, events come out, and nothing else crosses.

What the operator says is worked off one turn after the other; decisions (approve, stop, allow
writes) are carried out at once, beside a turn or a plan that is under way.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, assert_never

from agent import commands as c
from agent import events as e
from agent.conversation.context_use import ContextUse, context_use
from agent.conversation.turn import ModelTurn, Outcome
from agent.decisions import CommandRefused, Why, plan_of
from agent.following.choosing import chosen_meaning
from agent.following.phrases import Undo, read
from agent.logbook import Logbook
from agent.outcome import outcome
from agent.plan import PlanProblem
from agent.plans import Plans
from agent.recovery import Aftermath
from agent.replanning import report, response
from agent.revising import edited, struck, typed
from agent.runbooks.catalogue import HELP, catalogue, unknown
from agent.staff import Staff
from agent.state import SessionState
from agent.titles import improve_title
from memory.errors import KeptError
from memory.lease import Lease

log = logging.getLogger(__name__)

CLOSING = 1.5
"""Seconds that what is under way gets to record how it ended."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What the session browser's line says of this session."""

    status: str = ""
    changed: int = 0
    title: str = ""
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """A turn that nobody spoke: a failed plan is drawn up anew."""

    plan_id: str


class Session:
    """One stream of events, driven by at most one process.

    Args:
        lease: held while this process drives the session; None to follow somebody else's.
    """

    def __init__(self, logbook: Logbook, staff: Staff, lease: Lease | None) -> None:
        self._log = logbook
        self._staff = staff
        self._lease = lease
        self._waiting: asyncio.Queue[str | Again] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn: asyncio.Task[None] | None = None
        self._marked = Marked()
        self._plans = Plans(logbook, staff, self._spawn, self._mark, self._queue_again)

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

    @property
    def history(self) -> tuple[e.Recorded, ...]:
        """Everything stored so far, oldest first."""
        return self._log.history

    def subscribe(self, skip: int = 0) -> AsyncIterator[e.Recorded]:
        """The history, but for its first events, then everything that happens, until the session is closed."""
        return self._log.subscribe(skip)

    async def context(self) -> ContextUse:
        """What the model would be sent now, by part."""
        staff = self._staff
        memories = await staff.remembering.quotes()
        return context_use(self._log, staff.known.registry, staff.settings, memories)

    async def start(self) -> None:
        """Begin to work off commands, after what a crash left in doubt was looked up."""
        if not self.driving:
            self._spawn(self._follow(), "follow")
            return
        # What the browser says of an old session stays, until something here changes it.
        self._marked = Marked("", 0, self.state.title, self.state.cost)
        await self._plans.settle()
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
        command = self._log.redactor.model(command)  # what is said or typed is kept, and so is its answer
        if isinstance(command, c.LOOKS):
            self._staff.looks.take(command, self._log)
            return
        if isinstance(command, c.Approve) and not self.driving:
            command = c.Countersign(**command.model_dump(exclude={"waive", "allow_writes"}))
        if isinstance(command, c.Countersign):
            await self._plans.countersign(command)
            return
        if not self.driving:
            raise CommandRefused(Why.BUSY, "Another console drives this session; this one only follows.")
        if isinstance(command, c.MEMORIES):
            await self._staff.remembering.decide(command)
            return
        match command:
            case c.Say():
                await self._say(command.text)
            case c.Approve():
                await self._plans.approve(command)
            case c.Reject():
                await self._plans.reject(command)
                if command.comment and self._staff.desk(self.state.model):
                    await self._say(command.comment)
            case c.EditStep():
                progress = plan_of(self.state, command.plan_id)
                draft = edited(progress, command)
                await self._plans.redraft(progress, draft, typed(progress, command))
            case c.StrikeStep():
                progress = plan_of(self.state, command.plan_id)
                await self._plans.redraft(progress, struck(progress, command.step_id))
            case c.Stop():
                await self._stop()
            case c.Resume():
                await self._plans.resume(command)
            case c.PassGate():
                await self._plans.pass_gate(command)
            case c.SettleDoubt():
                await self._plans.settle_doubt(command)
            case c.PlanAgain():
                await self._plans.plan_again(command)
            case c.Undo():
                await self._plans.undo(command)
            case c.AskAgain():
                await self._plans.ask_again(command)
            case c.Reveal():
                self._spawn(await self._staff.revealer.begin(command, self._log), f"reveal {command.request}")
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
        """Wait until no turn and no plan is under way, or a plan waits at a gate. For callers without a screen."""
        while True:
            await self._waiting.join()
            plans = [task for task in self._tasks if task.get_name().startswith("plan ")]
            running = self.state.running
            if not plans or (running is not None and running.gate):
                return
            gate = asyncio.ensure_future(self._log.until(_at_a_gate))
            await asyncio.wait({*plans, gate}, return_when=asyncio.FIRST_COMPLETED)
            gate.cancel()

    async def close(self) -> None:
        """Stop what is under way, let go of the session, end all subscriptions.

        A plan that waits for the operator is left waiting: it can be resumed.
        """
        if not _at_a_gate(self.state):
            self._plans.halt()
        if self._turn is not None:
            self._turn.cancel()
            await asyncio.wait({self._turn}, timeout=CLOSING)
        running = [task for task in self._tasks if task.get_name().startswith("plan ")]
        if running and not _at_a_gate(self.state):
            await asyncio.wait(running, timeout=CLOSING)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._staff.looks.close()
        self._log.close()
        if self._lease is not None:
            self._lease.release()

    # --- turns -------------------------------------------------------------------------------------

    async def _say(self, text: str) -> None:
        if not text.strip():
            raise CommandRefused(Why.UNKNOWN, "There was nothing to do: the line is empty.")
        if self.state.busy or not self._waiting.empty():
            waiting = self._waiting.qsize() + 1
            self._log.show(e.Noticed(text=f"Queued behind what is going on ({waiting} waiting)."))
        self._waiting.put_nowait(text.strip())

    async def _work(self) -> None:
        while True:
            wanted = await self._waiting.get()
            self._turn = asyncio.create_task(self._one_turn(wanted), name="turn")
            await asyncio.wait({self._turn})
            if not self._turn.cancelled() and (error := self._turn.exception()):
                self._broke(error)
            self._turn = None
            self._waiting.task_done()

    async def _one_turn(self, wanted: str | Again) -> None:
        began, turn = time.monotonic(), self.state.turn + 1
        work = await self._begin(wanted, turn)
        self._log.show(e.TurnStarted(turn=turn, queued=self._waiting.qsize()))
        outcome: Outcome = "stopped"
        try:
            outcome = await work
        except KeptError as error:
            self._log.show(e.Noticed(text=str(error), severity="error"))
            raise
        finally:
            ended = e.TurnEnded(turn=turn, outcome=outcome, seconds=time.monotonic() - began)
            await asyncio.shield(self._log.record(ended))
            await asyncio.shield(self._mark())
        await self._staff.remembering.after_turn(turn)
        if self._staff.titled_by_model and self.state.titled == "rule" and turn == 1:
            self._spawn(self._improve_title(), "title")
        await self._plans.go_on()

    async def _begin(self, wanted: str | Again, turn: int) -> Coroutine[Any, Any, Outcome]:
        """Record what the turn is about; returns the work itself."""
        if isinstance(wanted, Again):
            told = report(self.state.plans[wanted.plan_id])
            await self._log.record(e.PlanAgainBegun(turn=turn, plan_id=wanted.plan_id, report=told))
            return self._draw_again(wanted.plan_id, turn)
        chosen = chosen_meaning(wanted, self.state.question)
        said = e.Said(turn=turn, text=wanted, situation=self._staff.situation())
        await self._log.record(said, *self._title(wanted))
        return self._staff.following.around(wanted, chosen, turn, self._understood)

    async def _understood(self, text: str, turn: int) -> Outcome:
        if isinstance(back := read(text), Undo) and back.plan:
            return await self._plans.take_back(back.plan, turn)
        return await self._staff.remembering.around(text, turn, self._outcome)

    async def _outcome(self, text: str, turn: int) -> Outcome:
        library = self._staff.known.library
        if text.strip(" ?!.").lower() in HELP:
            listed = e.AnswerGiven(turn=turn, rule="help@1", markdown=catalogue(library))
            await self._log.record(listed)
            return "answered"
        request = self._staff.known.match(text)
        if request is not None:
            return await self._staff.known.handle(request, turn)
        desk = self._staff.desk(self.state.model)
        if desk is None:
            told = unknown(library, text)
            await self._log.record(e.AnswerGiven(turn=turn, rule="no-model@1", markdown=told))
            return "answered"
        return await ModelTurn(desk, turn).run()

    async def _draw_again(self, plan_id: str, turn: int) -> Outcome:
        """What is left of a failed plan: by rule where that is enough, else by the model if there is one."""
        progress = self.state.plans[plan_id]
        desk = self._staff.desk(self.state.model)
        if desk is not None and response(progress) is not Aftermath.REDRAW:
            return await ModelTurn(desk, turn, progress).run()
        try:
            await self._plans.redraw(plan_id, turn)
        except PlanProblem as problem:
            refused = e.PlanRefused(
                turn=turn, goal=progress.plan.goal, problems=problem.problems, failure=problem.failure
            )
            await self._log.record(refused)
            return "failed"
        return "planned"

    def _queue_again(self, plan_id: str) -> None:
        self._waiting.put_nowait(Again(plan_id))

    def _title(self, text: str) -> tuple[e.TitleChanged, ...]:
        if self.state.title:
            return ()
        words = " ".join(text.split())
        return (e.TitleChanged(title=words if len(words) <= 60 else words[:59] + "…", by="rule"),)

    async def _mark(self) -> None:
        """Keep the session browser's line in step with the journal."""
        state, sessions = self.state, self._staff.sessions
        became = outcome(state, self.id)
        if (became.standing, became.changed) != (self._marked.status, self._marked.changed):
            await sessions.mark(self.id, became.standing.value, became.changed)
        if state.title != self._marked.title:
            await sessions.rename(self.id, state.title)
        if state.cost is not None and state.cost != self._marked.cost:
            await sessions.charge(self.id, state.cost)
        self._marked = Marked(became.standing.value, became.changed, state.title, state.cost)

    async def _improve_title(self) -> None:
        if (desk := self._staff.desk(self.state.model)) is not None:
            await improve_title(self._log, self._staff.sessions, desk.model)

    async def _stop(self) -> None:
        self._plans.halt()
        while not self._waiting.empty():
            self._waiting.get_nowait()
            self._waiting.task_done()
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


def _at_a_gate(state: SessionState) -> bool:
    return state.running is not None and bool(state.running.gate)
