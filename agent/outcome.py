"""What became of a session, in one word for the list of sessions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.plan import PlanStatus
from agent.state import PlanProgress, SessionState


class Standing(StrEnum):
    """How a session stands; a session in which nothing was said stands in none of these."""

    ANSWERED = "answered"
    CHANGED = "changed"
    FAILED = "failed"
    WAITING = "waiting"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"
    REJECTED = "rejected"


UNFINISHED = (Standing.WAITING, Standing.RUNNING, Standing.INTERRUPTED)
"""Somebody is still needed."""


@dataclass(frozen=True, slots=True)
class SessionOutcome:
    """`changed` counts the objects that writes of this session reached."""

    standing: Standing
    changed: int


def outcome(state: SessionState, session: str) -> SessionOutcome:
    """What became of the session so far.

    Args:
        session: its id; plans that a fork took over from its origin do not count.
    """
    own = [plan for key, plan in state.plans.items() if key.rpartition(".")[0] == session]
    changed = len({target for plan in own for target in _reached(plan)})
    return SessionOutcome(_standing(state, own, changed), changed)


def _standing(state: SessionState, own: list[PlanProgress], changed: int) -> Standing:
    if any(plan.status is PlanStatus.RUNNING for plan in own):
        return Standing.RUNNING
    if own:
        match own[-1].status:
            case PlanStatus.OFFERED:
                return Standing.WAITING
            case PlanStatus.INTERRUPTED:
                return Standing.INTERRUPTED
            case PlanStatus.FAILED:
                return Standing.FAILED
            case PlanStatus.STOPPED:
                return Standing.STOPPED
            case PlanStatus.REJECTED if own[-1].turn == state.turn:
                return Standing.REJECTED
    if state.question is not None:
        return Standing.WAITING
    if state.ended in ("failed", "stopped"):
        return Standing(state.ended)
    return Standing.CHANGED if changed else Standing.ANSWERED


def _reached(plan: PlanProgress) -> list[str]:
    return [
        step.preview.target if step.preview else step.title
        for step in plan.plan.steps
        if step.effect.writes and plan.of(step.id).applied
    ]
