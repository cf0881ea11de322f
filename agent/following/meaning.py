"""What a follow-up came to: a whole request, and why it was understood so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent import events as e

CHOSEN = "your choice"
"""Why an answer to a question with choices means what it means."""

FOLLOWED = "followup"
"""Who drew up a plan whose request points back; it always asks, whatever was decided beforehand."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """`request` is what could have been said instead; `because` is shown beside it."""

    request: str
    because: str


def understood(event: e.FollowedUp) -> str:
    """The line an operator is shown, to be put right if it is not what was meant."""
    why = f" ({event.because})" if event.because else ""
    return f"understood: {event.meaning}{why}"


def points_back(history: Iterable[e.Recorded], turn: int) -> bool:
    """Whether a turn's request was taken from the session instead of being said in full."""
    return any(
        recorded.event.turn == turn and recorded.event.because != CHOSEN
        for recorded in history
        if isinstance(recorded.event, e.FollowedUp)
    )
