"""An object's YAML: keys in colour, and what nobody wants to see folded away until asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.content import Content
from textual.events import Click

from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.reading_view import ReadingView
from console.widgets.safe_text import safe_line

if TYPE_CHECKING:
    from agent.looking.pages import TextPage

_KEY = re.compile(r'\s*(?:- )*(?P<key>"(?:[^"\\]|\\.)*"|[^\s"#\'-][^:#]*):(?= |$)')
_NOTE = re.compile(r"  # [^#]*$")


class YamlView(ReadingView):
    """Shows a page with folds. A click on a folded line opens it."""

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(glyphs=glyphs, id=id)
        self._page: TextPage | None = None
        self._lines: list[str] = []
        self._shut: dict[int, tuple[int, str]] = {}
        self._folds: dict[int, tuple[int, str]] = {}

    def show(self, page: TextPage, lines: list[str]) -> None:
        """Show a page.

        Args:
            page: the page, for its folds.
            lines: its lines, made harmless (`harmless`).
        """
        opened = {closed for first, (_, closed) in self._folds.items() if first not in self._shut}
        self._page, self._lines = page, lines
        self._folds = {fold.first: (fold.last, safe_line(fold.closed)) for fold in page.folds}
        # What was opened before the object changed stays open.
        self._shut = {first: fold for first, fold in self._folds.items() if fold[1] not in opened}
        if self.is_mounted:
            self.lay_out()
            if self.sought:
                self.search(self.sought)

    @property
    def text(self) -> str:
        """All of it exactly, whatever is folded."""
        return "\n".join(self._page.lines) + "\n" if self._page is not None else ""

    @property
    def folded(self) -> int:
        """How many parts are hidden."""
        return len(self._shut)

    @property
    def has_folds(self) -> bool:
        return bool(self._folds)

    def toggle_folds(self) -> None:
        """Open every fold, or close them all again."""
        self._shut = {} if self._shut else dict(self._folds)
        self.lay_out()

    def line_text(self, number: int) -> str:
        return self._shut[number][1] if number in self._shut else self._lines[number]

    def line_content(self, number: int) -> Content:
        return coloured(self.line_text(number), folded=number in self._shut)

    def numbers(self) -> Iterable[range]:
        start = 0
        for first, (last, _) in self._shut.items():
            yield range(start, first + 1)
            start = last + 1
        yield range(start, len(self._lines))

    def hidden_numbers(self) -> Iterable[int]:
        return (number for first, (last, _) in self._shut.items() for number in range(first, last + 1))

    def hidden_text(self, number: int) -> str:
        return self._lines[number]

    def uncover(self, number: int) -> None:
        for first, (last, _) in self._shut.items():
            if first <= number <= last:
                del self._shut[first]
                self.lay_out()
                return

    def on_click(self, event: Click) -> None:
        row = self.top + event.y
        if 0 <= row < len(self._rows):
            number = self._rows[row] >> 16
            if number in self._shut:
                del self._shut[number]
                self.lay_out()


def coloured(line: str, *, folded: bool = False) -> Content:
    """A line of YAML with its key and its comment in colour."""
    content = Content(line)
    if key := _KEY.match(line):
        content = content.stylize("$text-accent", *key.span("key"))
    if folded and (note := _NOTE.search(line)):
        content = content.stylize("$text-muted italic", note.start(), note.end())
    return content


def harmless(lines: Iterable[str]) -> list[str]:
    """Lines that can be drawn; those that can already are left as they are."""
    return [line if line.isprintable() else safe_line(line) for line in lines]
