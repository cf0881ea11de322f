"""A list to choose from, under headings: each entry a name and what is to be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.line_view import LineView
from console.widgets.safe_text import safe_line

LONGEST_NAME = 64
"""Cells that names get at most before what is said of them begins."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. Entries that follow each other under the same heading stand together."""

    heading: str
    name: str
    words: str = ""
    healthy: bool = True
    opens: bool = True
    """Whether enter leads anywhere; a sentence leads nowhere."""


class ObjectList(LineView):
    """Shows entries; the cursor skips headings and sentences."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", show=True),
        Binding("j,down", "slide(1)", "Down", show=False),
        Binding("k,up", "slide(-1)", "Up", show=False),
        Binding("g,home", "edge(False)", "Top", show=False),
        Binding("G,end", "edge(True)", "End", show=False),
        Binding("ctrl+d,pagedown", "half(1)", "Half a page down", show=False),
        Binding("ctrl+u,pageup", "half(-1)", "Half a page up", show=False),
    ]

    class Opened(Message):
        """The operator wants to see this entry."""

        def __init__(self, source: ObjectList, index: int) -> None:
            super().__init__()
            self.source, self.index = source, index

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(glyphs=glyphs, id=id)
        self._entries: Sequence[Entry] = ()
        self._rows: list[int | str] = []
        self._cursor = 0

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these entries; the cursor stays on the one of the same name."""
        before = self._entries[self._cursor] if self._cursor < len(self._entries) else None
        self._entries = entries
        self._rows = []
        heading = None
        for index, entry in enumerate(entries):
            if entry.heading != heading:
                heading = entry.heading
                self._rows += ["", heading] if self._rows else [heading]
            self._rows.append(index)
        same = (
            at
            for at, entry in enumerate(entries)
            if before is not None and (entry.heading, entry.name) == (before.heading, before.name)
        )
        first = next((at for at, entry in enumerate(entries) if entry.opens), 0)
        self._cursor = next(same, first)
        self.virtual_size = Size(self.line_width, len(self._rows))
        self.refresh()

    @property
    def text(self) -> str:
        """Everything, to be copied."""
        return "\n".join(f"{entry.heading}  {entry.name}  {entry.words}".rstrip() for entry in self._entries)

    @property
    def line_count(self) -> int:
        return len(self._rows)

    def line_strip(self, line: int) -> Strip | None:
        if not 0 <= line < len(self._rows):
            return None
        row = self._rows[line]
        if isinstance(row, str):
            return self.paint(Content.styled(row, "bold $text-primary"))
        entry = self._entries[row]
        if not entry.opens:
            return self.paint(Content.styled(f"  {safe_line(entry.name)}", "$text-muted"))
        sign = self.glyphs.healthy if entry.healthy else self.glyphs.unhealthy
        name = Content(safe_line(entry.name)).truncate(self._name_width, ellipsis=True)
        content = Content.assemble(
            "  ",
            (sign, "$text-success" if entry.healthy else "$text-error"),
            " ",
            name.pad_right(max(self._name_width - name.cell_length, 0) + 2),
            (safe_line(entry.words), "$text-muted" if entry.healthy else "$text-error"),
        ).truncate(self.line_width, ellipsis=True)
        if row != self._cursor:
            return self.paint(content)
        return self.paint(content.pad_right(self.line_width - content.cell_length), self.cursor_style)

    def action_open(self) -> None:
        if self._cursor < len(self._entries) and self._entries[self._cursor].opens:
            self.post_message(self.Opened(self, self._cursor))

    def action_slide(self, by: int) -> None:
        step = 1 if by > 0 else -1
        openable = [at for at, entry in enumerate(self._entries) if entry.opens]
        if self._cursor in openable:
            place = openable.index(self._cursor) + by
            self._cursor = openable[min(max(place, 0), len(openable) - 1)]
            self._reveal()
        else:
            self.scroll_to(y=self.scroll_offset.y + step, animate=False, immediate=True)

    def action_edge(self, end: bool) -> None:
        self.action_slide(len(self._entries) if end else -len(self._entries))

    def action_half(self, by: int) -> None:
        self.action_slide(by * max(self.size.height // 2, 1))

    def on_click(self, event: Click) -> None:
        row = int(self.scroll_offset.y) + event.y
        place = self._rows[row] if 0 <= row < len(self._rows) else ""
        if isinstance(place, int) and self._entries[place].opens:
            again = place == self._cursor
            self._cursor = place
            self.refresh()
            if again:
                self.action_open()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.line_width, len(self._rows))

    @property
    def _name_width(self) -> int:
        longest = max((len(entry.name) for entry in self._entries if entry.opens), default=0)
        return min(longest, LONGEST_NAME, max(self.line_width * 3 // 5, 8))

    def _reveal(self) -> None:
        row = self._rows.index(self._cursor)
        top, height = int(self.scroll_offset.y), max(self.size.height, 1)
        # The heading above the first entry is brought along.
        wanted = 0 if row <= 1 else row
        if wanted < top:
            self.scroll_to(y=wanted, animate=False, immediate=True)
        elif row >= top + height:
            self.scroll_to(y=row - height + 1, animate=False, immediate=True)
        self.refresh()
