"""Answers that are still fresh: a read that was done a moment ago is not done again.

The same call in the same scope is answered from the journal as long as the tool's answers stay fresh
(`Tool.fresh`), unless something was written since where the read has looked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from agent import events as e
from agent.following.things import target
from agent.plan import Step, canonical
from agent.state import PlanProgress
from tools.tool import Call, Effect, Scope


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a read came back with before. `age` is in seconds."""

    output: JsonValue
    summary: str
    age: float


def earlier(
    history: Sequence[e.Recorded],
    plans: Mapping[str, PlanProgress],
    call: Call,
    scope: Scope,
    *,
    fresh: float,
    now: datetime,
    before: int | None = None,
) -> Earlier | None:
    """The last answer to this very call, if it still counts.

    Args:
        history: the session's durable events, oldest first.
        plans: the session's plans, to tell where their steps have written.
        fresh: seconds for which an answer counts.
        now: the time, with zone.
        before: only turns before this one count; None for all.
    """
    wanted = _same(call, scope)
    returned: dict[str, tuple[e.ToolReturned, float]] = {}
    for recorded in reversed(history):
        event, passed = recorded.event, (now - recorded.at).total_seconds()
        if passed > fresh:
            return None
        if _has_written(event, plans, call, scope):
            return None
        if isinstance(event, e.ToolReturned) and event.failure is None:
            age = passed + event.age
            if age <= fresh and (before is None or event.turn < before):
                returned[event.call_id] = (event, age)
        elif (
            isinstance(event, e.ToolCalled)
            and event.call_id in returned
            and _same(event.call, event.scope) == wanted
        ):
            found, age = returned[event.call_id]
            return Earlier(found.output, found.summary, age)
    return None


def from_ago(age: float) -> str:
    """`from 12 s ago`."""
    if age < 90:
        return f"from {max(1, round(age))} s ago"
    return f"from {round(age / 60)} min ago"


# --- details ---------------------------------------------------------------------------------------


def _same(call: Call, scope: Scope) -> str:
    return canonical([call.model_dump(mode="json"), scope.model_dump(mode="json")])


def _has_written(event: e.Event, plans: Mapping[str, PlanProgress], call: Call, scope: Scope) -> bool:
    """Whether a write began or ended with this event that the read would see. What is not known counts as one."""
    if isinstance(event, e.StepIntended):
        if event.effect in (Effect.READ, Effect.SENSITIVE_READ):
            return False
        step = _step(plans, event.plan_id, event.step_id)
        return step is None or _within(step, call, scope)
    if not isinstance(
        event,
        e.StepSucceeded | e.StepFailed | e.StepStopped | e.StepInDoubt | e.StepNotApplied | e.DoubtSettled,
    ):
        return False
    step = _step(plans, event.plan_id, event.step_id)
    return step is None or (step.effect.writes and _within(step, call, scope))


def _step(plans: Mapping[str, PlanProgress], plan_id: str, step_id: str) -> Step | None:
    progress = plans.get(plan_id)
    return next((step for step in progress.plan.steps if step.id == step_id), None) if progress else None


def _within(step: Step, call: Call, scope: Scope) -> bool:
    """Whether a write may show in a read: same system and place, and not in another namespace."""
    kubernetes = step.tool.startswith("kubernetes_")
    if kubernetes != call.tool.startswith("kubernetes_"):
        return False
    if not kubernetes:
        return (step.scope.profile, step.scope.region) == (scope.profile, scope.region)
    if step.scope.context != scope.context:
        return False
    thing = target(step.preview.target, step.tool, step.scope) if step.preview else None
    read_in = str(call.args.get("namespace") or ("" if call.args.get("all_namespaces") else scope.namespace))
    return thing is None or not thing.namespace or not read_in or thing.namespace == read_in
