"""Time in the practice cluster: what is due when, first in simulated time, then live.

The past of the cluster is not painted on: it is simulated. While the world is being seeded the clock
jumps from one due action to the next, so that ages, events, restarts and rollouts of the last weeks
come from the same controllers that run afterwards.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

Action = Callable[[], None]
_GATHER_SECONDS = 0.01


class Timeline:
    """Runs actions when they are due.

    Args:
        start: the first moment of simulated time.
        speed: divides every waiting time once live; 10 means that a ten-second back-off takes one.
    """

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        self.settle: Action = lambda: None
        self._origin = start
        self._moment = start
        self._speed = speed
        self._wall: Callable[[], datetime] | None = None
        self._live_since = start
        self._due: list[tuple[datetime, int, Action]] = []
        self._order = itertools.count()
        self._woken: asyncio.Event | None = None

    @property
    def live(self) -> bool:
        return self._wall is not None

    def now(self) -> datetime:
        """The current moment in UTC."""
        return self._wall() if self._wall else self._moment

    def elapsed(self) -> float:
        """Seconds of the clock since the first simulated moment."""
        return (self.now() - self._origin).total_seconds()

    def seconds_since(self, moment: datetime) -> float:
        """How long ago a moment was, in the cluster's seconds."""
        now = self.now()
        simulated = min(now, self._live_since) - moment if self._wall else now - moment
        lived = now - max(moment, self._live_since) if self._wall else timedelta()
        return max(0.0, simulated.total_seconds()) + max(0.0, lived.total_seconds()) * self._speed

    def after(self, seconds: float, action: Action) -> None:
        """Run an action later; `seconds` are the cluster's, shortened by the speed once live."""
        self.at(self.now() + timedelta(seconds=seconds / (self._speed if self._wall else 1.0)), action)

    def at(self, moment: datetime, action: Action) -> None:
        """Run an action at a moment."""
        heapq.heappush(self._due, (moment, next(self._order), action))
        self.wake()

    def wake(self) -> None:
        """Something changed: let the controllers look soon."""
        if self._woken is not None:
            self._woken.set()

    def advance(self, until: datetime) -> None:
        """Simulate: run everything due up to a moment, then stand at that moment."""
        self.settle()
        while self._due and self._due[0][0] <= until:
            moment, _, action = heapq.heappop(self._due)
            self._moment = max(self._moment, moment)
            action()
            self.settle()
        self._moment = until

    def go_live(self, wall: Callable[[], datetime]) -> None:
        """Follow a clock from now on instead of simulating."""
        self._wall = wall
        self._live_since = wall()
        self._woken = asyncio.Event()
        self._woken.set()

    async def run(self) -> None:
        """Run actions as they become due, for ever. Sleeps while nothing is due and nothing changes."""
        if self._wall is None or self._woken is None:
            raise RuntimeError("The timeline is still simulated; call go_live first.")
        while True:
            self._woken.clear()
            self.settle()
            while self._due and self._due[0][0] <= self._wall():
                heapq.heappop(self._due)[2]()
                self.settle()
            pause = (self._due[0][0] - self._wall()).total_seconds() if self._due else None
            try:
                # Not wait_for: on Python 3.11 it can swallow a cancellation, and this would run on for ever.
                async with asyncio.timeout(pause):
                    await self._woken.wait()
                await asyncio.sleep(_GATHER_SECONDS)  # let a burst of changes arrive together
            except TimeoutError:
                continue
