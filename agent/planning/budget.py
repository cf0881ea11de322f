"""Budgets: how much a plan and a session may do before they end cleanly, with the sentence that says so."""

from __future__ import annotations

from collections.abc import Iterable

from agent.plan import Step
from agent.settings import Limits
from agent.state import SessionState


def plan_problems(steps: Iterable[Step], limits: Limits) -> tuple[str, ...]:
    """Why a checked plan is too large to be offered, or nothing."""
    writes = [step for step in steps if step.effect.writes]
    objects = sum(step.preview.objects for step in writes if step.preview and not step.undoes)
    problems = []
    if len(writes) > limits.plan_writes:
        problems.append(
            f"The plan has {len(writes)} writes; the budget is {limits.plan_writes} (limits.plan_writes)."
        )
    if objects > limits.plan_objects:
        problems.append(
            f"The plan touches {objects} objects; the budget is {limits.plan_objects} (limits.plan_objects)."
        )
    return tuple(problems)


def out_of_time(seconds: float, limits: Limits) -> str:
    """Why no further step of a plan starts after so many seconds, or nothing."""
    if seconds <= limits.plan_seconds:
        return ""
    return (
        f"The plan's time is used up: {seconds:.0f} s of {limits.plan_seconds:.0f} s (limits.plan_seconds)."
    )


def spent(state: SessionState, limits: Limits) -> str:
    """Why the model is not asked again in this session, or nothing."""
    used = state.usage.total
    if limits.session_tokens is not None and used >= limits.session_tokens:
        return (
            f"This session's tokens are used up: {used} of {limits.session_tokens} (limits.session_tokens)."
        )
    if limits.session_cost is not None and state.cost is not None and state.cost >= limits.session_cost:
        return (
            f"This session's money is used up: ${state.cost} of ${limits.session_cost} (limits.session_cost)."
        )
    return ""
