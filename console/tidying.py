"""Full garbage collections, only while nobody types.

A full collection walks every object there is: with ten thousand rows on the screen that takes a tenth of
a second or more, and Python starts one whenever it likes, under a key as well as anywhere. So the console
puts it off, runs it once the operator has been still for a moment, and then sets what is left aside
(`gc.freeze`), which keeps the small collections in between small.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

STILL = 2.0
"""Seconds without a key or a click that count as a pause."""

EVERY = 60.0
"""Seconds between two full collections."""

_NEVER = 1_000_000_000


class Tidying:
    """Takes over full collections from Python between `start` and `stop`.

    Args:
        seconds: a clock that only goes forward.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._before: tuple[int, int, int] | None = None
        self._touched = seconds()
        self._tidied = float("-inf")

    def start(self) -> None:
        """Put full collections off from now on."""
        if self._before is None:
            self._before = gc.get_threshold()
            gc.set_threshold(*self._before[:2], _NEVER)

    def touched(self) -> None:
        """The operator pressed a key or moved the mouse."""
        self._touched = self._seconds()

    def look(self) -> bool:
        """Collect, if it is time to and the operator is still. True if it was done."""
        now = self._seconds()
        if self._before is None or now - self._touched < STILL or now - self._tidied < EVERY:
            return False
        self._tidied = now
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        return True

    def stop(self) -> None:
        """Give full collections back to Python."""
        if self._before is not None:
            gc.unfreeze()
            gc.set_threshold(*self._before)
            self._before = None
