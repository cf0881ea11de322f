"""Drawing up again what is left of a plan that failed: what is told, what is left, what differs.

Nothing here decides or sends. A new plan goes through the same checks, previews and approval as any
other; only writes that do exactly what was approved before keep their approval.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.events import PlanDifference
from agent.plan import Draft, Plan, PlanProblem, Step, StepState, canonical
from agent.planning.revising import drafted
from agent.recovery import WORTH_REPEATING, Aftermath, aftermath_of
from agent.state import PlanProgress, SessionState


def done(progress: PlanProgress) -> frozenset[str]:
    """Ids of the steps that succeeded and were not put back since."""
    succeeded = {step.id for step in progress.plan.steps if _state(progress, step) is StepState.SUCCEEDED}
    return frozenset(succeeded - put_back(progress))


def put_back(progress: PlanProgress) -> frozenset[str]:
    """Ids of the writes whose before-state a later step of the plan has restored."""
    return frozenset(
        step.undoes
        for step in progress.plan.steps
        if step.undoes and _state(progress, step) is StepState.SUCCEEDED
    )


def rest(progress: PlanProgress) -> Draft:
    """The steps that are not done, without their ties to those that are.

    Raises:
        PlanProblem: nothing is left.
    """
    finished = done(progress)
    left = [step for step in drafted(progress) if step.id not in finished and step.undoes not in finished]
    known = {step.id for step in left}
    steps = tuple(
        step.model_copy(
            update={
                "depends_on": tuple(one for one in step.depends_on if one in known),
                "if_failed": tuple(one for one in step.if_failed if one in known),
            }
        )
        for step in left
        if not step.if_failed or known & set(step.if_failed)
    )
    if not any(not step.if_failed for step in steps):
        raise PlanProblem([f"Nothing is left to do of plan {progress.plan.id}."])
    return Draft(goal=progress.plan.goal, steps=steps)


def difference(old: PlanProgress, new: Plan) -> PlanDifference:
    """The new plan beside what was left of the old one."""
    left = {step.id: step for step in old.plan.steps if step.id not in done(old)}
    kept, changed, added = [], [], []
    for step in new.steps:
        match = next((one for one in left.values() if _same(one, step) and one.id in old.approved), None)
        if match is not None:
            kept.append(step.id)
            left.pop(match.id)
        elif step.id in left:
            changed.append(step.id)
            left.pop(step.id)
        else:
            added.append(step.id)
    return PlanDifference(kept=tuple(kept), changed=tuple(changed), added=tuple(added), dropped=tuple(left))


def repeated(old: PlanProgress, new: Plan) -> tuple[str, ...]:
    """A sentence for each step of the new plan that failed just so before, and would again."""
    failed = {
        _identity(step): old.of(step.id)
        for step in old.plan.steps
        if _state(old, step) is StepState.FAILED and old.of(step.id).failure not in WORTH_REPEATING
    }
    return tuple(
        f"Step {step.id} is the call that failed before ({failed[_identity(step)].cause})"
        " Change it, or leave it out."
        for step in new.steps
        if _identity(step) in failed
    )


def generation(state: SessionState, plan_id: str) -> int:
    """How often this plan's work has been drawn up again already."""
    count, progress = 0, state.plans[plan_id]
    while progress.difference is not None and progress.replaces in state.plans:
        count, progress = count + 1, state.plans[progress.replaces]
    return count


def response(progress: PlanProgress) -> Aftermath:
    """What follows this failed plan: its failures' strictest answer."""
    planned_for = any(
        step.if_failed and _state(progress, step) is StepState.SUCCEEDED for step in progress.plan.steps
    )
    if planned_for:
        return Aftermath.REPORT
    failures = [progress.of(step.id).failure for step in _failed(progress)]
    answers = [aftermath_of(failure) for failure in failures if failure is not None]
    return max(answers, key=list(Aftermath).index, default=Aftermath.REPORT)


def report(progress: PlanProgress) -> str:
    """What is true now, in plain lines: done, failed and why, seen in the world, still to do."""
    back = put_back(progress)
    lines = [f"Plan {progress.plan.id} ({progress.plan.goal}) {progress.status.value}: {progress.summary}"]
    for step in progress.plan.steps:
        seen = progress.of(step.id)
        words = f"- {step.id} ({step.title}): {seen.state.value}"
        if seen.failure is not None and seen.state is StepState.FAILED:
            words += f", {seen.failure.value}: {seen.cause}"
            if seen.hint:
                words += f" {seen.hint}"
        elif seen.cause:
            words += f": {seen.cause}"
        if seen.observed and seen.observed not in words:
            words += f" Seen: {seen.observed}"
        if step.effect.writes and step.id in back and seen.applied:
            words += " The change arrived and was put back."
        elif step.effect.writes:
            words += f" {_arrival(seen.applied, seen.state)}"
        lines.append(words.rstrip())
    return "\n".join(lines)


def advice(progress: PlanProgress) -> str:
    """What the operator can do now, as the report's last paragraph."""
    back = put_back(progress)
    changed = [
        step
        for step in progress.plan.writes
        if progress.of(step.id).applied and not step.undoes and step.id not in back
    ]
    words = ["`R` draws up what is left anew, from what is there now."]
    if any(step.undo is not None for step in changed):
        words.append("`u` draws up a plan that takes back what was changed.")
    return " ".join(words)


def unasked(plan: Plan, kept: Iterable[str]) -> bool:
    """Whether the plan holds a write that nobody has approved in this form."""
    return any(step.id not in set(kept) for step in plan.writes)


def _failed(progress: PlanProgress) -> list[Step]:
    return [step for step in progress.plan.steps if _state(progress, step) is StepState.FAILED]


def _state(progress: PlanProgress, step: Step) -> StepState:
    return progress.of(step.id).state


def _arrival(applied: bool | None, state: StepState) -> str:
    if state is StepState.SUCCEEDED:
        return ""
    if applied is None and state in (StepState.FAILED, StepState.STOPPED):
        return "Whether it arrived is not known."
    return "The change arrived." if applied else "Nothing was changed."


def _identity(step: Step) -> str:
    return canonical([step.tool, step.args, step.scope.model_dump(), step.undoes])


def _same(old: Step, new: Step) -> bool:
    """Whether approving the old step was approving the new one."""
    exclude = {"id", "title", "depends_on"}
    return old.model_dump(exclude=exclude) == new.model_dump(exclude=exclude)
