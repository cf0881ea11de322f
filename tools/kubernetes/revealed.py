"""One value that was revealed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Value:
    """A name and what stands under it. It is never printed by accident."""

    name: str
    text: str

    def __repr__(self) -> str:
        return f"Value({self.name!r}, hidden)"
