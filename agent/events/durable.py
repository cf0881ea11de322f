"""What all stored events have in common."""

from __future__ import annotations

from typing import ClassVar

from tools.tool import Frozen


class Durable(Frozen):
    """An event that is committed before anyone acts on it."""

    durable: ClassVar[bool] = True
    version: ClassVar[int] = 1
    kind: str

    def words(self) -> str:
        """What full-text search should find this event by."""
        return ""
