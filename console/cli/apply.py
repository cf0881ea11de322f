"""`pilothouse apply`: carry out a plan that was printed before, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agent import events as e
from agent.commands import Approve, Became, PassGate, Resume, SettleDoubt
from agent.decisions import CommandRefused, Why
from agent.plan import PlanStatus, StepState
from agent.second_person import waiting_words
from agent.state import PlanProgress, SessionState
from console.cli.documents import ApplyDocument, PlanDocument
from console.cli.exits import Exit, Problem, of_failure
from console.cli.opening import agent_at_work, open_journal, replay
from console.cli.output import Output
from console.cli.parser import Choices
from console.cli.plan_text import apply_command, apply_lines, command, plan_lines
from console.cli.turns import halt

if TYPE_CHECKING:
    from agent.session import Session


async def run(
    choices: Choices,
    out: Output,
    *,
    plan_id: str,
    approve: str = "",
    steps: Sequence[str] = (),
    confirmed: Sequence[str] = (),
    pass_gates: bool = False,
    doubts: Sequence[str] = (),
) -> int:
    """Approve a plan by its hash, or go on with it where it was interrupted, and follow it to its end."""
    session_id, state = await recorded_plan(choices, plan_id)
    planned = state.plans[plan_id]
    if not approve:
        shown = PlanDocument.of(planned, session_id)
        again = replace(choices, sandbox=state.sandbox)
        out.result(shown, lambda: plan_lines(shown, out, again))
        return Exit.DECISION
    _refuse_early(choices, state, planned, approve, steps)
    words = [_doubt(plan_id, text) for text in doubts]
    async with agent_at_work(choices) as agent:
        session = await agent.open_session(session_id)
        follower = asyncio.create_task(_follow(session, plan_id, out), name="follow")
        try:
            for word in words:
                await session.order(word)
            interrupted = not await _finish(session, planned, approve, steps, confirmed, pass_gates)
        finally:
            # Closing is what brings the follower to its end.
            await session.close()
            await follower
    waiting = session.state.waiting
    if waiting is not None and waiting.replaces == plan_id:
        out.notice(f"What is left was planned again as {waiting.plan.id}:")
        out.notice(f"  {apply_command(PlanDocument.of(waiting, session_id), choices)}")
    if waits := waiting_words(session.state.plans[plan_id]):
        line = command(["pilothouse", "approve", plan_id, "--approve", planned.plan.hash], choices)
        out.notice(f"{waits} They say:\n  {line}")
    done = ApplyDocument.of(session.state.plans[plan_id], session_id)
    out.result(done, lambda: apply_lines(done, out))
    return Exit.INTERRUPTED if interrupted else _exit(session.state.plans[plan_id])


# --- details -------------------------------------------------------------------------------------------


async def recorded_plan(choices: Choices, plan_id: str) -> tuple[str, SessionState]:
    """The plan's session as the journal tells it; nothing is opened or sent for that."""
    session_id, dot, _ = plan_id.rpartition(".")
    if not dot:
        raise Problem(
            Exit.USAGE,
            f"{plan_id} is not the id of a plan.",
            "It looks like 20260102-abcde.1; `plan` prints it.",
        )
    async with open_journal(choices) as (journal, sessions):
        await sessions.get(session_id)
        _, state = await replay(journal, session_id)
    if plan_id not in state.plans:
        raise Problem(Exit.FAILED, f"There is no plan {plan_id} in session {session_id}.")
    return session_id, state


def _refuse_early(
    choices: Choices, state: SessionState, planned: PlanProgress, approve: str, steps: Sequence[str]
) -> None:
    """What can be refused before anything is opened or sent."""
    plan = planned.plan
    if choices.read_only:
        raise Problem(
            Exit.REFUSED,
            f"Plan {plan.id} is not carried out: --read-only was given.",
            "Leave it away to apply.",
        )
    if not plan.matches(approve):
        raise CommandRefused(
            Why.STALE,
            f"The approval names hash {approve[:12]}, but plan {plan.id} is {plan.hash[:12]}.",
            "It holds only for exactly what was shown; look at the plan again.",
        )
    unknown = [name for name in steps if name not in {step.id for step in plan.steps}]
    if unknown:
        known = ", ".join(step.id for step in plan.steps)
        raise Problem(Exit.USAGE, f"Plan {plan.id} has no step {unknown[0]}.", f"Its steps are {known}.")
    refuse_elsewhere(choices, state, planned)


