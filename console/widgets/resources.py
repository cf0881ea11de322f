"""The sidebar's table: as many rows as the cluster has, only those in view are drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.style import Style

from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.line_view import LineView
from console.widgets.resource_columns import Columns, ticking
from console.widgets.resource_feed import ResourceFeed
from console.widgets.resource_rows import ResourceRows
from tools.rows import Row, RowsChanged

TICK_SECONDS = 1.0

STRIPS = 500
"""Drawn rows that are kept: scrolling by a line draws one row, not a screenful."""

HEAD = 2
"""Lines above the rows that never scroll away: the state of the feed, and the column names."""


def system_clock() -> datetime:
    return datetime.now(UTC)


class ResourceTable(LineView):
    """A live table. The cursor stays on its resource however rows are sorted, filtered or replaced."""

    BINDING_GROUP_TITLE = "Resources"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "step(1)", "Down", show=False),
        Binding("k,up", "step(-1)", "Up", show=False),
        Binding("g,home", "edge(0)", "First", show=False),
        Binding("G,end", "edge(1)", "Last", show=False),
        Binding("ctrl+d,pagedown", "page(1)", "Page down", show=False),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", show=False),
        Binding("h,left", "slide(-1)", "Columns left", show=False),
        Binding("right", "slide(1)", "Columns right", show=False),
        Binding("space", "mark", "Mark"),
        Binding("enter,d", "open('summary')", "Open"),
        Binding("y", "open('yaml')", "YAML"),
        Binding("l", "open('logs')", "Logs"),
        Binding("e", "open('events')", "Events", show=False),
        Binding("a", "ask", "Ask about it"),
        Binding("s", "sort_next", "Sort"),
        Binding("S", "sort_turn", "Turn order", show=False),
        Binding("U", "unhealthy_first", "Unhealthy first", show=False),
        Binding("M", "unmark", "Unmark all", show=False),
    ]

    @dataclass
    class RowOpened(Message):
        """The operator wants to see this object closely, from one side first."""

        row: Row
        side: str = "summary"

    @dataclass
    class RowAsked(Message):
        """The operator wants to ask the agent about this object."""

        row: Row

    @dataclass
    class MarksChanged(Message):
        """The marked objects, in the order shown."""

        rows: tuple[Row, ...]

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        now: Callable[[], datetime] = system_clock,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(glyphs=glyphs, id=id, classes=classes)
        self._now = now
        self._rows = ResourceRows()
        self._columns = Columns()
        self._feed = ResourceFeed()
        self._ages: dict[str, str] = {}
        self._told = ""
        self._look: tuple[object, ...] = ()
        self._strips: dict[str, tuple[Row, bool, str, Strip]] = {}
        self._styles: dict[str, RichStyle] = {}
        self._cursor = ""
        self._last_position = 0
        self._marks: set[str] = set()
        self.lines_drawn = 0
        """How many rows were drawn so far: what an update costs, independent of the machine."""

    # --- what the console calls ---------------------------------------------------------------------

    def apply(self, change: RowsChanged) -> None:
        """Take a batch of changes in. The cursor stays on its resource."""
        before = self._in_view()
        if change.reset:
            self._columns.forget()
        self._rows.apply(change)
        moved = self._columns.widen(change.columns, change.upserts)
        self._feed.take(change, self._now())
        self._marks.difference_update(change.removed)
        if change.reset:
            self._marks &= {row.uid for row in change.upserts}
        changed = None if moved or change.reset or not before else {row.uid for row in change.upserts}
        self._settle(before, changed)

    def filter_by(self, text: str) -> None:
        """Show only what the filter keeps; empty text shows everything. See `resource_filter`."""
        self._rows.refilter(text)
        self._settle()

    def sort_by(self, column: int, *, descending: bool = False) -> None:
        """Order by a column, counted from 0."""
        self._rows.sort(column, descending=descending)
        self._settle()

    def put_unhealthy_first(self, first: bool) -> None:
        """Bad rows on top, then those that warn, whatever the rest is sorted by."""
        self._rows.put_unhealthy_first(first)
        self._settle()

    def wish(self, first: tuple[str, ...], columns: tuple[str, ...]) -> None:
        """Show rows of these namespaces first, and only these columns; empty for as they come."""
        self._rows.put_first(first)
        self._columns.only(columns)
        self._settle()

    @property
    def cursor_row(self) -> Row | None:
        """The object the cursor is on."""
        return self._rows.get(self._cursor)

    @property
    def marked_rows(self) -> tuple[Row, ...]:
        """The marked objects, those that are filtered out included."""
        return tuple(row for row in self._rows.all() if row.uid in self._marks)

    # --- drawing ------------------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        return HEAD + len(self._rows)

    def render_line(self, y: int) -> Strip:
        if y == 0:
            return self._framed(self._feed_line())
        if y == 1:
            return self._framed(self._header())
        return self.framed_line(y + self.scroll_offset.y)

    def line_strip(self, line: int) -> Strip | None:
        if line < HEAD:
            return self.paint(self._feed_line() if line == 0 else self._header())
        position = line - HEAD
        if position >= len(self._rows):
            said = [] if len(self._rows) else self._feed.instead_of_rows(self._rows, self.line_width)
            return self.paint(said[position]) if position < len(said) else None
        row = self._rows[position]
        here, marked = row.uid == self._cursor, row.uid in self._marks
        self._ages[row.uid] = old = ticking(row, self._now())
        width, ground = self.frame
        look = (width, ground, self.app.theme, self._columns.layout)
        if look != self._look:
            self._look, self._strips, self._styles = look, {}, {}
        if not here and (known := self._strips.get(row.uid)) and known[:3] == (row, marked, old):
            return known[3]
        self.lines_drawn += 1
        pieces = self._columns.row_line(row, marked, width, self._now(), self.glyphs)
        if here:
            base = self.cursor_style
            strip = Strip([Segment(text, self._resolved(style, base)) for text, style in pieces])
            return strip.extend_cell_length(width, (self.visual_style + base).rich_style)
        if len(self._strips) > STRIPS:
            self._strips.clear()
        strip = Strip([Segment(text, self._style(style)) for text, style in pieces])
        self._strips[row.uid] = (row, marked, old, strip)
        return strip

    def _style(self, words: str) -> RichStyle:
        """A style in the theme's words, as the terminal takes it."""
        style = self._styles.get(words)
        if style is None:
            self._styles[words] = style = self._resolved(words)
        return style

    def _resolved(self, words: str, base: Style | None = None) -> RichStyle:
        ground = self.visual_style if base is None else self.visual_style + base
        return (ground + self.app.stylesheet.parse_style(words)).rich_style

    def _framed(self, content: Content) -> Strip:
        return self.paint(content).crop_extend(0, self.line_width, self.visual_style.rich_style)

    def _header(self) -> Content:
        return self._columns.header_line(
            self._rows.sorted_by, self._rows.descending, self.line_width, self.glyphs
        )

    def _feed_line(self) -> Content:
        return self._feed.line(self._rows, self._marks, self.line_width, self._now(), self.glyphs)

    # --- keeping the cursor and the size ------------------------------------------------------------

    @property
    def _body_height(self) -> int:
        return max(self.scrollable_content_region.height - HEAD, 1)

    def _in_view(self) -> list[str]:
        """The resources on the lines of the screen, from the top."""
        top = self.scroll_offset.y
        last = min(top + self._body_height, len(self._rows))
        return [self._rows[position].uid for position in range(top, last)]

    def _settle(self, before: Sequence[str] = (), changed: Collection[str] | None = None) -> None:
        """After any change: the cursor back on its resource, at the same line of the screen if it can be.

        Args:
            before: the resources that were on the screen's lines.
            changed: those whose rows are new; None when every line may look different.
        """
        rows = self._rows
        offset = self._last_position - self.scroll_offset.y
        position = rows.position(self._cursor) if self._cursor else None
        if position is None and len(rows):
            # The resource is gone or filtered out: the one that took its place is nearest.
            position = min(self._last_position, len(rows) - 1)
            self._cursor = rows[position].uid
        elif position is None:
            self._cursor = ""
        if not self.is_attached:
            return
        size = Size(self.line_width, self.line_count)
        if size != self.virtual_size:
            self.virtual_size = size
        scrolled = self.scroll_offset.y
        if position is not None:
            moved = position != self._last_position
            self._last_position = position
            if moved:
                offset = min(max(offset, 0), self._body_height - 1)
                self.scroll_to(y=position - offset, animate=False, immediate=True)
        if changed is None or self.scroll_offset.y != scrolled:
            self.refresh()
            return
        self._tell()
        after = self._in_view()
        for line in range(max(len(before), len(after))):
            was = before[line] if line < len(before) else ""
            now = after[line] if line < len(after) else ""
            if was != now or now in changed:
                self._refresh_line(HEAD + line)

    def _refresh_line(self, line: int) -> None:
        """Draw one line of the screen again."""
        self.refresh(Region(0, line, self.size.width, 1))

    def _tell(self) -> None:
        """Draw the line about the feed again if it says something else by now."""
        told = self._feed_line().plain
        if told != self._told:
            self._told = told
            self._refresh_line(0)

    def on_mount(self) -> None:
        self._settle()
        self.set_interval(TICK_SECONDS, self.tick)

    def tick(self) -> None:
        """Ages are words about now: draw again the lines on which they changed."""
        if not self.is_on_screen:
            return
        self._tell()
        now, seen = self._now(), self._in_view()
        for line, uid in enumerate(seen):
            row = self._rows.get(uid)
            if row is not None and self._ages.get(uid) != ticking(row, now):
                self._refresh_line(HEAD + line)
        self._ages = {uid: self._ages[uid] for uid in seen if uid in self._ages}

    def on_resize(self) -> None:
        self._settle()
        self._reveal()

    # --- keys ---------------------------------------------------------------------------------------

    def action_step(self, count: int) -> None:
        self._go(self._last_position + count)

    def action_edge(self, last: int) -> None:
        self._go(len(self._rows) - 1 if last else 0)

    def action_page(self, direction: int) -> None:
        self._go(self._last_position + direction * max(self._body_height - 1, 1))

    def action_slide(self, count: int) -> None:
        self._columns.slide(count)
        self.refresh()

    def action_mark(self) -> None:
        if self._cursor:
            self._marks ^= {self._cursor}
            self.post_message(self.MarksChanged(self.marked_rows))
            self._go(self._last_position + 1)
            self.refresh()

    def action_unmark(self) -> None:
        self._marks.clear()
        self.post_message(self.MarksChanged(()))
        self.refresh()

    def action_unhealthy_first(self) -> None:
        self.put_unhealthy_first(not self._rows.unhealthy_first)

    def action_open(self, side: str = "summary") -> None:
        if (row := self.cursor_row) is not None:
            self.post_message(self.RowOpened(row, side))

    def action_ask(self) -> None:
        if (row := self.cursor_row) is not None:
            self.post_message(self.RowAsked(row))

    def action_sort_next(self) -> None:
        if self._rows.columns:
            self.sort_by((self._rows.sorted_by + 1) % len(self._rows.columns))

    def action_sort_turn(self) -> None:
        self.sort_by(self._rows.sorted_by, descending=not self._rows.descending)

    def on_click(self, event: events.Click) -> None:
        if event.y == 1:
            column = self._columns.column_at(event.x)
            if column is not None:
                turn = column == self._rows.sorted_by and not self._rows.descending
                self.sort_by(column, descending=turn)
            return
        position = event.y - HEAD + self.scroll_offset.y
        if event.y < HEAD or position >= len(self._rows):
            return
        again = self._rows[position].uid == self._cursor
        self._go(position)
        if again:
            self.action_open()

    def _go(self, position: int) -> None:
        if not len(self._rows):
            return
        before = self._last_position
        self._last_position = min(max(position, 0), len(self._rows) - 1)
        self._cursor = self._rows[self._last_position].uid
        scrolled = self.scroll_offset.y
        self._reveal()
        if self.scroll_offset.y == scrolled:
            for line in {before, self._last_position}:
                self.refresh(Region(0, line - scrolled + HEAD, self.size.width, 1))

    def _reveal(self) -> None:
        view, height = self.scroll_offset.y, self._body_height
        if self._last_position < view:
            self.scroll_to(y=self._last_position, animate=False, immediate=True)
        elif self._last_position >= view + height:
            self.scroll_to(y=self._last_position - height + 1, animate=False, immediate=True)
