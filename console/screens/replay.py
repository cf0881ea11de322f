"""A session again, from its events: at the speed it happened or faster, event by event, or all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Static

from agent.events import Recorded
from agent.folding import fold_all
from agent.state import SessionState
from console.actions import Where, bindings
from console.widgets.footer import KeyFooter
from console.widgets.glyphs import Glyphs
from console.widgets.plan_tree import PlanTree
from console.widgets.safe_text import safe_line
from console.widgets.transcript import Transcript

SPEEDS = (1, 2, 4, 8, 16, 64)
LONGEST_WAIT = 2.0
"""Seconds; nobody wants to wait through a lunch break again."""


class ReplayScreen(ModalScreen[int | None]):
    """Plays events that are over. Nothing here reaches a cluster.

    Args:
        title: the session's.
        events: all of its events, oldest first.
        at_end: begin with everything shown, to read.
        forks: whether a new session may go on from an event; the screen gives that event's number.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.REPLAY)]

    def __init__(
        self, title: str, events: Sequence[Recorded], glyphs: Glyphs, *, at_end: bool, forks: bool = False
    ) -> None:
        super().__init__()
        self._heading = title
        self._forks = forks
        self._events = tuple(events)
        self._at = len(self._events) if at_end else 0
        self._state = SessionState()
        self._speed = SPEEDS.index(4)
        self._timer: Timer | None = None
        self._playing = False
        self._transcript = Transcript(glyphs=glyphs, id="replay-transcript")
        self._tree = PlanTree(glyphs=glyphs, id="replay-tree")
        self._line = Static("", id="replay-line", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static(f"Replay: {safe_line(self._heading)}", classes="dialog-title", markup=False)
            with Horizontal(id="replay-body"):
                yield self._transcript
                yield self._tree
            yield self._line
            yield KeyFooter()

    def on_mount(self) -> None:
        self._transcript.focus()
        self._show(range(self._at))
        if self._at == 0:
            self.action_play()

    @property
    def position(self) -> int:
        """How many events are shown."""
        return self._at

    def action_play(self) -> None:
        self._playing = not self._playing and self._at < len(self._events)
        self._plan_next()

    def action_step_on(self) -> None:
        self._hold()
        self._go(self._at + 1)

    def action_step_back(self) -> None:
        self._hold()
        self._go(self._at - 1)

    def action_to_end(self) -> None:
        self._hold()
        self._go(len(self._events))

    def action_to_start(self) -> None:
        self._hold()
        self._go(0)

    def action_faster(self) -> None:
        self._speed = min(self._speed + 1, len(SPEEDS) - 1)
        self._plan_next()

    def action_slower(self) -> None:
        self._speed = max(self._speed - 1, 0)
        self._plan_next()

    def action_switch_pane(self) -> None:
        (self._tree if self._transcript.has_focus else self._transcript).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return (self._forks and self._at > 0) if action == "fork_here" else True

    def action_fork_here(self) -> None:
        self._hold()
        self.dismiss(self._events[self._at - 1].seq)

    def action_close_replay(self) -> None:
        self.dismiss(None)

    def on_transcript_copy_requested(self, event: Transcript.CopyRequested) -> None:
        self.app.copy_to_clipboard(event.text)

    def _hold(self) -> None:
        self._playing = False

    def _go(self, to: int) -> None:
        to = min(max(to, 0), len(self._events))
        if to < self._at:
            # Events only fold forwards: going back is starting again.
            self._state = SessionState()
            self._transcript.clear()
            shown = range(to)
        else:
            shown = range(self._at, to)
        self._at = to
        self._show(shown)
        self._plan_next()

    def _show(self, which: range) -> None:
        events = self._events[which.start : which.stop]
        self._state = fold_all(self._state, events)
        self._transcript.feed_all(events)
        self._tree.show(self._state.current)
        self._tree.display = self._state.current is not None
        self._tell()

    def _tell(self) -> None:
        done = f"event {self._at} of {len(self._events)}"
        when = f"  {self._events[self._at - 1].at.astimezone():%Y-%m-%d %H:%M:%S}" if self._at else ""
        doing = f"playing {SPEEDS[self._speed]} times as fast" if self._playing else "held"
        self._line.update(f"{done}{when}  {doing}")

    def _plan_next(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._at >= len(self._events):
            self._playing = False
        if self._playing:
            gap = 0.0
            if self._at:
                gap = (self._events[self._at].at - self._events[self._at - 1].at).total_seconds()
            wait = min(max(gap, 0.0) / SPEEDS[self._speed], LONGEST_WAIT)
            self._timer = self.set_timer(max(wait, 0.02), self._next)
        self._tell()

    def _next(self) -> None:
        self._timer = None
        self._go(self._at + 1)
