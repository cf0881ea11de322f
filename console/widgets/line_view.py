"""A scrolling view that draws its own lines: no widget per row, only what is on the screen is touched."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.content import Content
from textual.geometry import Offset, Region
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style

from console.widgets.glyphs import UNICODE, Glyphs

_PLAIN = str.maketrans("→…“”‘’–—×·", ">~\"\"''--x.")
"""Signs in the agent's and the tools' words, and what stands for them where only ASCII can be drawn."""


class LineView(ScrollView, can_focus=True):
    """Base of the console's long views. Subclasses say how many lines there are and draw one at a time."""

    ALLOW_SELECT: ClassVar[bool] = True

    margin_cells: ClassVar[int] = 0
    """Characters at the start of each line that belong to the view and not to the text."""

    DEFAULT_CSS = """
    LineView {
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
    }
    """

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.glyphs = glyphs
        self._frame: tuple[int, RichStyle] | None = None

    @property
    def line_width(self) -> int:
        """Cells a line can fill."""
        return max(self.scrollable_content_region.width, 1)

    @property
    def cursor_style(self) -> Style:
        """The ground under the line the cursor is on; stronger while the view has the keyboard."""
        strength = "55%" if self.has_focus else "25%"
        return self.app.stylesheet.parse_style(f"on $primary {strength}")

    def line_strip(self, line: int) -> Strip | None:
        """Line number `line` of the whole content, None below its end."""
        raise NotImplementedError

    @property
    def line_count(self) -> int:
        """Lines of the whole content."""
        raise NotImplementedError

    def paint(self, content: Content, base: Style | None = None) -> Strip:
        """One line of content as a strip, styles resolved against the theme."""
        ground = self.visual_style if base is None else self.visual_style + base
        parse = self.app.stylesheet.parse_style
        plain = self.glyphs.name == "ascii"
        return Strip(
            [
                Segment(text.translate(_PLAIN) if plain else text, style.rich_style)
                for text, style in content.render(ground, end="", parse_style=parse)
                if text
            ]
        )

    def render_lines(self, crop: Region) -> list[Strip]:
        # Width and ground are looked up once for all these lines.
        self._frame = self.line_width, self.visual_style.rich_style
        try:
            return super().render_lines(crop)
        finally:
            self._frame = None

    def render_line(self, y: int) -> Strip:
        return self.framed_line(y + self.scroll_offset.y)

    @property
    def frame(self) -> tuple[int, RichStyle]:
        """How wide a line is, and the style of the ground under it."""
        return self._frame or (self.line_width, self.visual_style.rich_style)

    def framed_line(self, line: int) -> Strip:
        """Line `line`, cut or filled to the view's width, with the operator's mouse selection on it."""
        width, ground = self.frame
        strip = self.line_strip(line)
        if strip is None:
            return Strip.blank(width, ground)
        strip = self._selected(strip, line)
        return strip.crop_extend(0, width, ground).apply_offsets(0, line)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text under the mouse selection, without the padding at the ends of lines."""
        last = self.line_count - 1
        start = selection.start or Offset(0, 0)
        end = selection.end or Offset(self.line_width, last)
        strips = [self.line_strip(line) for line in range(start.y, min(end.y, last) + 1)]
        lines = ["" if strip is None else strip.text[self.margin_cells :] for strip in strips]
        if not lines:
            return "", "\n"
        if end.y <= last:
            lines[-1] = lines[-1][: max(end.x - self.margin_cells, 0)]
        lines[0] = lines[0][max(start.x - self.margin_cells, 0) :]
        return "\n".join(line.rstrip() for line in lines), "\n"

    def _selected(self, strip: Strip, line: int) -> Strip:
        selection = self.text_selection
        span = selection.get_span(line) if selection is not None else None
        if span is None:
            return strip
        start = strip.index_to_cell_position(min(span[0], len(strip.text)))
        end = strip.cell_length
        if span[1] != -1:
            end = strip.index_to_cell_position(min(span[1], len(strip.text)))
        if start >= end:
            return strip
        ground = self.screen.get_component_rich_style("screen--selection")
        before, inside, after = strip.crop(0, start), strip.crop(start, end), strip.crop(end)
        marked = Strip([segment._replace(style=(segment.style or ground) + ground) for segment in inside])
        return Strip.join([before, marked, after])
