"""The text a decision is taken on: every write with its diff, place, undo, policy and warnings."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from agent.plan import Step
from agent.state import PlanProgress
from console.widgets import approval_facts as facts
from console.widgets.diff import preview_lines
from console.widgets.glyphs import UNICODE, Glyphs, effect_look
from console.widgets.line_view import LineView
from console.widgets.safe_text import safe_line
from console.widgets.wrapping import hanging


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan under decision: what is marked, what is writable, which write the cursor is on."""

    progress: PlanProgress
    writable: frozenset[str]
    marked: frozenset[str]
    cursor: str


Lines = list[tuple[str, Content]]


def sheet_lines(offer: Offer, width: int, glyphs: Glyphs = UNICODE) -> Lines:
    """The lines of the sheet, each with the id of the step it belongs to, or nothing."""
    plan = offer.progress.plan
    lines: Lines = [("", line) for line in _head(offer, width, glyphs)]
    for step in plan.writes:
        lines.append(("", Content("")))
        lines += [(step.id, line) for line in _write(step, offer, width, glyphs)]
    reads = [step for step in plan.steps if not step.effect.writes]
    if reads:
        words = ", ".join(f"{step.id} {safe_line(step.title or step.tool)}" for step in reads)
        text = Content.styled(f"Reads, no change: {words}", "$foreground-muted")
        lines += [("", Content("")), *(("", line) for line in hanging(text, width, 2))]
    return lines


def _head(offer: Offer, width: int, glyphs: Glyphs) -> list[Content]:
    plan = offer.progress.plan
    count, changed = len(plan.writes), facts.objects(plan.steps)
    production = any(facts.is_production(step) for step in plan.writes)
    places = tuple(dict.fromkeys(facts.where(step) for step in plan.writes))
    place = Content.styled(safe_line("; ".join(places) or "changes nothing anywhere"), "bold")
    if production:
        place = Content.styled(" PRODUCTION ", "bold reverse $error") + Content(" ") + place
    amount = f"{count} write{_s(count)}, {changed} object{_s(changed)}"
    made = f"hash {plan.hash[:12]}, by {facts.drawn_up_by(plan.origin)}"
    lines = [
        *hanging(Content.styled(safe_line(plan.goal), "bold"), width, 2),
        *hanging(place, width, 2),
        *hanging(Content.assemble((amount, "bold"), (f"  {safe_line(made)}", "$foreground-muted")), width, 2),
    ]
    locked = facts.locked_places(plan.steps, offer.writable)
    if locked:
        words = f"{glyphs.warning} Read-only in {' and '.join(locked)}. Press w to allow writes there first."
        lines += hanging(Content.styled(safe_line(words), "bold $text-warning"), width, 2)
    return lines


def _write(step: Step, offer: Offer, width: int, glyphs: Glyphs) -> list[Content]:
    look = effect_look(step.effect)
    marked = step.id in offer.marked
    sign = glyphs.marked if marked else glyphs.unmarked
    title = safe_line(step.title or step.tool)
    preview = step.preview
    amount = f"{preview.objects} object{_s(preview.objects)}" if preview else "not previewed"
    head = Content.assemble(
        (f"[{sign}] ", "bold $text-primary" if marked else "$foreground-muted"),
        (f"{look.word} ", look.style),
        (f"{step.id}  ", "$foreground-muted"),
        (title, "bold" if marked else "strike $foreground-muted"),
        (f"  {amount}", "bold $text-warning" if preview and preview.objects > 1 else "$foreground-muted"),
    )
    lines = hanging(head, width, 4)
    inner = max(width - 4, 8)
    body: list[Content] = []
    if preview is not None:
        target = Content.styled(safe_line(preview.target), "$text-primary")
        if len({facts.where(write) for write in offer.progress.plan.writes}) > 1:
            target += Content.styled(f", {safe_line(facts.where(step))}", "$foreground-muted")
        body += hanging(target, inner, 2)
        body += preview_lines(preview, inner, glyphs)
    undo_style = "$foreground-muted" if step.undo else "bold $text-warning"
    body += hanging(Content.styled(safe_line(facts.undo_words(step)), undo_style), inner, 2)
    body += hanging(Content.styled(safe_line(facts.ruling_words(step)), "$foreground-muted"), inner, 2)
    if step.needs_name:
        words = f"{glyphs.warning} Approving asks you to type {step.needs_name}"
        body += hanging(Content.styled(safe_line(words), "bold $text-warning"), inner, 2)
    return lines + [Content("    ") + line for line in body]


def _s(count: int) -> str:
    return "" if count == 1 else "s"


class ApprovalSheet(LineView, can_focus=False):
    """Draws an offer; the bar on the left shows which write the keys mean."""

    @dataclass
    class StepPointed(Message):
        """The operator clicked on a write; `mark` when on its box."""

        step_id: str
        mark: bool

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(glyphs=glyphs)
        self._offer: Offer | None = None
        self._lines: Lines = []

    def show(self, offer: Offer) -> None:
        """Show this offer, the write under the cursor in view."""
        moved = self._offer is None or offer.cursor != self._offer.cursor
        fresh = self._offer is None or offer.progress.plan.hash != self._offer.progress.plan.hash
        self._offer = offer
        self._lay_out()
        if fresh:
            self.scroll_to(y=0, animate=False, immediate=True)
        elif moved:
            self._reveal()

    @property
    def line_count(self) -> int:
        return len(self._lines)

    def line_strip(self, line: int) -> Strip | None:
        if self._offer is None or not 0 <= line < len(self._lines):
            return None
        step_id, content = self._lines[line]
        here = bool(step_id) and step_id == self._offer.cursor
        bar = Content.styled(self.glyphs.cursor.ljust(2), "bold $primary") if here else Content("  ")
        return self.paint(bar + content)

    def on_mount(self) -> None:
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    def on_click(self, event: events.Click) -> None:
        line = event.y + self.scroll_offset.y
        step_id = self._lines[line][0] if 0 <= line < len(self._lines) else ""
        if step_id:
            first = line == 0 or self._lines[line - 1][0] != step_id
            self.post_message(self.StepPointed(step_id, first and 2 <= event.x < 5))

    def _lay_out(self) -> None:
        if self._offer is None or not self.is_attached:
            return
        self._lines = sheet_lines(self._offer, max(self.line_width - 2, 8), self.glyphs)
        self.virtual_size = Size(self.line_width, len(self._lines))
        self.refresh()

    def _reveal(self) -> None:
        if self._offer is None:
            return
        own = [number for number, (step_id, _) in enumerate(self._lines) if step_id == self._offer.cursor]
        if not own:
            return
        view, height = self.scroll_offset.y, max(self.scrollable_content_region.height, 1)
        if own[0] < view or own[-1] - own[0] >= height:
            first = 0 if self._offer.cursor == self._offer.progress.plan.writes[0].id else own[0]
            self.scroll_to(y=first, animate=False, immediate=True)
        elif own[-1] >= view + height:
            self.scroll_to(y=own[-1] - height + 1, animate=False, immediate=True)
