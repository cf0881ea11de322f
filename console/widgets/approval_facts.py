"""What there is to know about an offered plan before deciding on it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent.plan import Plan, Step, Verdict
from agent.policy import PRODUCTION

ENVIRONMENT_LABELS = ("environment", "env", "Environment", "Env")


def places(step: Step) -> tuple[str, ...]:
    """Where the step sends its requests: contexts and `profile/region`s, as the gate knows them."""
    if step.preview is not None and step.preview.permits:
        return tuple(dict.fromkeys(permit.place for permit in step.preview.permits))
    scope = step.scope
    if scope.context:
        return (scope.context,)
    return ("/".join(part for part in (scope.profile, scope.region) if part),) if scope.profile else ()


def locked_places(steps: Iterable[Step], writable: frozenset[str]) -> tuple[str, ...]:
    """Places that these steps write to and that are still read-only."""
    found = dict.fromkeys(place for step in steps if step.effect.writes for place in places(step))
    return tuple(place for place in found if place not in writable)


def is_production(step: Step) -> bool:
    """Whether anything about the step says production: a label, the policy, or a word in a name."""
    labels = step.preview.labels if step.preview else {}
    touched = step.preview.environments if step.preview else ()
    if any(word.lower() in PRODUCTION for word in touched):
        return True
    if any(labels.get(key, "").lower() in PRODUCTION for key in ENVIRONMENT_LABELS):
        return True
    if "production" in step.ruling.rule or "production" in step.ruling.reason.lower():
        return True
    scope = step.scope
    names = (*places(step), scope.context, scope.namespace, scope.profile)
    return any(word in PRODUCTION for name in names for word in re.split(r"[^a-z0-9]+", name.lower()))


def where(step: Step) -> str:
    """The place in words: `context shop-prod, namespace shop`."""
    scope, words = step.scope, []
    for place in places(step):
        cloud = scope.profile and place.startswith(f"{scope.profile}/")
        words.append(f"account {place}" if cloud else f"context {place}")
    if scope.namespace and not any(word.startswith("account") for word in words):
        words.append(f"namespace {scope.namespace}")
    return ", ".join(words) or "no place chosen"


def objects(steps: Iterable[Step]) -> int:
    """How many objects the server would change."""
    return sum(step.preview.objects if step.preview else 1 for step in steps if step.effect.writes)


def drawn_up_by(origin: str) -> str:
    """Who made the plan, in words."""
    kind, _, name = origin.partition(":")
    match kind:
        case "runbook":
            return f"runbook {name}"
        case "model":
            return f"model {name}"
        case "undo":
            return f"undo of plan {name}"
    return origin


def undo_words(step: Step) -> str:
    """Whether and how the step can be taken back."""
    if step.undo is None:
        return "Cannot be undone."
    args = ", ".join(f"{key} {value}" for key, value in step.undo.args.items() if value not in ("", None))
    words = f"Can be undone: {step.undo.tool.partition('@')[0]} ({args})"
    changes = step.preview.changes if step.preview is not None else ()
    lost = sum(bool(change.lost) for change in changes)
    return f"{words}, but for {lost} of {len(changes)} changes" if lost else words


def ruling_words(step: Step) -> str:
    """What policy says about it, and by which rule."""
    reason = f": {step.ruling.reason}" if step.ruling.reason else ""
    people = f", {step.ruling.approvals} people have to approve" if step.ruling.approvals > 1 else ""
    return f"Policy: {step.ruling.verdict.value}, by rule {step.ruling.rule}{reason}{people}"


def denied(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Steps that policy does not let run."""
    return tuple(step for step in steps if step.ruling.verdict is Verdict.DENY)


def names_to_type(steps: Iterable[Step]) -> tuple[str, ...]:
    """The names the operator has to type for these steps, each once."""
    return tuple(dict.fromkeys(step.needs_name for step in steps if step.needs_name))


def with_dependents(plan: Plan, step_id: str) -> frozenset[str]:
    """The step and everything that rests on it."""
    return frozenset((step_id, *plan.dependents(step_id)))


def with_foundations(plan: Plan, step_id: str) -> frozenset[str]:
    """The step and everything it rests on."""
    return frozenset((step_id, *(step.id for step in plan.steps if step_id in plan.dependents(step.id))))
