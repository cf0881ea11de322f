"""The plan as it stands: every step with its state, attempt, time, cause and result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from agent.plan import DraftStep, PlanStatus, Step, StepState
from agent.state import PlanProgress
from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.line_view import LineView
from console.widgets.plan_layout import Place, arrange
from console.widgets.plan_rows import StepRow, head_lines, step_lines


def system_clock() -> datetime:
    return datetime.now(UTC)


class PlanTree(LineView):
    """Shows one plan. The cursor stays on its step, whatever happens around it."""

    BINDING_GROUP_TITLE = "Plan"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "step(1)", "Down", show=False),
        Binding("k,up", "step(-1)", "Up", show=False),
        Binding("g,home", "step(-10000)", "First", show=False),
        Binding("G,end", "step(10000)", "Last", show=False),
        Binding("ctrl+d,pagedown", "step(10)", "Ten down", show=False),
        Binding("ctrl+u,pageup", "step(-10)", "Ten up", show=False),
        Binding("space", "mark", "Mark step"),
        Binding("enter", "open", "Details"),
    ]

    @dataclass
    class StepOpened(Message):
        """The operator wants to see this step's details."""

        step_id: str

    @dataclass
    class MarksChanged(Message):
        """These steps, in plan order, would be approved by approving what is marked."""

        step_ids: tuple[str, ...]

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
        self._progress: PlanProgress | None = None
        self._places: list[Place[Step]] | list[Place[DraftStep]] = []
        self._struck: frozenset[str] = frozenset()
        self._cursor = ""
        self._lines: list[tuple[str, Content]] = []
        self._ticking: Timer | None = None

    # --- what the console calls ---------------------------------------------------------------------

    def show(self, progress: PlanProgress | None, drafts: Sequence[DraftStep] = ()) -> None:
        """Show a plan's progress, or the steps written so far while there is no plan yet."""
        known = self._progress
        if progress is None or known is None or known.plan.id != progress.plan.id:
            self._struck = frozenset()
        self._progress = progress
        self._places = arrange(progress.plan.steps) if progress is not None else arrange(tuple(drafts))
        ids = [place.step.id for place in self._places]
        if self._cursor not in ids:
            self._cursor = ids[0] if ids else ""
        if self.is_attached:
            self._lay_out()

    @property
    def cursor(self) -> str:
        """Id of the step the cursor is on, empty when there is none."""
        return self._cursor

    @property
    def marks(self) -> tuple[str, ...]:
        """Steps that are not struck, in plan order; empty when nothing waits for a decision."""
        if not self._deciding or self._progress is None:
            return ()
        return tuple(step.id for step in self._progress.plan.steps if step.id not in self._struck)

    # --- drawing ------------------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        return len(self._lines)

    def line_strip(self, line: int) -> Strip | None:
        if not 0 <= line < len(self._lines):
            return None
        step_id, content = self._lines[line]
        if step_id and step_id == self._cursor:
            base = self.cursor_style
            strip = self.paint(content, base)
            return strip.extend_cell_length(self.line_width, (self.visual_style + base).rich_style)
        return self.paint(content)

    def _lay_out(self) -> None:
        width, now = self.line_width, self._now()
        lines = [
            ("", line) for line in head_lines(self._progress, len(self._places), width, now, self.glyphs)
        ]
        for place in self._places:
            progress = self._progress.of(place.step.id) if self._progress else None
            marked = place.step.id not in self._struck if self._deciding else None
            row = StepRow(
                place.step,
                place.levels,
                place.opens,
                place.after,
                progress,
                marked,
                self._beside(place.step.id),
            )
            lines += [(place.step.id, line) for line in step_lines(row, width, now, self.glyphs)]
        self._lines = lines
        self.virtual_size = Size(width, len(lines))
        self._tick_while_running()
        self.refresh()

    def _beside(self, step_id: str) -> str:
        """How a step stands to the failed plan before, while that matters for the decision."""
        if self._progress is None or self._progress.difference is None or not self._deciding:
            return ""
        difference = self._progress.difference
        if step_id in difference.kept:
            return "approved before"
        return "changed" if step_id in difference.changed else "new"

    def _tick_while_running(self) -> None:
        """The clock ticks only while a figure on the screen depends on it."""
        busy = {StepState.RUNNING, StepState.CHECKING, StepState.RETRYING}
        progress = self._progress
        running = progress is not None and any(step.state in busy for step in progress.steps.values())
        if running and self._ticking is None:
            self._ticking = self.set_interval(1.0, self._lay_out)
        elif not running and self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    @property
    def ticking(self) -> bool:
        """Whether the view repaints itself once a second."""
        return self._ticking is not None

    @property
    def _deciding(self) -> bool:
        return self._progress is not None and self._progress.status is PlanStatus.OFFERED

    def on_mount(self) -> None:
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    # --- keys ---------------------------------------------------------------------------------------

    def action_step(self, count: int) -> None:
        ids = [place.step.id for place in self._places]
        if not ids:
            return
        position = ids.index(self._cursor) if self._cursor in ids else 0
        self._cursor = ids[min(max(position + count, 0), len(ids) - 1)]
        self._reveal()

    def action_mark(self) -> None:
        """Strike the step and what rests on it, or take it back in with all it rests on."""
        progress = self._progress
        if progress is None or not self._deciding or not self._cursor:
            return
        plan = progress.plan
        if self._cursor in self._struck:
            needed = {step.id for step in plan.steps if self._cursor in plan.dependents(step.id)}
            self._struck -= {self._cursor, *needed}
        else:
            self._struck |= {self._cursor, *plan.dependents(self._cursor)}
        self._lay_out()
        self.post_message(self.MarksChanged(self.marks))

    def action_open(self) -> None:
        if self._cursor:
            self.post_message(self.StepOpened(self._cursor))

    def on_click(self, event: events.Click) -> None:
        line = event.y + self.scroll_offset.y
        step_id = self._lines[line][0] if 0 <= line < len(self._lines) else ""
        if not step_id:
            return
        again = step_id == self._cursor
        self._cursor = step_id
        self._reveal()
        if again:
            self.action_open()

    def _reveal(self) -> None:
        own = [number for number, (step_id, _) in enumerate(self._lines) if step_id == self._cursor]
        view, height = self.scroll_offset.y, self.scrollable_content_region.height
        if own and own[0] < view:
            # From the first step on, the plan's own head belongs to the picture.
            first = 0 if self._cursor == self._places[0].step.id else own[0]
            self.scroll_to(y=first, animate=False, immediate=True)
        elif own and own[-1] >= view + height:
            self.scroll_to(y=own[-1] - height + 1, animate=False, immediate=True)
        self.refresh()
