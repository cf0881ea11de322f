"""Logs as they are written: a bounded ring of lines that stays smooth however fast they come."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.reading_view import ReadingView
from console.widgets.safe_text import safe_line

if TYPE_CHECKING:
    from tools.kubernetes.live.workload_logs import LogBatch, LogLine, LogSource

RING = 20_000
"""Lines that are kept; older ones make room."""
_SLACK = 1_000
"""The ring is shortened by so many at a time."""

_COLOURS = (
    "$text-primary",
    "$text-accent",
    "$text-success",
    "$text-warning",
    "$text-secondary",
    "$text-error",
)
_BAD = re.compile(r"\b(?:error|fatal|panic|critical|exception)\b", re.IGNORECASE)
_WARNING = re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE)


class LogView(ReadingView):
    """Shows lines from several containers, each under its name, and stays at the end while it is there.

    Args:
        workload: the name whose pods these are; it is left out of their names.
    """

    def __init__(self, workload: str = "", *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(glyphs=glyphs, id=id)
        self.sources: tuple[LogSource, ...] = ()
        self.following = True
        self.paused = False
        self.stamps = False
        self.only: int | None = None
        """The source that is shown alone, if one is."""
        self._workload = workload
        self._ring: list[LogLine] = []
        self._texts: list[str] = []
        self._first = 0
        self._waiting: list[LogLine] = []
        self._unseen = 0
        self._placing = False

    # --- what comes in -------------------------------------------------------------------------------

    def take(self, batch: LogBatch) -> None:
        """Add a batch; while paused it waits."""
        if batch.sources != self.sources:
            renamed = len(batch.sources) != len(self.sources)
            self.sources = batch.sources
            if renamed:
                self._name_anew()
        if self.paused:
            self._waiting += batch.lines
            del self._waiting[:-RING]
        elif batch.lines:
            self._append(batch.lines)
        self.post_message(self.Moved())

    def begin_anew(self) -> None:
        """Forget everything: another log follows."""
        self._ring, self._texts, self._waiting = [], [], []
        self.sources, self.only = (), None
        self._first = self._unseen = 0
        self.following, self.paused = True, False
        self.search("")
        self.lay_out()

    # --- what the operator does ------------------------------------------------------------------------

    def pause(self) -> None:
        """Hold the lines that come, or let them in."""
        self.paused = not self.paused
        if not self.paused and self._waiting:
            lines, self._waiting = self._waiting, []
            self._append(lines)
        self.post_message(self.Moved())

    def follow(self) -> None:
        """Go to the end and stay there, or stay here."""
        self.following = not self.following
        if self.following:
            self._to_end()
        self.post_message(self.Moved())

    def toggle_stamps(self) -> None:
        """Show the times the lines were written at, or leave them out."""
        self.stamps = not self.stamps
        self._name_anew()

    def next_source(self) -> None:
        """Show one container alone, then the next, then all again."""
        following = 0 if self.only is None else self.only + 1
        self.only = following if following < len(self.sources) else None
        self.lay_out()
        if self.sought:
            self.search(self.sought)
        if self.following:
            self._to_end()

    @property
    def text(self) -> str:
        """The lines that are kept, to be copied."""
        lines = [self.line_text(number) for stretch in self.numbers() for number in stretch]
        return "\n".join(lines) + "\n" if lines else ""

    @property
    def standing(self) -> str:
        """How the log stands, in a line of words."""
        states = [source.state.value for source in self.sources]
        counted = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
        parts = [
            f"paused, {len(self._waiting):,} lines wait" if self.paused else "",
            "" if self.paused else "following" if self.following else "held here",
            f"{self._unseen:,} new lines {self.glyphs.down}" if self._unseen and not self.following else "",
            f"{len(self.sources)} container{'s' if len(self.sources) != 1 else ''} ({', '.join(counted)})"
            if len(self.sources) > 1
            else ", ".join(states),
            f"only {self._label(self.only)}" if self.only is not None else "",
            f"{len(self._ring):,} lines{' (the latest)' if self._first else ''}",
            "" if self.wrapping else "not wrapped",
            self.found,
        ]
        return "  ".join(part for part in parts if part)

    # --- what is shown -----------------------------------------------------------------------------------

    def line_text(self, number: int) -> str:
        return self._texts[number - self._first]

    def line_content(self, number: int) -> Content:
        line, text = self._ring[number - self._first], self.line_text(number)
        content = Content(text)
        head = len(text) - len(self._body(line))
        if line.note:
            content = content.stylize("italic $text-muted", head, len(text))
        elif _BAD.search(text, head):
            content = content.stylize("$text-error", head, len(text))
        elif _WARNING.search(text, head):
            content = content.stylize("$text-warning", head, len(text))
        if head:
            content = content.stylize(_COLOURS[line.source % len(_COLOURS)], 0, head)
        return content

    def numbers(self) -> Iterable[range]:
        end = self._first + len(self._ring)
        if self.only is None:
            return (range(self._first, end),)
        return (
            range(number, number + 1)
            for number, line in enumerate(self._ring, self._first)
            if line.source == self.only
        )

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._placing:
            return
        was = self.following
        if new_value < old_value:
            self.following = False
        elif new_value >= self.max_scroll_y:
            self.following, self._unseen = True, 0
        if was is not self.following:
            self.post_message(self.Moved())

    def on_resize(self) -> None:
        super().on_resize()
        if self.following:
            self._to_end()

    def _append(self, lines: Sequence[LogLine]) -> None:
        start = self._first + len(self._ring)
        self._ring += lines
        self._texts += map(self._shown, lines)
        top = self.scroll_offset.y
        if self.is_mounted and self.line_width > 1:
            if self.only is None:
                self.appended(range(start, start + len(lines)))
            else:
                for number, line in enumerate(lines, start):
                    if line.source == self.only:
                        self.appended(range(number, number + 1))
            self._make_room(top)
        if self.following:
            self._to_end()
        else:
            self._unseen += len(lines)

    def _make_room(self, top: int) -> None:
        """Let go of the oldest lines; what is being read stays where it is."""
        gone = 0
        if len(self._ring) > RING + _SLACK:
            extra = len(self._ring) - RING
            del self._ring[:extra]
            del self._texts[:extra]
            self._first += extra
            gone = self.dropped(self._first)
        self._placing = True
        self.resized_content()
        if gone and not self.following:
            self.scroll_to(y=max(top - gone, 0), animate=False, immediate=True)
        self._placing = False

    def _to_end(self) -> None:
        self._unseen = 0
        self._placing = True
        self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)
        self._placing = False

    def _name_anew(self) -> None:
        """The words before the lines are others now."""
        self._texts = [self._shown(line) for line in self._ring]
        if self.is_mounted:
            self.lay_out()
            if self.sought:
                self.search(self.sought)
            if self.following:
                self._to_end()

    def _shown(self, line: LogLine) -> str:
        when = f"{line.at[11:23]:12} " if self.stamps else ""
        name = f"{self._label(line.source)} " if len(self.sources) > 1 else ""
        return f"{when}{name}{self._body(line)}"

    def _body(self, line: LogLine) -> str:
        return f"{self.glyphs.note} {safe_line(line.text)}" if line.note else safe_line(line.text)

    def _label(self, place: int) -> str:
        """A container's name as short as it stays clear: what the pods have in common is left out."""
        if place >= len(self.sources):
            return ""
        source = self.sources[place]
        pod = source.pod.removeprefix(f"{self._workload}-") or source.pod
        several = len({entry.container for entry in self.sources}) > 1
        return safe_line(f"{pod} {source.container}" if several else pod)
