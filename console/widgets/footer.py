"""The last line: the keys that do something here and now, made from the bindings in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import ActiveBinding
from textual.content import Content
from textual.events import Click
from textual.screen import Screen
from textual.widget import Widget

from console.actions import shown_key

LAST = ("palette", "help")
"""Always there, at the right end: how to find everything else."""


@dataclass(frozen=True, slots=True)
class FooterLine:
    """The line and, for the mouse, which cells press which key: (first, end, key)."""

    content: Content
    keys: tuple[tuple[int, int, str], ...]

    def key_at(self, x: int) -> str:
        """The key whose words are at this cell, empty between them."""
        return next((key for first, end, key in self.keys if first <= x < end), "")


class KeyFooter(Widget):
    """Shows as many keys as fit; a click presses one."""

    _line = FooterLine(Content(""), ())

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        if self.is_attached:
            self._line = footer_line(self.screen.active_bindings.values(), self.size.width)
        return self._line.content

    def on_click(self, event: Click) -> None:
        if key := self._line.key_at(event.x):
            self.app.simulate_key(key)


def footer_line(active: Iterable[ActiveBinding], width: int) -> FooterLine:
    """The footer's line.

    Args:
        active: the bindings in force, those of the focused widget first.
        width: in cells.
    """
    found: dict[str, tuple[str, str]] = {}
    for entry in active:
        binding = entry.binding
        if binding.show and entry.enabled and binding.action not in found:
            found[binding.action] = (binding.key, binding.description)
    last = [found.pop(action) for action in LAST if action in found]
    tail = sum(_item(*item).cell_length + GAP for item in last)
    line, keys = Content(" "), []
    for key, words in found.values():
        item = _item(key, words)
        if line.cell_length + item.cell_length + GAP + tail <= width:
            keys.append((line.cell_length, line.cell_length + item.cell_length, key))
            line = line + item + Content(" " * GAP)
    line = line.pad_right(max(width - line.cell_length - tail + 1, 0))
    for key, words in last:
        item = _item(key, words)
        keys.append((line.cell_length, line.cell_length + item.cell_length, key))
        line = line + item + Content(" " * GAP)
    return FooterLine(line.truncate(max(width, 1)), tuple(keys))


GAP = 2
"""Cells between two keys."""


def _item(key: str, words: str) -> Content:
    return Content.assemble((shown_key(key), "bold $text-accent"), " ", (words, "$text-muted"))
