"""The three panes on the screen, laid out as the operator wishes."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widget import Widget

from console.arrangement import TITLES, Arrangement, Pane, Wishes, arrange


class Panes(Container):
    """Holds the three panes and lays them out as wished."""

    class Settled(Message):
        """Other panes may be seen now than before."""

    def __init__(self, chat: Widget, plan: Widget, resources: Widget) -> None:
        super().__init__(id="panes")
        self._by_name = {Pane.CHAT: chat, Pane.PLAN: plan, Pane.RESOURCES: resources}
        self.wishes = Wishes()
        self._settled: tuple[Wishes, Arrangement] | None = None

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
        """Who is on the screen now."""
        return arrange(self.wishes, self.app.size.width)

    @property
    def _wanted(self) -> tuple[Wishes, Arrangement]:
        return self.wishes, self.arrangement

    def holding(self, widget: Widget) -> Pane | None:
        """The pane that `widget` is in."""
        return next(
            (pane for pane, body in self._by_name.items() if body in widget.ancestors_with_self), None
        )

    def on_mount(self) -> None:
        self._settle()

    def on_resize(self, _: Resize) -> None:
        if self._settled != self._wanted:
            self._settle()

    def _settle(self) -> None:
        self._settled = self._wanted
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
