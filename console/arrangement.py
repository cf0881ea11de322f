"""Three panes and how they share the terminal.

From 140 columns they stand side by side; from 100 the plan stands over the resources beside the
chat; below, one at a time. Each can be enlarged, hidden and resized.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

WIDE = 140
MEDIUM = 100


class Pane(StrEnum):
    CHAT = "chat"
    PLAN = "plan"
    RESOURCES = "resources"


WITHOUT_PLAN = {Pane.CHAT: 6, Pane.PLAN: 3, Pane.RESOURCES: 6}
USUAL = {Pane.CHAT: 5, Pane.PLAN: 4, Pane.RESOURCES: 5}
DECIDING = {Pane.CHAT: 4, Pane.PLAN: 7, Pane.RESOURCES: 4}
"""Weights as they are first: a plan that waits for a decision needs the room."""

TITLES = {Pane.CHAT: "1 chat", Pane.PLAN: "3 plan", Pane.RESOURCES: "4 resources"}


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the operator wants the panes. Weights are relative sizes, 1 to 12."""

    weights: Mapping[Pane, int] = field(default_factory=dict)
    hidden: frozenset[Pane] = frozenset()
    zoomed: Pane | None = None
    active: Pane = Pane.CHAT
    planned: bool = False
    deciding: bool = False

    def resized(self, pane: Pane, by: int) -> Wishes:
        weight = min(max(self.weight(pane) + by, 1), 12)
        return replace(self, weights={**self.weights, pane: weight})

    def weight(self, pane: Pane) -> int:
        if pane in self.weights:
            return self.weights[pane]
        if self.deciding:
            return DECIDING[pane]
        return (USUAL if self.planned else WITHOUT_PLAN)[pane]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which panes are seen, and whether the plan stands over the resources."""

    shown: tuple[Pane, ...]
    stacked: bool


def arrange(wishes: Wishes, width: int) -> Arrangement:
    """Who is on the screen in `width` columns. There is always somebody."""
    if wishes.zoomed is not None:
        return Arrangement((wishes.zoomed,), stacked=False)
    if width < MEDIUM:
        return Arrangement((wishes.active,), stacked=False)
    shown = tuple(pane for pane in Pane if pane not in wishes.hidden) or (wishes.active,)
    return Arrangement(shown, stacked=width < WIDE)
