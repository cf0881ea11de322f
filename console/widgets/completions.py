"""A short list of what a word could become, with a cursor. It never takes the focus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widget import Widget

CURSOR = "$block-cursor-foreground on $block-cursor-background"

ROWS = 8
"""How many candidates are in view at once."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """`text` replaces what was typed; `hint` says what it is."""

    text: str
    hint: str = ""


class Completions(Widget):
    """Shows candidates; whoever has the focus moves the cursor and takes one."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._items: tuple[Candidate, ...] = ()
        self._cursor = 0
        self.display = False

    @property
    def chosen(self) -> Candidate | None:
        """The candidate under the cursor, if the list is open."""
        return self._items[self._cursor] if self._items else None

    def offer(self, items: Sequence[Candidate]) -> None:
        """Show these; an empty sequence closes the list."""
        if tuple(items) == self._items:
            return
        self._items = tuple(items)
        self._cursor = 0
        self.display = bool(items)
        self.styles.height = min(len(self._items), ROWS) or 1
        self.refresh()

    def move(self, by: int) -> None:
        """Move the cursor, round the ends."""
        if self._items:
            self._cursor = (self._cursor + by) % len(self._items)
            self.refresh()

    def render(self) -> Content:
        first = min(max(self._cursor - ROWS + 1, 0), max(len(self._items) - ROWS, 0))
        width = max(self.size.width, 1)
        named = min(max((len(item.text) for item in self._items), default=0), max(width * 3 // 5, 8))
        lines = []
        for index, item in enumerate(self._items[first : first + ROWS], first):
            name = Content(item.text).truncate(named, ellipsis=True).pad_right(0)
            gap = " " * (named - name.cell_length + 2)
            line = Content.assemble(" ", name, gap, (item.hint, "$text-muted")).truncate(width, ellipsis=True)
            if index == self._cursor:
                line = Content.assemble(line, " " * (width - line.cell_length)).stylize(
                    "$block-cursor-foreground on $block-cursor-background"
                )
            lines.append(line)
        return Content("\n").join(lines)
