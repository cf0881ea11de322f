"""A value on its way to the operator's eyes: it can be opened once, soon, and is told by nothing else.

It has no text form, no fields and no pickle, so whatever an event passes on the way (journal, log, export,
crash report, redactor) finds nothing in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from tools.kubernetes.revealed import Value


class Sealed:
    """Holds values until they are opened or too old.

    Args:
        values: what is inside.
        expires: on `clock`, in seconds, after which it stays closed.
        clock: monotonic seconds.
    """

    __slots__ = ("_clock", "_expires", "_values")

    def __init__(self, values: tuple[Value, ...], expires: float, clock: Callable[[], float]) -> None:
        self._values: tuple[Value, ...] | None = values
        self._expires = expires
        self._clock = clock

    def open(self) -> tuple[Value, ...] | None:
        """The values, the first time it is asked for and while they are fresh; None ever after."""
        values, self._values = self._values, None
        return values if self._clock() <= self._expires else None

    def __repr__(self) -> str:
        return "‹sealed›"

    def __reduce__(self) -> NoReturn:
        raise TypeError("what is sealed cannot be written down")
