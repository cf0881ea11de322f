"""What must be true before a decision counts.

An approval holds for the exact hash of what was shown, in places where the operator left read-only,
with every name typed that has to be typed. Anything less is refused with the sentence that says what
is missing.
"""

from __future__ import annotations

from enum import StrEnum

from agent.commands import Approve
from agent.plan import Plan, PlanStatus, Step
from agent.settings import Settings
from agent.state import PlanProgress, SessionState


class Why(StrEnum):
    """Why a command was refused; the command line turns it into an exit code."""

    UNKNOWN = "unknown"
    STALE = "stale"
    POLICY = "policy"
    DECISION = "decision"
    BUSY = "busy"


class CommandRefused(Exception):
    """A command cannot be carried out; the message is for the operator."""

    def __init__(self, why: Why, sentence: str, hint: str = "") -> None:
        super().__init__(f"{sentence} {hint}".strip())
        self.why = why
        self.sentence = sentence
        self.hint = hint


def plan_of(state: SessionState, plan_id: str) -> PlanProgress:
    """The plan, or `CommandRefused`."""
    try:
        return state.plans[plan_id]
    except KeyError:
        raise CommandRefused(Why.UNKNOWN, f"There is no plan {plan_id} in this session.") from None


def check_approval(state: SessionState, settings: Settings, command: Approve) -> tuple[Step, ...]:
    """The steps that are approved. Raises `CommandRefused`."""
    progress = plan_of(state, command.plan_id)
    plan = progress.plan
    if progress.status is not PlanStatus.OFFERED:
        raise CommandRefused(
            Why.STALE, f"Plan {plan.id} no longer waits for a decision: it is {progress.status}."
        )
    if not plan.matches(command.hash):
        raise CommandRefused(
            Why.STALE,
            f"The approval names hash {command.hash[:12]}, but plan {plan.id} is {plan.hash[:12]}.",
            "It holds only for exactly what was shown; look at the plan again.",
        )
    if state.running is not None:
        raise CommandRefused(
            Why.BUSY, f"Plan {state.running.plan.id} is still running.", "Stop it first, or wait."
        )
    chosen = plan.steps if command.steps is None else tuple(map(plan.step, _known(plan, command.steps)))
    unnamed = [step for step in chosen if step.needs_name and step.needs_name not in command.confirmed]
    if unnamed:
        step = unnamed[0]
        raise CommandRefused(
            Why.DECISION,
            f"{step.title}: {step.ruling.reason} Its name has to be typed to confirm.",
            f"Type {step.needs_name}.",
        )
    refuse_read_only(state, settings, chosen, allowed=command.allow_writes)
    return chosen


def refuse_read_only(
    state: SessionState, settings: Settings, steps: tuple[Step, ...], *, allowed: bool
) -> None:
    """Raise `CommandRefused` if any of these steps writes where this sitting may not.

    Args:
        allowed: the command itself is the act that leaves read-only; closed places stay closed.
    """
    for place in places(steps):
        if why := settings.why_closed(place):
            raise CommandRefused(Why.POLICY, why)
        if place not in state.writable and not allowed:
            raise CommandRefused(
                Why.DECISION, f"This session is read-only in {place}.", "Allow writes there first (key w)."
            )


def left_to_write(progress: PlanProgress) -> tuple[Step, ...]:
    """The approved writes of a plan that have no outcome yet."""
    return tuple(
        step
        for step in progress.plan.writes
        if step.id in progress.approved and not progress.of(step.id).state.final
    )


def _known(plan: Plan, names: tuple[str, ...]) -> tuple[str, ...]:
    ids = [step.id for step in plan.steps]
    if not names:
        raise CommandRefused(Why.DECISION, "No step is marked.", "Mark what you want, or reject the plan.")
    for name in names:
        if name not in ids:
            raise CommandRefused(
                Why.UNKNOWN, f"Plan {plan.id} has no step {name}.", f"It has: {', '.join(ids)}."
            )
    return names


def places(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """The contexts and `profile/region`s that these steps write to."""
    return tuple(
        dict.fromkeys(permit.place for step in steps if step.preview for permit in step.preview.permits)
    )
