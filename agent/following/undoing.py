"""“Undo that”: which plan is meant."""

from __future__ import annotations

from agent.following.meaning import Meaning
from agent.following.phrases import Undo
from agent.plan import PlanStatus, StepState
from agent.runbooks.resolution import Ambiguous
from agent.state import PlanProgress, SessionState
from tools.errors import Invalid


def last_change(undo: Undo, state: SessionState) -> Meaning:
    """The plan to take back, as a request that names it.

    Raises:
        Ambiguous: another plan came since, and several could be taken back.
        Invalid: nothing has been changed.
    """
    if undo.plan:
        if undo.plan not in state.plans:
            raise Invalid(f"There is no plan {undo.plan} in this session.")
        return Meaning(request(undo.plan), state.plans[undo.plan].plan.goal)
    changed = [progress for progress in reversed(state.plans.values()) if _stands(progress, state)]
    if state.running is not None:
        raise Invalid("A plan is still running; stop it first.", hint="esc esc stops it.")
    if not changed:
        waits = state.waiting is not None
        raise Invalid(
            "There is nothing to undo: "
            + ("the plan only waits." if waits else "no plan has changed anything."),
            hint="`r` rejects it." if waits else "",
        )
    if len(changed) > 1 and state.current is not changed[0]:
        raise Ambiguous(
            "Several plans have changed something. Which one shall be taken back?",
            tuple((progress.plan.goal, request(progress.plan.id)) for progress in changed[:9]),
        )
    return Meaning(request(changed[0].plan.id), changed[0].plan.goal)


def request(plan_id: str) -> str:
    """Taking a plan back, said as a whole request."""
    return f"undo plan {plan_id}"


def _stands(progress: PlanProgress, state: SessionState) -> bool:
    """Whether the plan has changed something that no other plan has taken back."""
    if not progress.status.final:
        return False
    arrived = any(
        progress.of(step.id).state is StepState.SUCCEEDED or progress.of(step.id).applied is True
        for step in progress.plan.writes
    )
    return arrived and not any(
        other.plan.origin == f"undo:{progress.plan.id}" and other.status is PlanStatus.SUCCEEDED
        for other in state.plans.values()
    )
