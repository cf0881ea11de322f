"""The sidebar's table: as many rows as the cluster has, only those in view are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.line_view import LineView
from console.widgets.resource_columns import Columns
from console.widgets.resource_feed import feed_look
from console.widgets.resource_rows import ResourceRows
from tools.rows import FeedState, Row, RowsChanged

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
        Binding("l,right", "slide(1)", "Columns right", show=False),
        Binding("space", "mark", "Mark"),
        Binding("enter", "open", "Open"),
        Binding("a", "ask", "Ask about it"),
        Binding("s", "sort_next", "Sort"),
        Binding("S", "sort_turn", "Turn order", show=False),
    ]

    @dataclass
    class RowOpened(Message):
        """The operator wants to see this object closely."""

        row: Row

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
        self._state, self._detail = FeedState.CONNECTING, ""
        self._since: datetime | None = None
        self._cursor = ""
        self._last_position = 0
        self._marks: set[str] = set()
        self.lines_drawn = 0
        """How many rows were drawn so far: what an update costs, independent of the machine."""

    # --- what the console calls ---------------------------------------------------------------------

    def apply(self, change: RowsChanged) -> None:
        """Take a batch of changes in. The cursor stays on its resource."""
        if change.reset:
            self._columns.forget()
        self._rows.apply(change)
        self._columns.widen(change.columns, change.upserts)
        if change.state is not self._state or change.detail != self._detail:
            self._since = change.at or self._now()
        self._state, self._detail = change.state, change.detail
        self._marks &= {uid for uid in self._marks if self._rows.get(uid) is not None}
        self._settle()

    def filter_by(self, text: str) -> None:
        """Show only what the filter keeps; empty text shows everything. See `resource_filter`."""
        self._rows.refilter(text)
        self._settle()

    def sort_by(self, column: int, *, descending: bool = False) -> None:
        """Order by a column, counted from 0."""
        self._rows.sort(column, descending=descending)
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
            if position == 0 and self._state is not FeedState.CONNECTING:
                return self.paint(Content.styled(self._nothing(), "$foreground-muted"))
            return None
        row = self._rows[position]
        self.lines_drawn += 1
        content = self._columns.row_line(
            row, row.uid in self._marks, self.line_width, self._now(), self.glyphs
        )
        if row.uid != self._cursor:
            return self.paint(content)
        base = self.cursor_style
        return self.paint(content, base).extend_cell_length(
            self.line_width, (self.visual_style + base).rich_style
        )

    def _framed(self, content: Content) -> Strip:
        return self.paint(content).crop_extend(0, self.line_width, self.visual_style.rich_style)

    def _header(self) -> Content:
        return self._columns.header_line(
            self._rows.sorted_by, self._rows.descending, self.line_width, self.glyphs
        )

    def _feed_line(self) -> Content:
        look = feed_look(self._state, self._detail, self._since, self.glyphs)
        count = (
            f"{len(self._rows):,}"
            if len(self._rows) == self._rows.total
            else (f"{len(self._rows):,} of {self._rows.total:,}")
        )
        parts = [Content.styled(f"{look.glyph} {look.word}", look.style)]
        if self._state not in (FeedState.CONNECTING, FeedState.FAILED):
            parts.append(Content.styled(count, "$foreground-muted"))
        if self._marks:
            parts.append(Content.styled(f"{len(self._marks)} marked", "$text-primary"))
        if self._rows.filter.text:
            parts.append(Content.styled(f"/{self._rows.filter.text}", "$text-accent"))
        line = Content("  ").join(parts)
        return line if line.cell_length <= self.line_width else line.truncate(self.line_width, ellipsis=True)

    def _nothing(self) -> str:
        if self._rows.total:
            return f"None of {self._rows.total:,} matches /{self._rows.filter.text}"
        return "Nothing here."

    # --- keeping the cursor and the size ------------------------------------------------------------

    @property
    def _body_height(self) -> int:
        return max(self.scrollable_content_region.height - HEAD, 1)

    def _settle(self) -> None:
        """After any change: the cursor back on its resource, at the same line of the screen if it can be."""
        rows = self._rows
        before = self._last_position - self.scroll_offset.y
        position = rows.position(self._cursor) if self._cursor else None
        if position is None and len(rows):
            # The resource is gone or filtered out: the one that took its place is nearest.
            position = min(self._last_position, len(rows) - 1)
            self._cursor = rows[position].uid
        elif position is None:
            self._cursor = ""
        if not self.is_attached:
            return
        self.virtual_size = Size(self.line_width, self.line_count)
        if position is not None:
            moved = position != self._last_position
            self._last_position = position
            if moved:
                offset = min(max(before, 0), self._body_height - 1)
                self.scroll_to(y=position - offset, animate=False, immediate=True)
        self.refresh()

    def on_mount(self) -> None:
        self._settle()
        # Ages are words about now.
        self.set_interval(10.0, self.refresh)

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

    def action_open(self) -> None:
        if (row := self.cursor_row) is not None:
            self.post_message(self.RowOpened(row))

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
