"""The conversation: one virtual view of everything said, found out and decided.

Finished lines are frozen as strips; only the block that is being written is drawn again, at most
fifteen times a second. A reader who scrolled up is never moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from agent.events import Recorded
from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.line_view import LineView
from console.widgets.transcript_behind import PAUSE, Behind, split
from console.widgets.transcript_column import Column, Paper
from console.widgets.transcript_fold import TranscriptFold

REPAINT_EVERY = 1 / 15
"""Seconds between two repaints while text streams in."""

AT_ONCE = 40
"""Entries painted per step while the rest of a long session catches up."""

NEAR = 6
"""Lines between a question and its answer up to which both are shown."""

GUTTER = 2
"""Cells left of the text, where the cursor stands."""


class Transcript(LineView):
    """Shows a session. Feed it every event; it posts what the operator wants done with an entry."""

    margin_cells: ClassVar[int] = GUTTER

    BINDING_GROUP_TITLE = "Transcript"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "step(1)", "Down", show=False),
        Binding("k,up", "step(-1)", "Up", show=False),
        Binding("g,home", "top", "Top", show=False),
        Binding("G,end", "bottom", "Bottom", show=False),
        Binding("ctrl+d,pagedown", "half_page(1)", "Half a page down", show=False),
        Binding("ctrl+u,pageup", "half_page(-1)", "Half a page up", show=False),
        Binding("space", "unfold", "Unfold"),
        Binding("enter", "open", "Open"),
        Binding("y", "copy", "Copy"),
    ]

    @dataclass
    class CopyRequested(Message):
        """The operator wants this text in the clipboard."""

        text: str

    @dataclass
    class BlockOpened(Message):
        """The operator wants to see more of the event with this number."""

        seq: int

    def __init__(
        self, *, glyphs: Glyphs = UNICODE, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(glyphs=glyphs, id=id, classes=classes)
        self._fold = TranscriptFold()
        self._column = Column()
        self._changed: set[int] = set()
        self._moving = False
        self._repaint: Timer | None = None
        self._catch_up: Timer | None = None
        self._behind: Behind | None = None
        self._read_on: Timer | None = None
        self._sheet: Paper | None = None
        self._following = True
        self._read = (0, 0)
        self._asked = 0
        """The entry with the last question."""
        self._answer: int | None = None
        """The entry with an answer that came in one piece and was not shown yet."""
        self._drawn: Paper | None = None
        self._cursor: int | None = None
        """None: the newest entry, whichever that is."""

    # --- what the console calls ---------------------------------------------------------------------

    def feed(self, recorded: Recorded) -> None:
        """Take one event of the session, stored or live. Cheap: painting follows by itself."""
        for entry in self._fold.take(recorded):
            index = self._column.place(entry)
            self._changed.add(index)
            if recorded.event.kind == "said":
                self._asked, self._answer = index, None
            elif recorded.event.kind == "answer_given":
                self._answer = index
        if self._changed and self._repaint is None and self.is_attached:
            self._repaint = self.set_timer(REPAINT_EVERY, self.flush)

    def feed_all(self, many: Sequence[Recorded]) -> None:
        """Take many events at once. Of a long history the end stands there at once, the rest a moment later."""
        earlier, recent = (many, []) if len(self._column) else split(many)
        if recent:
            self._behind = Behind(earlier, self._fold)
            self._read_on = self.set_timer(PAUSE, self._read_back)
        for recorded in recent or many:
            self.feed(recorded)

    def flush(self) -> None:
        """Paint now what was fed and is not painted yet; out of sight, that waits."""
        if self._repaint is not None:
            self._repaint.stop()
            self._repaint = None
        if not self.scrollable_content_region.width:
            return
        paper = self._paper()
        # Entries that were never painted wait until they come into view.
        again = [index for index in self._changed if not self._column.is_stale(index, paper)]
        self._changed.clear()
        self._show(again)
        self._rest_at_answer()

    def clear(self) -> None:
        """Forget everything: another session follows."""
        self._fold, self._column = TranscriptFold(), Column()
        if self._read_on is not None:
            self._read_on.stop()
        self._behind = self._read_on = None
        self._changed.clear()
        self._following, self._read, self._cursor = True, (0, 0), None
        self._asked, self._answer = 0, None
        self._show([])

    @property
    def following(self) -> bool:
        """Whether the view moves along with what is being said."""
        return self._following

    @property
    def catching_up(self) -> bool:
        """Whether parts that are out of view are still being painted in the background."""
        return bool(self._changed) or self._catch_up is not None or self._behind is not None

    @property
    def unread(self) -> int:
        """Lines that came since the reader scrolled up."""
        if self._following or not len(self._column):
            return 0
        return max(self._column.height - 1 - self._column.line_of(*self._read), 0)

    @property
    def cursor(self) -> int:
        """Index of the entry that keys act on."""
        last = len(self._column) - 1
        return last if self._cursor is None else min(self._cursor, last)

    # --- painting ---------------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        return self._column.height

    def line_strip(self, line: int) -> Strip | None:
        strip = self._column.strip(line)
        if strip is None:
            return None
        return Strip.join([self._gutter(line), strip])

    def render_line(self, y: int) -> Strip:
        if self.unread and y == self.scrollable_content_region.height - 1:
            return self._news()
        return super().render_line(y)

    def _paper(self) -> Paper:
        tone = (self.visual_style, self.app.theme, self.glyphs.name)
        paper = Paper(max(self.line_width - GUTTER, 8), tone, self.glyphs, self.paint)
        if self._sheet is None or self._sheet != paper:
            self._sheet = paper
        return self._sheet

    def _show(self, again: list[int], place: tuple[int, int] | None = None) -> None:
        """Paint these entries and whatever is in view, keeping the reader's place (`place`, if it moved)."""
        column, paper = self._column, self._paper()
        anchor, shown = place or column.at(self.scroll_offset.y), self._in_view()
        column.paint(again, paper)
        while stale := self._stale_in_view(anchor, paper):
            column.paint(stale, paper)
        self._moving = True
        self.virtual_size = Size(self.line_width, column.height)
        y = self.max_scroll_y if self._following else column.line_of(*anchor)
        if y != self.scroll_offset.y:
            self.scroll_to(y=y, animate=False, immediate=True, force=True)
        self._moving = False
        if self._catch_up is None and column.any_stale(paper):
            self._catch_up = self.set_timer(REPAINT_EVERY, self._paint_some)
        self._refresh_changed(shown)

    def _rest_at_answer(self) -> None:
        """Leave a long answer that came at once where its reading begins; what is written live is followed."""
        if self._answer is None or not self._following:
            return
        top, asked = self._column.top(self._answer), self._column.top(self._asked)
        self._answer = None
        if top - asked <= NEAR:
            top = asked
        if top < self.max_scroll_y:
            self.scroll_to(y=top, animate=False, immediate=True, force=True)
            self._show([])

    def _in_view(self) -> tuple[Paper | None, int, list[Strip | None]]:
        """What stands on the screen: the paper it was painted for, the first line, the strips."""
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        return self._drawn, top, [self._column.strip(line) for line in range(top, top + height)]

    def _refresh_changed(self, before: tuple[Paper | None, int, list[Strip | None]]) -> None:
        """Draw again the lines that differ; where the view moved, that is all of them."""
        self._drawn = self._sheet
        after = self._in_view()
        if before[:2] != after[:2]:
            self.refresh()
            return
        changed = [
            nth for nth, pair in enumerate(zip(before[2], after[2], strict=True)) if pair[0] != pair[1]
        ]
        if not self._following:
            changed.append(len(after[2]) - 1)  # the line that counts what is unread
        if changed:
            self.refresh_lines(after[1] + changed[0], changed[-1] - changed[0] + 1)

    def _stale_in_view(self, anchor: tuple[int, int], paper: Paper) -> list[int]:
        column = self._column
        height = max(self.scrollable_content_region.height, 1)
        start = column.height - height if self._following else column.line_of(*anchor)
        first, last = column.at(start)[0], column.at(start + height)[0]
        return [index for index in range(first, last + 1) if column.is_stale(index, paper)]

    def _read_back(self) -> None:
        """Read on in what came before; once all of it is read, put it above, keeping the reader's place."""
        assert self._behind is not None
        if not self._behind.read_on():
            self._read_on = self.set_timer(PAUSE, self._read_back)
            return
        entries, self._behind, self._read_on = self._behind.entries, None, None
        anchor = self._column.at(self.scroll_offset.y)
        count = self._column.prepend(entries)
        self._changed = {index + count for index in self._changed}
        self._read = (self._read[0] + count, self._read[1])
        if self._cursor is not None:
            self._cursor += count
        self._show([], (anchor[0] + count, anchor[1]))

    def _paint_some(self) -> None:
        """Paint a few entries that are out of view, the newest first."""
        self._catch_up = None
        paper = self._paper()
        stale = (index for index in reversed(range(len(self._column))) if self._column.is_stale(index, paper))
        self._show(list(islice(stale, AT_ONCE)))

    def _gutter(self, line: int) -> Strip:
        shown = self.has_focus or self._cursor is not None
        if not shown or self._column.at(line)[0] != self.cursor or line < self._column.top(self.cursor):
            return self.paint(Content(" " * GUTTER))
        style = "bold $primary" if self.has_focus else "$foreground 40%"
        return self.paint(Content.styled(self.glyphs.cursor.ljust(GUTTER), style))

    def _news(self) -> Strip:
        count = self.unread
        words = f" {count} new line{'' if count == 1 else 's'} {self.glyphs.down} "
        strip = self.paint(Content.styled(words, "bold $text on $primary"))
        left = max((self.line_width - strip.cell_length) // 2, 0)
        blank = self.visual_style.rich_style
        padded = Strip([Segment(" " * left, blank), *strip], left + strip.cell_length)
        return padded.crop_extend(0, self.line_width, blank)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_attached and len(self._column):
            self.call_later(self._show, [])

    def on_resize(self) -> None:
        self.flush()

    def on_mount(self) -> None:
        self._show([])
        self.flush()

    # --- moving ---------------------------------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._moving or not self.is_attached:
            return
        self._set_following(round(new_value) >= self.max_scroll_y)
        if self._stale_in_view(self._column.at(round(new_value)), self._paper()):
            self.call_later(self._show, [])

    def _set_following(self, following: bool) -> None:
        if self._following and not following:
            self._read = self._column.at(self._column.height - 1)
        self._following = following

    def action_step(self, lines: int) -> None:
        """Move to the next entry, or through this one where it is longer than the view."""
        if not len(self._column):
            return
        top, bottom = self._column.top(self.cursor), self._column.bottom(self.cursor)
        view, height = self.scroll_offset.y, self.scrollable_content_region.height
        if bottom <= view or top >= view + height:
            self._move_cursor(self._column.at(view if lines > 0 else view + height - 1)[0])
        elif (lines > 0 and bottom > view + height) or (lines < 0 and top < view):
            self.scroll_to(y=view + lines, animate=False, immediate=True)
        else:
            self._move_cursor(self.cursor + lines)

    def action_top(self) -> None:
        self._move_cursor(0)
        self.scroll_to(y=0, animate=False, immediate=True)

    def action_bottom(self) -> None:
        self._cursor = None
        self._set_following(True)
        self._show([])

    def action_half_page(self, direction: int) -> None:
        half = max(self.scrollable_content_region.height // 2, 1)
        self.scroll_to(y=self.scroll_offset.y + direction * half, animate=False, immediate=True)
        view, height = self.scroll_offset.y, self.scrollable_content_region.height
        if not view <= self._column.top(self.cursor) < view + height:
            self._cursor = None if self._following else self._column.at(view)[0]
        self.refresh()

    def action_unfold(self) -> None:
        if len(self._column) and self._column.entry(self.cursor).foldable:
            self._toggle(self.cursor)

    def action_open(self) -> None:
        if not len(self._column):
            return
        entry = self._column.entry(self.cursor)
        if entry.foldable:
            self._toggle(self.cursor)
        elif entry.seq is not None:
            self.post_message(self.BlockOpened(entry.seq))

    def action_copy(self) -> None:
        if len(self._column):
            self.post_message(self.CopyRequested(self._column.entry(self.cursor).text()))

    def on_click(self, event: events.Click) -> None:
        if not len(self._column):
            return
        if self.unread and event.y == self.scrollable_content_region.height - 1:
            self.action_bottom()
            return
        line = event.y + self.scroll_offset.y
        index = self._column.at(line)[0]
        self._move_cursor(index)
        if line == self._column.top(index) and self._column.entry(index).foldable:
            self._toggle(index)

    def _toggle(self, index: int) -> None:
        """Unfold or fold in place: the entry's first line stays where it is."""
        self._column.entry(index).toggle()
        self._set_following(False)
        self._show([index])
        self._set_following(self.scroll_offset.y >= self.max_scroll_y)

    def _move_cursor(self, index: int) -> None:
        last = len(self._column) - 1
        index = min(max(index, 0), last)
        self._cursor = None if index == last else index
        top, bottom = self._column.top(index), self._column.bottom(index)
        view, height = self.scroll_offset.y, self.scrollable_content_region.height
        if top < view or bottom - top >= height:
            self.scroll_to(y=top, animate=False, immediate=True)
        elif bottom > view + height:
            self.scroll_to(y=bottom - height, animate=False, immediate=True)
        self.refresh()
