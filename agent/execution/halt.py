"""The operator's stop: one switch under which all of a plan's work is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """The operator said stop while we waited."""


class Halt:
    """A switch that cuts off whatever runs under it.

    Cheaper than waiting for an event beside every call: nothing is scheduled until somebody says stop.
    """

    def __init__(self) -> None:
        self._said = False
        self._under: dict[asyncio.Timeout, float] = {}
        """What runs under it now, and how many seconds more each may take when stop is said."""

    def set(self) -> None:
        """Say stop."""
        self._said = True
        now = asyncio.get_running_loop().time()
        for cut, grace in self._under.items():
            cut.reschedule(now + grace)

    def clear(self) -> None:
        """Take it back, for the next plan."""
        self._said = False

    def is_set(self) -> bool:
        return self._said

    async def over(self, work: Awaitable[T], *, grace: float = 0.0) -> T:
        """The result of `work`, or `Stopped` once stop is said and `grace` seconds have passed.

        What is still running then is cancelled and awaited: nothing goes on behind our back.
        """
        now = asyncio.get_running_loop().time()
        cut = asyncio.timeout_at(now + grace if self._said else None)
        try:
            async with cut:
                self._under[cut] = grace
                try:
                    return await work
                finally:
                    del self._under[cut]
        except TimeoutError:
            if cut.expired():
                raise Stopped from None
            raise
