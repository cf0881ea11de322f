"""Three panes and how they share the terminal.

From 140 columns they stand side by side; from 100 the plan stands over the resources beside the
chat; below, one at a time. Each can be enlarged, hidden and resized.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widget import Widget

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


class Panes(Container):
    """Holds the three panes and lays them out as wished."""

    class Settled(Message):
        """Other panes may be seen now than before."""

    def __init__(self, chat: Widget, plan: Widget, resources: Widget) -> None:
        super().__init__(id="panes")
        self._by_name = {Pane.CHAT: chat, Pane.PLAN: plan, Pane.RESOURCES: resources}
        self.wishes = Wishes()

    def compose(self) -> ComposeResult:
        yield self._by_name[Pane.CHAT]
        with Vertical(id="side"):
            yield self._by_name[Pane.PLAN]
            yield self._by_name[Pane.RESOURCES]

    def wish(self, wishes: Wishes) -> None:
        """Lay the panes out as wished; nothing happens if nothing changed."""
        if wishes != self.wishes:
            self.wishes = wishes
            self._settle()

    @property
    def arrangement(self) -> Arrangement:
        return arrange(self.wishes, self.size.width)

    def holding(self, widget: Widget) -> Pane | None:
        """The pane that `widget` is in."""
        return next(
            (pane for pane, body in self._by_name.items() if body in widget.ancestors_with_self), None
        )

    def on_resize(self, _: Resize) -> None:
        self._settle()

    def _settle(self) -> None:
        now = self.arrangement
        side = self.query_one("#side")
        chat, *others = (self._by_name[pane] for pane in Pane)
        chat.display = Pane.CHAT in now.shown
        weight = self.wishes.weight
        chat.styles.width = f"{weight(Pane.CHAT)}fr"
        beside = [pane for pane in now.shown if pane is not Pane.CHAT]
        side.display = bool(beside)
        side.styles.layout = "vertical" if now.stacked else "horizontal"
        sizes = [weight(pane) for pane in beside] or [1]
        side.styles.width = f"{max(sizes) if now.stacked else sum(sizes)}fr"
        for pane, body in zip((Pane.PLAN, Pane.RESOURCES), others, strict=True):
            body.display = pane in now.shown
            share = f"{weight(pane)}fr"
            body.styles.width = "1fr" if now.stacked else share
            body.styles.height = share if now.stacked else "1fr"
        for pane, body in self._by_name.items():
            body.border_title = title(pane, now, deciding=self.wishes.deciding)
        self.post_message(self.Settled())


def title(pane: Pane, now: Arrangement, *, deciding: bool) -> Content:
    """A pane's title; one that stands alone names the others too, so that they can be found."""
    if len(now.shown) > 1:
        return Content(TITLES[pane])
    names = []
    for other in Pane:
        name = TITLES[other] + ("!" if deciding and other is Pane.PLAN else "")
        names.append(Content(f"[{name}]") if other is pane else Content.styled(name, "$text-muted not bold"))
    return Content("  ").join(names)
