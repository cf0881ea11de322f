"""The beginning of a long session: read in small bites, after its end is on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from agent.events import PlanOffered, Recorded
from console.widgets.transcript_entries import Entry
from console.widgets.transcript_fold import TranscriptFold

RECENT = 300
"""Events of a long history that are shown at once, to the next beginning of a turn."""
BITE = 0.008
"""Seconds of reading in one go; keys are heard in between."""
PAUSE = 0.012
"""Seconds between two bites."""


def split(history: Sequence[Recorded]) -> tuple[Sequence[Recorded], Sequence[Recorded]]:
    """What came before, and the last turns; nothing of the latter where all of it is short."""
    if len(history) <= 2 * RECENT:
        return history, ()
    turns = (index for index in range(len(history) - RECENT, RECENT, -1) if history[index].kind == "said")
    start = next(turns, len(history) - RECENT)
    return history[:start], history[start:]


class Behind:
    """Folds the events before the last turns.

    Args:
        earlier: these events, oldest first.
        recent: the fold of the last turns; it is told the goals of plans that were offered before.
    """

    def __init__(self, earlier: Sequence[Recorded], recent: TranscriptFold) -> None:
        self._earlier = earlier
        self._at = 0
        self._fold = TranscriptFold()
        self._recent = recent
        offered = (recorded.event for recorded in earlier if recorded.kind == "plan_offered")
        recent.know({event.plan.id: event.plan.goal for event in offered if isinstance(event, PlanOffered)})

    @property
    def entries(self) -> list[Entry]:
        return self._fold.entries

    def read_on(self) -> bool:
        """Read a bite; says whether that was all."""
        until = perf_counter() + BITE
        while self._at < len(self._earlier):
            self._fold.take(self._earlier[self._at])
            self._at += 1
            if perf_counter() > until:
                return False
        if self.entries and self._recent.entries:
            first, last = self._recent.entries[0], self.entries[-1]
            first.gap = not (last.compact and first.compact)
        return True