def refuse_elsewhere(choices: Choices, state: SessionState, planned: PlanProgress) -> None:
    """Raise `Problem` for a plan of the sandbox outside of it, and the other way round."""
    plan = planned.plan
    if state.sandbox != choices.sandbox:
        where = "in the practice sandbox" if state.sandbox else "outside the practice sandbox"
        hint = "Add --sandbox." if state.sandbox else "Leave --sandbox away."
        raise Problem(Exit.USAGE, f"Plan {plan.id} was drawn up {where}.", hint)


def _doubt(plan_id: str, text: str) -> SettleDoubt:
    """What the operator says of a step in doubt, as `STEP=WORD`."""
    step, _, word = text.partition("=")
    became = _BECAME.get(word)
    if not step or became is None:
        raise Problem(Exit.USAGE, f"--doubt {text} says nothing.", "It looks like scale-checkout=not-there.")
    return SettleDoubt(plan_id=plan_id, step_id=step, became=became, how="flag")


_BECAME: dict[str, Became] = {"there": "there", "not-there": "not there", "unknown": "unknown"}


async def _finish(
    session: Session,
    planned: PlanProgress,
    approve: str,
    steps: Sequence[str],
    confirmed: Sequence[str],
    pass_gates: bool,
) -> bool:
    """Decide for the plan, or resume it, and wait for its end; False if the operator interrupted it."""
    plan_id = planned.plan.id
    try:
        status = session.state.plans[plan_id].status
        if status is PlanStatus.INTERRUPTED:
            await session.order(Resume(plan_id=plan_id, how="flag", allow_writes=True))
        elif planned.status is PlanStatus.RUNNING and status.final:
            return True  # It had been cut off at its very end: opening the session saw that it was done.
        else:
            await session.order(
                Approve(
                    plan_id=plan_id,
                    hash=approve,
                    how="flag",
                    steps=tuple(steps) or None,
                    confirmed=tuple(confirmed),
                    allow_writes=True,
                )
            )
        await session.idle()
        while (running := session.state.running) is not None and running.gate:
            if not pass_gates:
                await halt(session)
                raise Problem(
                    Exit.DECISION,
                    f"Plan {plan_id} waits for you: {running.of(running.gate).cause}",
                    "It was stopped there. Say yes beforehand with --pass-gates, or work in the console.",
                )
            await session.order(PassGate(plan_id=plan_id, step_id=running.gate, how="flag"))
            await session.idle()
    except CommandRefused as refusal:
        if refusal.why is not Why.DECISION:
            raise
        raise Problem(Exit.DECISION, refusal.sentence, "Add --confirm with that name.") from refusal
    except asyncio.CancelledError:
        await halt(session)
        return False
    return True


async def _follow(session: Session, plan_id: str, out: Output) -> None:
    """Say on stderr how the steps move."""
    async for recorded in session.subscribe(len(session.history)):
        event = recorded.event
        if isinstance(event, e.Noticed):
            out.notice(event.text)
        elif getattr(event, "plan_id", "") == plan_id and (line := progress_line(event)):
            out.notice(line)


def progress_line(event: e.Event) -> str:
    """One line on how a step moved; empty for what is not worth one."""
    match event:
        case e.StepIntended():
            again = f" (attempt {event.attempt}/{event.attempts})" if event.attempt > 1 else ""
            return f"{event.step_id}  running{again}"
        case e.StepChecking():
            return f"{event.step_id}  checking: {event.detail}"
        case e.AttemptFailed():
            return f"{event.step_id}  attempt {event.attempt} failed, trying again: {event.cause}"
        case e.StepSucceeded():
            return f"{event.step_id}  succeeded: {event.observed}"
        case e.StepFailed():
            return f"{event.step_id}  failed: {event.cause}"
        case e.StepInDoubt() | e.StepNotApplied():
            return f"{event.step_id}  {event.detail}"
        case e.DoubtSettled():
            return f"{event.step_id}  {event.words()}"
        case e.GateReached():
            return f"{event.step_id}  waits for you: {event.gate}"
        case e.GatePassed():
            return f"{event.step_id}  let through"
        case e.StepSkipped():
            return f"{event.step_id}  skipped: {event.reason}"
        case e.StepStopped():
            return f"{event.step_id}  stopped: {event.detail}"
    return ""


def _exit(progress: PlanProgress) -> Exit:
    """The code for how the plan ended; of several failures the first step's counts."""
    if progress.status is PlanStatus.SUCCEEDED:
        return Exit.DONE
    if progress.status in (PlanStatus.INTERRUPTED, PlanStatus.OFFERED):
        return Exit.DECISION
    for step in progress.plan.steps:
        seen = progress.of(step.id)
        if seen.state is StepState.FAILED:
            return of_failure(seen.failure)
    return Exit.FAILED
