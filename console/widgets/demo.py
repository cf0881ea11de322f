"""Shows one widget at a time: `python -m console.widgets.demo transcript` (plan, approval, resources)."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widget import Widget

from agent import events as e
from console.widgets.demo_material import ANSWER, COLUMNS, drafts, pods, running, session, waiting
from console.widgets.glyphs import ASCII, UNICODE
from tools.rows import RowsChanged


class Demo(App[None]):
    """One widget filling the screen. `t` changes the theme, `q` leaves."""

    BINDINGS = [Binding("q", "quit", "Quit"), Binding("t", "next_theme", "Theme")]

    def __init__(self, widget: Widget, start: Callable[[App[None]], None], theme: str = "") -> None:
        super().__init__()
        self._widget, self._start = widget, start
        if theme:
            self.theme = theme

    def compose(self) -> ComposeResult:
        yield self._widget

    def on_mount(self) -> None:
        self._widget.focus()
        self._start(self)

    def action_next_theme(self) -> None:
        names = sorted(self.available_themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]


def transcript(ascii: bool = False) -> Demo:
    from console.widgets.transcript import Transcript

    widget = Transcript(glyphs=ASCII if ascii else UNICODE)

    def start(app: App[None]) -> None:
        for recorded in session():
            widget.feed(recorded)
        words = iter((ANSWER * 3).split(" "))

        def stream() -> None:
            text = next(words, None)
            if text is not None:
                widget.feed(e.Recorded(None, datetime.now(UTC), e.TextGrew(turn=5, text=f"{text} ")))

        app.set_interval(0.03, stream)

    return Demo(widget, start)


def plan_tree(ascii: bool = False) -> Demo:
    from console.widgets.plan_tree import PlanTree

    widget = PlanTree(glyphs=ASCII if ascii else UNICODE)
    stages: list[Callable[[], None]] = [
        lambda: widget.show(running(datetime.now(UTC))),
        lambda: widget.show(waiting()),
        lambda: widget.show(None, drafts()),
        lambda: widget.show(None),
    ]

    def start(app: App[None]) -> None:
        stages[0]()
        turn = iter(range(1, 10_000))
        app.set_interval(6.0, lambda: stages[next(turn) % len(stages)]())

    return Demo(widget, start)


def approval(ascii: bool = False) -> Demo:
    from console.widgets.approval import Approval

    widget = Approval(glyphs=ASCII if ascii else UNICODE)

    class Deciding(Demo):
        def on_approval_decided(self, event: Approval.Decided) -> None:
            if event.command.__class__.__name__ == "AllowWrites":
                widget.ask(waiting(), frozenset({"shop-prod"}))
            self.notify(str(event.command), title=event.command.__class__.__name__, markup=False)

    return Deciding(widget, lambda app: widget.ask(waiting(), frozenset()))


def resources(ascii: bool = False) -> Demo:
    from console.widgets.resources import ResourceTable

    widget = ResourceTable(glyphs=ASCII if ascii else UNICODE)

    def start(app: App[None]) -> None:
        change = pods(10_000)
        widget.apply(change)

        def flicker() -> None:
            rows = random.sample(change.upserts, 20)
            widget.apply(RowsChanged(COLUMNS, tuple(rows), removed=(random.choice(change.upserts).uid,)))

        app.set_interval(0.5, flicker)

    return Demo(widget, start)


DEMOS = {"transcript": transcript, "plan": plan_tree, "approval": approval, "resources": resources}

if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    if wanted not in DEMOS:
        sys.exit(f"python -m console.widgets.demo {{{'|'.join(DEMOS)}}}")
    DEMOS[wanted]().run()
