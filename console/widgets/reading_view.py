"""Many lines of plain text to read: wrapped or not, searched, drawn only where they are seen.

A line is a string and nothing more until it is painted; where each row of the screen begins is one
number, so that half a million lines cost a few megabytes and a few hundredths of a second.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar

from rich.cells import chop_cells
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.line_view import LineView

_SHIFT = 16
_COLUMN = (1 << _SHIFT) - 1
_SIDEWAYS = 8


class ReadingView(LineView):
    """Shows lines by number. Subclasses keep the lines; numbers may begin anywhere and only grow.

    Args:
        wrapping: whether long lines go on below; otherwise the arrow keys move sideways.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "slide(1)", "Down", show=False),
        Binding("k,up", "slide(-1)", "Up", show=False),
        Binding("left", "sideways(-1)", "Left", show=False),
        Binding("right", "sideways(1)", "Right", show=False),
        Binding("g,home", "edge(False)", "Top", show=False),
        Binding("G,end", "edge(True)", "End", show=False),
        Binding("ctrl+d,pagedown,space", "half(1)", "Half a page down", show=False),
        Binding("ctrl+u,pageup", "half(-1)", "Half a page up", show=False),
    ]

    class Moved(Message):
        """What can be said about the view (place, matches) is another now."""

    def __init__(self, *, wrapping: bool = True, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(glyphs=glyphs, id=id)
        self.wrapping = wrapping
        self.sought = ""
        self._rows: array[int] = array("q")
        self._left = 0
        self._pattern: re.Pattern[str] | None = None
        self._matches: list[int] = []
        self._match = -1
        self._laid_for = 0

    # --- what subclasses say -------------------------------------------------------------------------

    def line_text(self, number: int) -> str:
        """Line `number`, harmless to a terminal."""
        raise NotImplementedError

    def line_content(self, number: int) -> Content:
        """The same with its colours; the characters must be the same."""
        return Content(self.line_text(number))

    def numbers(self) -> Iterable[range]:
        """The lines to be shown, in stretches."""
        raise NotImplementedError

    def hidden_numbers(self) -> Iterable[int]:
        """The lines that are not shown; a search goes through them if it finds nothing else."""
        return ()

    def hidden_text(self, number: int) -> str:
        """A hidden line."""
        return self.line_text(number)

    def uncover(self, number: int) -> None:
        """Bring a hidden line into view."""

    # --- layout --------------------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        return len(self._rows)

    def lay_out(self) -> None:
        """Find anew where each row begins, after the lines or the width changed; the place is kept."""
        top = self._rows[self.top] >> _SHIFT if self.top < len(self._rows) else -1
        self._rows = array("q")
        for stretch in self.numbers():
            self.lay(stretch)
        self.resized_content()
        if top >= 0:
            self.scroll_to(y=self.row_of(top), animate=False, immediate=True)

    def lay(self, numbers: range) -> None:
        """Put rows for these lines at the end."""
        width = self._laid_for = self.line_width
        if not self.wrapping:
            self._rows.extend(range(numbers.start << _SHIFT, numbers.stop << _SHIFT, 1 << _SHIFT))
            return
        text, start = self.line_text, numbers.start
        for number in numbers:
            line = text(number)
            if len(line) <= width and line.isascii():
                continue
            self._rows.extend(range(start << _SHIFT, number << _SHIFT, 1 << _SHIFT))
            self._rows.extend((number << _SHIFT) + min(at, _COLUMN) for at in _breaks(line, width))
            start = number + 1
        self._rows.extend(range(start << _SHIFT, numbers.stop << _SHIFT, 1 << _SHIFT))

    def resized_content(self) -> None:
        """Tell the scrollbar how long the text is, and draw."""
        size, before = Size(self.line_width, len(self._rows)), self.virtual_size
        if size.width == before.width and size.height >= before.height:
            # The scrollbar is always there: more lines move nothing on the screen, so nothing is laid out.
            self.set_reactive(Widget.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        else:
            self.virtual_size = size
        self.refresh()
        self.post_message(self.Moved())

    @property
    def top(self) -> int:
        """The first row in view."""
        return int(self.scroll_offset.y)

    def row_of(self, number: int) -> int:
        """The first row of a line, or of the next one that is shown."""
        return bisect_left(self._rows, number << _SHIFT)

    def on_mount(self) -> None:
        self.lay_out()

    def on_resize(self) -> None:
        if self._laid_for != self.line_width:
            self.lay_out()

    # --- drawing --------------------------------------------------------------------------------------

    def line_strip(self, line: int) -> Strip | None:
        if not 0 <= line < len(self._rows):
            return None
        number, column = self._rows[line] >> _SHIFT, self._rows[line] & _COLUMN
        content = self._marked(number, self.line_content(number))
        if self.wrapping:
            following = self._rows[line + 1] if line + 1 < len(self._rows) else -1
            end = following & _COLUMN if following >> _SHIFT == number else len(content.plain)
            content = content[column:end]
        elif self._left:
            content = content[self._left :]
        return self.paint(content)

    def _marked(self, number: int, content: Content) -> Content:
        if self._pattern is None:
            return content
        here = 0 <= self._match < len(self._matches) and self._matches[self._match] == number
        style = "$background on $accent" if here else "reverse"
        for found in self._pattern.finditer(content.plain):
            content = content.stylize(style, found.start(), found.end())
        return content

    # --- searching ------------------------------------------------------------------------------------

    @property
    def found(self) -> str:
        """How the search stands, for a line of words: `3 of 17`."""
        if not self.sought:
            return ""
        if not self._matches:
            return f"no “{self.sought}”"
        place = f"{self._match + 1} of " if self._match >= 0 else ""
        return f"“{self.sought}” {place}{len(self._matches):,}"

    def search(self, words: str) -> None:
        """Look for words from the first row in view on; capitals count only if there are some."""
        self.sought = words
        folded = re.IGNORECASE if words == words.lower() else re.NOFLAG
        self._pattern = re.compile(re.escape(words), folded) if words else None
        self._matches, self._match = [], -1
        if self._pattern is not None:
            has = self._pattern.search
            shown = (number for stretch in self.numbers() for number in stretch)
            self._matches = [number for number in shown if has(self.line_text(number))]
            if not self._matches:
                hidden = self.hidden_numbers()
                self._matches = [number for number in hidden if has(self.hidden_text(number))]
            top = self._rows[self.top] >> _SHIFT if self.top < len(self._rows) else 0
            if self._matches:
                self._go_to(bisect_left(self._matches, top) % len(self._matches))
        self.refresh()
        self.post_message(self.Moved())

    def next_match(self, by: int) -> None:
        """Go to the next match, or with -1 to the one before; round and round."""
        if self._matches:
            self._go_to((self._match + by) % len(self._matches))
            self.refresh()
            self.post_message(self.Moved())

    def _go_to(self, match: int) -> None:
        self._match = match
        number = self._matches[match]
        self.uncover(number)
        row = self.row_of(number)
        if not self.top <= row < self.top + self.size.height:
            self.scroll_to(y=max(row - self.size.height // 3, 0), animate=False, immediate=True)

    # --- moving ---------------------------------------------------------------------------------------

    def toggle_wrap(self) -> None:
        self.wrapping = not self.wrapping
        self._left = 0
        self.lay_out()

    def action_sideways(self, by: int) -> None:
        if not self.wrapping:
            self._left = max(self._left + by * _SIDEWAYS, 0)
            self.refresh()

    def action_slide(self, by: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + by, animate=False, immediate=True)

    def action_edge(self, end: bool) -> None:
        self.scroll_to(y=self.max_scroll_y if end else 0, animate=False, immediate=True)

    def action_half(self, by: int) -> None:
        self.action_slide(by * max(self.size.height // 2, 1))

    # --- lines that come and go ------------------------------------------------------------------------

    def appended(self, numbers: range) -> None:
        """Lines were added at the end."""
        self.lay(numbers)
        if self._pattern is not None:
            has = self._pattern.search
            self._matches += [number for number in numbers if has(self.line_text(number))]

    def dropped(self, before: int) -> int:
        """Lines before this number are gone. Returns how many rows that were."""
        rows = self.row_of(before)
        del self._rows[:rows]
        gone = bisect_right(self._matches, before - 1)
        del self._matches[:gone]
        self._match = max(self._match - gone, -1)
        return rows


class PageView(ReadingView):
    """A page of lines that is there as a whole.

    Args:
        colour: gives a line its colours; the characters must stay the same.
    """

    def __init__(
        self,
        colour: Callable[[str], Content] = Content,
        *,
        wrapping: bool = True,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,
    ) -> None:
        super().__init__(wrapping=wrapping, glyphs=glyphs, id=id)
        self._colour = colour
        self._lines: Sequence[str] = ()

    def show(self, lines: Sequence[str]) -> None:
        """Show these lines, which must be harmless already. The place is kept."""
        self._lines = lines
        if self.is_mounted:
            self.lay_out()
            if self.sought:
                self.search(self.sought)

    @property
    def text(self) -> str:
        """Everything, to be copied."""
        return "\n".join(self._lines) + "\n" if self._lines else ""

    def line_text(self, number: int) -> str:
        return self._lines[number]

    def line_content(self, number: int) -> Content:
        return self._colour(self.line_text(number))

    def numbers(self) -> Iterable[range]:
        return (range(len(self._lines)),)


def _breaks(line: str, width: int) -> Iterator[int]:
    """Where the rows of a line begin."""
    if line.isascii():
        yield from range(0, max(len(line), 1), width)
        return
    at = 0
    for piece in chop_cells(line, width) or [""]:
        yield at
        at += len(piece)
