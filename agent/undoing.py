"""Taking a plan back: the calls that restore the recorded before-states, newest first."""

from __future__ import annotations

from agent.plan import Draft, DraftStep, Plan, PlanProblem, Step, StepState
from agent.putting_back import changed_since, not_put_back
from agent.state import PlanProgress
from tools.tool import Registry


def undo_draft(progress: PlanProgress, registry: Registry) -> Draft:
    """The plan that takes back what this plan did, in reverse order. It is checked like any other.

    Steps that left nothing different, such as a restart, are passed over.

    Raises:
        PlanProblem: nothing was changed, or something changed cannot be taken back.
    """
    done = [step for step in progress.plan.writes if _arrived(progress, step) and not step.undoes]
    back = {step.undoes for step in progress.plan.writes if _arrived(progress, step)}
    done = [step for step in done if step.id not in back]
    if not done:
        raise PlanProblem([f"Plan {progress.plan.id} changed nothing that could be taken back."])
    stuck = [step for step in done if step.undo is None and registry.write(step.tool).lasting]
    if stuck:
        names = "; ".join(step.title for step in stuck)
        raise PlanProblem([f"Plan {progress.plan.id} cannot be taken back as a whole, because of: {names}."])
    if all(step.undo is None for step in done):
        raise PlanProblem([f"Plan {progress.plan.id} left nothing different that could be taken back."])
    steps: list[DraftStep] = []
    for step in reversed(done):
        if step.undo is not None:
            steps.append(
                DraftStep(
                    id=f"undo-{step.id}",
                    title=_title(step),
                    tool=step.undo.tool,
                    args=step.undo.args,
                    depends_on=(steps[-1].id,) if steps else (),
                    scope=step.scope,
                )
            )
    return Draft(goal=f"Take back: {progress.plan.goal}", steps=tuple(steps))


def with_doubts(plan: Plan, undone: PlanProgress) -> Plan:
    """The undo plan, with a warning wherever somebody changed an object since or something stays gone."""
    steps = []
    for step in plan.steps:
        original = next((one for one in undone.plan.steps if f"undo-{one.id}" == step.id), None)
        if original is not None and original.preview is not None and step.preview is not None:
            since = changed_since(original.preview, step.preview)
            warnings = (*not_put_back(original.preview), *since, *step.preview.warnings)
            step = step.model_copy(update={"preview": step.preview.model_copy(update={"warnings": warnings})})
        steps.append(step)
    return plan.model_copy(update={"steps": tuple(steps)})


def _arrived(progress: PlanProgress, step: Step) -> bool:
    state = progress.of(step.id)
    return state.state is StepState.SUCCEEDED or state.applied is True


def _title(step: Step) -> str:
    """What is put back, and to what where that is one value."""
    if step.preview is None:
        return f"Take back: {step.title}"
    words = f"Put {step.preview.target} back as it was"
    if not_put_back(step.preview):
        return f"{words}, apart from what is gone"
    if len(step.preview.changes) != 1:
        return words
    (change,) = step.preview.changes
    plain = isinstance(change.before, str | int | float) and isinstance(change.after, str | int | float)
    return f"{words}: {change.path} {change.after} → {change.before}" if plain else words
