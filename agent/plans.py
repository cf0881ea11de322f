"""What a session does with its plans: offer, decide, run, let through, resume, take back, draw up again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal

from agent import commands as c
from agent import events as e
from agent.deciding.decisions import (
    CommandRefused,
    Why,
    check_approval,
    left_to_write,
    plan_of,
    refuse_read_only,
)  # fmt: skip
from agent.deciding.second_person import enough, refuse_same_person, signed_by, signers, wanted
from agent.deciding.waivers import covered, waivable
from agent.execution.doubt import settle_by_word, settle_doubts
from agent.execution.executor import execute
from agent.execution.halt import Halt
from agent.execution.step import KeyTaken
from agent.logbook import Logbook
from agent.plan import Draft, PlanProblem, PlanStatus, Step, StepState
from agent.planning.checking import Denied
from agent.planning.replanning import advice, difference, generation, report, response, rest, unasked
from agent.planning.undoing import undo_draft, with_doubts
from agent.recovery import Aftermath
from agent.staff import Staff
from agent.state import PlanProgress, SessionState
from memory.errors import KeptError
from tools.tool import Scope

AGAIN = (PlanStatus.FAILED, PlanStatus.STOPPED)


class Plans:
    """The plans of one session.

    Args:
        spawn: runs work in the background under a name.
        mark: brings the session browser's line up to date.
        again: queues the turn that draws a failed plan up anew.
    """

    def __init__(
        self,
        log: Logbook,
        staff: Staff,
        spawn: Callable[[Coroutine[Any, Any, None], str], None],
        mark: Callable[[], Awaitable[None]],
        again: Callable[[str], None],
    ) -> None:
        self._log = log
        self._staff = staff
        self._spawn = spawn
        self._mark = mark
        self._again = again
        self._halt = Halt()
        self._awaited: set[str] = set()
        """Plans that wait for a second person."""

    @property
    def _state(self) -> SessionState:
        return self._log.state

    def halt(self) -> None:
        """Nothing further leaves; what is in flight is looked at and recorded."""
        self._halt.set()

    async def settle(self) -> None:
        """Look up what a crash left in doubt."""
        open_keys = await self._staff.journal.open_keys(self._log.session)
        await settle_doubts(self._staff.site, open_keys, self._halt)

    # --- decisions -----------------------------------------------------------------------------------

    async def approve(self, command: c.Approve) -> None:
        chosen = self._decide(command)
        plan = plan_of(self._state, command.plan_id).plan
        if command.waive:
            await self._waive(chosen)
        if wanted(chosen) > 1 and not await self._signed(command, chosen):
            return
        await self._approved(plan.id, plan.hash, tuple(step.id for step in chosen), command.how)

    async def countersign(self, command: c.Countersign) -> None:
        """Approve beside whoever drives the session; it runs there once enough people have."""
        approval = c.Approve(**command.model_dump(), allow_writes=True)
        chosen = self._decide(approval)
        if wanted(chosen) == 1:
            raise CommandRefused(Why.UNKNOWN, f"Plan {command.plan_id} needs no second person.")
        await self._sign(approval, chosen)

    async def _signed(self, command: c.Approve, chosen: tuple[Step, ...]) -> bool:
        """Give one's own approval; whether enough people have. Otherwise somebody else is waited for."""
        await self._sign(command, chosen)
        if enough(plan_of(self._state, command.plan_id), chosen):
            return True
        if command.plan_id not in self._awaited:
            self._awaited.add(command.plan_id)
            self._spawn(self._await_second(command), f"second person {command.plan_id}")
        return False

    async def _sign(self, command: c.Approve, chosen: tuple[Step, ...]) -> None:
        progress, person = plan_of(self._state, command.plan_id), self._staff.person
        refuse_same_person(progress, person)
        if signed_by(progress, person, chosen):
            return
        steps = tuple(step.id for step in chosen)
        given = e.ApprovalGiven(
            plan_id=command.plan_id, hash=progress.plan.hash, steps=steps,
            by=person.name, login=person.login, how=command.how,
        )  # fmt: skip
        await self._log.record(given)

    async def _await_second(self, command: c.Approve) -> None:
        """Read along what others write into this session, and run the plan once enough people approved it."""
        plan_id = command.plan_id
        try:
            async for envelope in self._staff.journal.follow(self._log.session, self._state.seq):
                self._log.catch_up(envelope)
                progress = plan_of(self._state, plan_id)
                if progress.status is not PlanStatus.OFFERED:
                    return
                if envelope.kind == "approval_given" and enough(progress, self._decide(command)):
                    steps = tuple(step.id for step in self._decide(command))
                    await self._approved(plan_id, progress.plan.hash, steps, command.how)
                    return
        except CommandRefused as refusal:
            self._log.show(e.Noticed(text=str(refusal), severity="warning"))
        finally:
            self._awaited.discard(plan_id)

    def _decide(self, command: c.Approve) -> tuple[Step, ...]:
        """The steps that are approved, if the approval counts and policy still allows them now."""
        chosen = check_approval(self._state, self._staff.settings, command)
        try:
            self._staff.known.checker.still_allowed(chosen)
        except Denied as denied:
            raise CommandRefused(Why.POLICY, str(denied)) from denied
        return chosen

    async def reject(self, command: c.Reject) -> None:
        progress = plan_of(self._state, command.plan_id)
        if progress.status is not PlanStatus.OFFERED:
            raise CommandRefused(Why.STALE, f"Plan {command.plan_id} does not wait for a decision.")
        await self._log.record(
            e.PlanRejected(plan_id=command.plan_id, by=self._staff.operator, comment=command.comment)
        )
        await self._mark()

    async def _waive(self, chosen: tuple[Step, ...]) -> None:
        waivers = tuple(dict.fromkeys(waiver for step in chosen for waiver in waivable(step)))
        if not waivers:
            raise CommandRefused(
                Why.DECISION, "These writes are always asked about: production, deletion, what has no undo."
            )
        await self._log.record(e.AskingWaived(waivers=waivers, by=self._staff.operator))

    async def ask_again(self, command: c.AskAgain) -> None:
        known = self._state.waivers
        taken = known if command.waiver is None else tuple(one for one in known if one == command.waiver)
        if not taken:
            raise CommandRefused(Why.UNKNOWN, "Nothing was decided beforehand; every write asks.")
        await self._log.record(e.AskingResumed(waivers=taken, by=self._staff.operator))

    async def pass_gate(self, command: c.PassGate) -> None:
        progress = plan_of(self._state, command.plan_id)
        if progress.gate != command.step_id:
            raise CommandRefused(Why.STALE, f"No step {command.step_id} waits for you.")
        await self._log.record(
            e.GatePassed(
                plan_id=command.plan_id, step_id=command.step_id, by=self._staff.operator, how=command.how
            )
        )

    async def resume(self, command: c.Resume) -> None:
        progress = plan_of(self._state, command.plan_id)
        if progress.status is not PlanStatus.INTERRUPTED:
            raise CommandRefused(Why.STALE, f"Plan {command.plan_id} is {progress.status}, not interrupted.")
        self._halt.clear()
        await self.settle()
        progress = plan_of(self._state, command.plan_id)
        if progress.status is PlanStatus.INTERRUPTED:
            # Looking up what was in doubt only reads; going on may write.
            left = left_to_write(progress)
            refuse_read_only(self._state, self._staff.settings, left, allowed=command.allow_writes)
            await self._log.record(e.PlanResumed(plan_id=command.plan_id, by=self._staff.operator))
            self._run(command.plan_id)

    async def settle_doubt(self, command: c.SettleDoubt) -> None:
        """Take the operator's word for a step that stays in doubt; going on needs `resume`."""
        progress = plan_of(self._state, command.plan_id)
        step = progress.steps.get(command.step_id)
        if step is None or step.state is not StepState.IN_DOUBT:
            raise CommandRefused(
                Why.STALE, f"Step {command.step_id} of plan {command.plan_id} is not in doubt."
            )
        await settle_by_word(
            self._staff.site,
            e.DoubtSettled(
                plan_id=command.plan_id,
                step_id=command.step_id,
                attempt=step.attempt,
                became=command.became,
                by=self._staff.operator,
                how=command.how,
            ),
        )
        await self._mark()

    # --- offers --------------------------------------------------------------------------------------

    async def undo(self, command: c.Undo) -> None:
        progress = plan_of(self._state, command.plan_id)
        try:
            await self._offer_undo(progress, progress.turn)
        except PlanProblem as problem:
            raise CommandRefused(Why.UNKNOWN, str(problem)) from problem

    async def take_back(self, plan_id: str, turn: int) -> Literal["planned", "failed"]:
        """The same for somebody who said it; what keeps the plan from being offered is said in the turn."""
        try:
            await self._offer_undo(plan_of(self._state, plan_id), turn)
        except (CommandRefused, PlanProblem) as problem:
            problems = problem.problems if isinstance(problem, PlanProblem) else (str(problem),)
            await self._log.record(e.PlanRefused(turn=turn, goal=f"Take back {plan_id}", problems=problems))
            return "failed"
        return "planned"

    async def _offer_undo(self, progress: PlanProgress, turn: int) -> None:
        plan = progress.plan
        if not progress.status.final:
            raise CommandRefused(Why.STALE, f"Plan {plan.id} is {progress.status}; stop it first.")
        draft = undo_draft(progress, self._staff.site.registry)
        await self._offer(draft, f"undo:{plan.id}", turn, plan.scope, undoes=progress)

    async def redraft(self, progress: PlanProgress, draft: Draft, said: tuple[str, ...] = ()) -> None:
        """Check, preview and offer an offered plan anew, as it was redrawn; `said` is what the operator typed."""
        plan = progress.plan
        try:
            await self._offer(draft, plan.origin, progress.turn, plan.scope, replaces=plan.id, said=said)
        except PlanProblem as problem:
            raise CommandRefused(Why.UNKNOWN, str(problem)) from problem

    async def plan_again(self, command: c.PlanAgain) -> None:
        progress = plan_of(self._state, command.plan_id)
        if progress.status not in AGAIN:
            raise CommandRefused(
                Why.STALE, f"Plan {command.plan_id} is {progress.status}; there is nothing to draw up again."
            )
        self._again(command.plan_id)

    async def redraw(self, plan_id: str, turn: int) -> None:
        """Offer what is left of a plan, from what is there now. Raises `PlanProblem`."""
        progress = plan_of(self._state, plan_id)
        plan = progress.plan
        await self._offer(rest(progress), plan.origin, turn, plan.scope, after=progress)

    async def _offer(
        self,
        draft: Draft,
        origin: str,
        turn: int,
        scope: Scope,
        *,
        replaces: str = "",
        after: PlanProgress | None = None,
        undoes: PlanProgress | None = None,
        said: tuple[str, ...] = (),
    ) -> None:
        """Check a plan and offer it. `scope` is the one it was first drawn for, wherever the operator is now."""
        began = time.monotonic()
        known = self._staff.known
        plan = await known.checker.check(draft, scope, plan_id=known.next_plan(), origin=origin, said=said)
        if undoes is not None:
            plan = with_doubts(plan, undoes)
        elapsed = (time.monotonic() - began) * 1000
        await self._log.record(
            e.PlanOffered(
                turn=turn,
                plan=plan,
                elapsed_ms=elapsed,
                replaces=after.plan.id if after else replaces,
                difference=difference(after, plan) if after else None,
            )
        )

    # --- running -------------------------------------------------------------------------------------

    async def go_on(self) -> None:
        """Run the plan that was just offered, if all it writes was decided about before.

        What was decided beforehand counts for known requests alone: a model's plan rests on what it
        read, and always asks.
        """
        waiting = self._state.waiting
        if waiting is None or self._state.running is not None or not waiting.plan.writes:
            return
        plan = waiting.plan
        kept = waiting.difference.kept if waiting.difference else ()
        waivers = self._state.waivers if plan.origin.startswith("runbook:") else ()
        waived = tuple(step.id for step in plan.writes if covered(step, waivers))
        if unasked(plan, (*kept, *waived)) or wanted(plan.writes) > 1:
            return
        how: e.ApprovedHow = "waived" if unasked(plan, kept) else "kept"
        named = tuple(step.needs_name for step in plan.steps if step.needs_name)
        command = c.Approve(plan_id=plan.id, hash=plan.hash, how="key", confirmed=named)
        with contextlib.suppress(CommandRefused):  # then it waits for a decision like any other
            self._decide(command)
            await self._approved(plan.id, plan.hash, tuple(step.id for step in plan.steps), how)

    async def _approved(self, plan_id: str, seal: str, steps: tuple[str, ...], how: e.ApprovedHow) -> None:
        progress = plan_of(self._state, plan_id)
        several = dict.fromkeys(given.by for step in steps for given in signers(progress, step))
        by = " and ".join(several) or self._staff.operator
        await self._log.record(e.PlanApproved(plan_id=plan_id, hash=seal, steps=steps, by=by, how=how))
        self._run(plan_id)

    def _run(self, plan_id: str) -> None:
        self._halt.clear()
        self._spawn(self._execute(plan_id), f"plan {plan_id}")

    async def _execute(self, plan_id: str) -> None:
        await self._mark()
        try:
            status = await execute(self._staff.site, plan_id, self._halt)
            if status is PlanStatus.FAILED and not self._halt.is_set():
                await self._follow_failure(plan_id)
            await self._staff.remembering.after_plan(plan_id)
        except* KeyTaken as taken:
            text = f"Plan {plan_id} was left alone: {taken.exceptions[0]} was begun elsewhere."
            self._log.show(e.Noticed(text=text, severity="error"))
        finally:
            with contextlib.suppress(KeptError):
                await asyncio.shield(self._mark())

    async def _follow_failure(self, plan_id: str) -> None:
        """Draw the rest up again where that can help and was not tried too often; else say what is true."""
        progress = plan_of(self._state, plan_id)
        wanted = response(progress)
        can = wanted is Aftermath.REDRAW or self._staff.desk(self._state.model) is not None
        tried = generation(self._state, plan_id)
        limit = self._staff.settings.limits.replans
        if wanted is not Aftermath.REPORT and can and tried < limit:
            self._again(plan_id)
            return
        ending = advice(progress)
        if wanted is not Aftermath.REPORT and tried >= limit > 0:
            ending = f"It was drawn up anew {tried} times; that is the limit (limits.replans). {ending}"
        words = f"{report(progress)}\n\n{ending}"
        await self._log.record(e.AnswerGiven(turn=self._state.turn, rule="report@1", markdown=words))
