"""How wide the columns of a resource table are, and how a row is laid into them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.cells import cell_len
from textual.content import Content

from console.widgets.elapsed import age
from console.widgets.glyphs import Glyphs, health_look
from console.widgets.resource_rows import TICKING
from console.widgets.safe_text import safe_line
from tools.rows import Row

LEAD = 4
"""Cells before the first column: the mark and the health sign."""

WIDEST = 48
"""Cells no column but the name exceeds."""

NARROWEST_NAME = 16
GAP = 2

Line = list[tuple[str, str]]
"""Pieces of text, each with its style in the theme's words."""


class Columns:
    """Widths grow with what is seen and never shrink under the reader; `forget` starts again."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._widths: list[int] = []
        self._first = 1
        self._only: frozenset[str] = frozenset()
        self._laid: list[tuple[int, int, int]] = []

    def only(self, names: Iterable[str]) -> None:
        """Show these columns, by their names in small letters, beside the first; none names all."""
        self._only = frozenset(names)

    def forget(self) -> None:
        """Measure anew: other rows follow."""
        self._widths, self._names = [], ()
        self._first = 1

    def widen(self, names: tuple[str, ...], rows: Iterable[Row]) -> bool:
        """Make room for these rows. Returns whether that moved a column."""
        before = None if names != self._names else list(self._widths)
        if names != self._names:
            self._names = names
            self._widths = [cell_len(safe_line(name)) + 2 for name in names]
            self._first = 1
        widths, count = self._widths, len(names)
        for row in rows:
            for index, cell in enumerate(row.cells[:count]):
                # Most cells are ASCII, where a cell is a character.
                size = len(cell) if cell.isascii() else cell_len(cell)
                if size > widths[index]:
                    widths[index] = size
        return widths != before

    @property
    def layout(self) -> object:
        """Equal as long as rows are laid out alike."""
        return self._names, tuple(self._widths), self._first, self._only

    def slide(self, count: int) -> None:
        """Show further columns right of the name, or go back."""
        self._first = min(max(self._first + count, 1), max(len(self._names) - 1, 1))

    def column_at(self, x: int) -> int | None:
        """The column drawn at this cell of the screen, counted from 0."""
        return next((column for column, start, end in self._laid if start <= x < end), None)

    def header_line(self, sorted_by: int, descending: bool, width: int, glyphs: Glyphs) -> Content:
        self._laid = self._lay(width)
        parts = [Content(" " * LEAD)]
        for column, start, end in self._laid:
            name = safe_line(self._names[column])
            if column == sorted_by:
                name += f" {glyphs.down if descending else glyphs.up}"
            style = "bold $text-primary" if column == sorted_by else "bold $foreground-muted"
            parts.append(Content.styled(_fit(name, end - start, glyphs, column == self._laid[-1][0]), style))
        if self._first > 1 and parts:
            parts[0] = Content.styled(
                "‹".ljust(LEAD) if glyphs.name == "unicode" else "<   ", "$foreground-muted"
            )
        return Content("").join(parts)

    def row_line(self, row: Row, marked: bool, width: int, now: datetime, glyphs: Glyphs) -> Line:
        look = health_look(row.health, glyphs)
        line: Line = [
            (f"{glyphs.marked if marked else ' '} ", "bold $text-primary"),
            (f"{look.glyph} ", look.style),
        ]
        laid = self._laid or self._lay(width)
        for column, start, end in laid:
            cell = row.cells[column] if column < len(row.cells) else ""
            if self._names[column].upper() in TICKING:
                cell = ticking(row, now) or cell
            style = "bold" if column == 0 else look.style if self._is_state(column) else "$foreground"
            text = _fit(safe_line(cell, WIDEST * 4), end - start, glyphs, column == laid[-1][0])
            if line[-1][1] == style:
                line[-1] = (line[-1][0] + text, style)
            else:
                line.append((text, style))
        return line

    def _is_state(self, column: int) -> bool:
        return self._names[column].upper() in ("STATUS", "STATE", "PHASE", "HEALTH")

    def _shown(self) -> list[int]:
        """The columns right of the first that are wanted; all of them if none of the wanted is there."""
        there = range(1, len(self._names))
        wanted = [column for column in there if self._names[column].lower() in self._only] or list(there)
        return [column for column in wanted if column >= self._first]

    def _lay(self, width: int) -> list[tuple[int, int, int]]:
        """Column, first cell and end of each column that fits. The name gives way first, then the last."""
        if not self._names:
            return []
        room = width - LEAD
        others = [(column, min(self._widths[column], WIDEST) + GAP) for column in self._shown()]
        name = self._widths[0] + GAP
        spare = room - sum(size for _, size in others)
        name = min(name, max(spare, min(NARROWEST_NAME, room), min(name, room * 2 // 5)))
        laid, x = [(0, LEAD, LEAD + name)], LEAD + name
        for column, size in others:
            left = LEAD + room - x
            if left < min(size, 6):
                break
            laid.append((column, x, x + min(size, left)))
            x += min(size, left)
        return laid


def ticking(row: Row, now: datetime) -> str:
    """How old a row is, in the words of its age column; empty where nobody knows."""
    return age((now - row.created).total_seconds()) if row.created is not None else ""


def _fit(text: str, width: int, glyphs: Glyphs, last: bool) -> str:
    """`text` in exactly `width` cells; one of them stays empty, but in the last column."""
    size = len(text) if text.isascii() else cell_len(text)
    if size < width or (last and size == width):
        return text + " " * (width - size)
    content = Content(text).truncate(max(width - 1 - len(glyphs.ellipsis), 0)).plain + glyphs.ellipsis
    return content + " " * max(width - cell_len(content), 0)
