"""An offered plan, drawn up again with one step changed or struck out."""

from __future__ import annotations

from agent.commands import EditStep
from agent.deciding.decisions import CommandRefused, Why
from agent.plan import Draft, DraftStep, PlanStatus, canonical
from agent.state import PlanProgress


def edited(progress: PlanProgress, edit: EditStep) -> Draft:
    """The plan with other arguments for one step. Raises `CommandRefused`."""
    _must_be_open(progress, edit.step_id)
    steps = tuple(
        # Other arguments make the old title untrue; the checker writes one from the new preview.
        step.model_copy(update={"title": "", "args": edit.args}) if step.id == edit.step_id else step
        for step in drafted(progress)
    )
    return Draft(goal=f"Plan {progress.plan.id}, edited", steps=steps)


def typed(progress: PlanProgress, edit: EditStep) -> tuple[str, ...]:
    """The values that the operator changed, as JSON: those are their own words."""
    before = progress.plan.step(edit.step_id).args
    return tuple(canonical(value) for key, value in edit.args.items() if before.get(key) != value)


def struck(progress: PlanProgress, step_id: str) -> Draft:
    """The plan without a step, and without all that rests on it. Raises `CommandRefused`."""
    _must_be_open(progress, step_id)
    gone = {step_id, *progress.plan.dependents(step_id)}
    steps = tuple(step for step in drafted(progress) if step.id not in gone)
    if not steps:
        raise CommandRefused(Why.DECISION, "That was the last step; reject the plan instead.")
    return Draft(goal=progress.plan.goal, steps=steps)


def drafted(progress: PlanProgress) -> tuple[DraftStep, ...]:
    """The plan's steps as they were before they were checked."""
    return tuple(
        DraftStep(
            id=step.id,
            title=step.title,
            tool="" if step.undoes else step.tool,
            args={} if step.undoes else step.args,
            depends_on=step.depends_on,
            scope=step.scope,
            gate=step.gate,
            checks=step.checks,
            if_failed=step.if_failed,
            undoes=step.undoes,
        )
        for step in progress.plan.steps
    )


def _must_be_open(progress: PlanProgress, step_id: str) -> None:
    plan = progress.plan
    if progress.status is not PlanStatus.OFFERED:
        raise CommandRefused(Why.STALE, f"Plan {plan.id} is {progress.status} and can no longer be changed.")
    if step_id not in {step.id for step in plan.steps}:
        raise CommandRefused(Why.UNKNOWN, f"Plan {plan.id} has no step {step_id}.")
