"""One widget on an otherwise empty screen, with everything it posts kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from agent import events as e

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

M = TypeVar("M", bound=Message)


class Stage(App[None]):
    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self._widget = widget
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self._widget

    def on_mount(self) -> None:
        self._widget.focus()

    def of(self, kind: type[M]) -> list[M]:
        """The messages of this kind, in the order they were posted."""
        return [message for message in self.posted if isinstance(message, kind)]

    @property
    def lines(self) -> list[str]:
        """What the screen shows, as plain text without trailing spaces."""
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@asynccontextmanager
async def on_stage(
    widget: Widget, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Stage, Pilot[None]]]:
    """Run the widget alone and focused."""
    app = Stage(widget)

    def keep(message: Message) -> None:
        # A message is seen once per widget it bubbles through.
        if not any(message is known for known in app.posted):
            app.posted.append(message)

    async with app.run_test(size=size, message_hook=keep) as pilot:
        await pilot.pause()
        yield app, pilot


def recorded(event: e.Event, seq: int | None = None) -> e.Recorded:
    return e.Recorded(seq, NOON, event)
