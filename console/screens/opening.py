"""What stands on the screen before anything else: the empty panes, drawn in one go.

Building the real panes takes a tenth of a second; this takes none. What is typed meanwhile is kept.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Key
from textual.screen import Screen
from textual.widget import Widget

from console.arrangement import TITLES, Pane, Wishes, arrange

ROUND, PLAIN = "╭─╮│╰╯", "+-+|++"
"""Corners and lines: above left, along, above right, down, below left, below right."""


class Opening(Screen[None]):
    """Shows where everything will be.

    Args:
        plain: draw with nothing but ASCII.
    """

    def __init__(self, *, plain: bool) -> None:
        super().__init__()
        self.typed = ""
        self._plain = plain

    def compose(self) -> ComposeResult:
        yield Skeleton(PLAIN if self._plain else ROUND)

    def on_key(self, event: Key) -> None:
        if event.is_printable and event.character:
            self.typed += event.character


class Skeleton(Widget):
    """The status line and the panes, all of them connecting."""

    DEFAULT_CSS = "Skeleton { width: 1fr; height: 1fr; color: $text-muted; }"

    def __init__(self, lines: str) -> None:
        super().__init__()
        self._lines = lines

    def render(self) -> Content:
        return Content("\n".join(skeleton(self.size.width, self.size.height, self._lines)))


def skeleton(width: int, height: int, lines: str = ROUND) -> list[str]:
    """The screen's lines: one of status, the panes as `arrange` has them, one for the keys to come."""
    wishes = Wishes()
    now = arrange(wishes, width)
    body = max(height - 2, 0)
    if len(now.shown) == 1:
        panes = _pane(now.shown[0], width, body, lines)
    else:
        chat, *beside = now.shown
        weights = [wishes.weight(pane) for pane in beside]
        share = max(weights) if now.stacked else sum(weights)
        left = width * wishes.weight(chat) // (wishes.weight(chat) + share)
        rest = width - left
        if now.stacked:
            upper = body * weights[0] // sum(weights)
            side = _pane(beside[0], rest, upper, lines) + _pane(beside[1], rest, body - upper, lines)
        else:
            middle = rest * weights[0] // sum(weights)
            pairs = zip(
                _pane(beside[0], middle, body, lines),
                _pane(beside[1], rest - middle, body, lines),
                strict=True,
            )
            side = [one + other for one, other in pairs]
        panes = [one + other for one, other in zip(_pane(chat, left, body, lines), side, strict=True)]
    return [" pilothouse  connecting…", *panes]


def _pane(pane: Pane, width: int, height: int, lines: str) -> list[str]:
    first, along, last, down, low_first, low_last = tuple(lines)
    inner = max(width - 2, 0)
    if height < 2:
        return [" " * width] * height
    title = f"{along} {TITLES[pane]} "[:inner]
    rows = ["", "  connecting…"][: height - 2]
    rows += [""] * (height - 2 - len(rows))
    return [
        first + title + along * (inner - len(title)) + last,
        *(down + row[:inner].ljust(inner) + down for row in rows),
        low_first + along * inner + low_last,
    ]
