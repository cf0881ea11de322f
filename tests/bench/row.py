"""What a measurement is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from pydantic import BaseModel


class Row(BaseModel):
    """One measured figure beside its peer.

    `ratio` is value over `against_value`; `goal` says in words what it must reach, `holds` whether it did.
    """

    name: str
    value: float
    unit: str
    against: str
    against_value: float
    ratio: float
    goal: str
    holds: bool


Bench = Callable[[Path], Awaitable[list[Row]]]
"""Measures in an empty folder of its own."""


def row(
    name: str,
    value: float,
    unit: str,
    against: str,
    against_value: float,
    *,
    at_most: float,
    of: str = "ratio",
) -> Row:
    """A row whose goal bounds the ratio, or with `of="value"` the figure itself."""
    ratio = value / against_value if against_value else float("inf")
    measured = ratio if of == "ratio" else value
    return Row(
        name=name,
        value=round(value, 4),
        unit=unit,
        against=against,
        against_value=round(against_value, 4),
        ratio=round(ratio, 4),
        goal=f"{of} ≤ {at_most:g}" + (f" {unit}" if of == "value" else ""),
        holds=measured <= at_most,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share (0 to 1) of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
