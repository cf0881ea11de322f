"""The last line: the keys that do something here and now, made from the bindings in force."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from console.actions import shown_key

LAST = ("palette", "help")
"""Always there, at the right end: how to find everything else."""


class KeyFooter(Widget):
    """Shows as many keys as fit; a click presses one."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        if not self.is_attached:
            return Content("")
        return footer_line(self.screen.active_bindings.values(), self.size.width)


def footer_line(active: Iterable[ActiveBinding], width: int) -> Content:
    """The footer's text.

    Args:
        active: the bindings in force, those of the focused widget first.
        width: in cells.
    """
    keys: dict[str, tuple[str, str]] = {}
    for entry in active:
        binding = entry.binding
        if binding.show and entry.enabled and binding.action not in keys:
            keys[binding.action] = (binding.key, binding.description)
    last = [_item(*keys.pop(action)) for action in LAST if action in keys]
    tail = Content("  ").join(last)
    line = Content(" ")
    for key, words in keys.values():
        item = _item(key, words)
        if line.cell_length + item.cell_length + 2 + tail.cell_length + 1 > width:
            continue
        line = Content.assemble(line, item, "  ")
    gap = " " * max(width - line.cell_length - tail.cell_length - 1, 0)
    return Content.assemble(line, gap, tail).truncate(max(width, 1))


def _item(key: str, words: str) -> Content:
    shown = Content.assemble((shown_key(key), "bold $footer-key-foreground"), " ", (words, "$text-muted"))
    return shown.stylize(_press(key))


def _press(key: str) -> str:
    return f"@click=app.simulate_key({key!r})"
