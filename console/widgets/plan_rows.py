"""The lines of a plan tree: its head, and each step with what is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from textual.content import Content

from agent.plan import DraftStep, PlanStatus, Step, StepState, Verdict
from agent.state import PlanProgress, StepProgress
from console.widgets.elapsed import elapsed, whole_seconds
from console.widgets.glyphs import Glyphs, Look, effect_look, plan_look, step_look
from console.widgets.safe_text import safe_line
from console.widgets.wrapping import cut

WIDEST = 120
"""Cells a step's line fills at most: on a wide screen its state stays near its title."""

_DETAIL_LINES = 3
"""Lines the cause or the result of a step fills at most; its own screen has all of it."""

_NARROWEST_DETAIL = 16
"""Cells below which wrapping makes a column of syllables."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step with its place in the tree. `progress` is None for a draft, `marked` where nothing waits
    for a decision."""

    step: Step | DraftStep
    levels: tuple[bool, ...]
    opens: bool
    after: tuple[str, ...]
    progress: StepProgress | None
    marked: bool | None
    beside: str = ""
    """How it stands to the failed plan that this one replaces: `approved before`, `changed`, `new`."""


def head_lines(
    progress: PlanProgress | None, drafted: int, width: int, now: datetime, glyphs: Glyphs
) -> list[Content]:
    """The plan's goal, its status, how far it is and for how long it has been running."""
    if progress is None:
        if not drafted:
            return [
                Content.styled("No plan yet. Say what you want; its steps appear here.", "$foreground-muted")
            ]
        words = f"{glyphs.drafted} The plan is being written: {drafted} step{'' if drafted == 1 else 's'}"
        return [cut(Content.styled(f"{words} so far{glyphs.ellipsis}", "$text-accent"), width, glyphs)]
    look = plan_look(progress.status, glyphs)
    counted = [step for step in progress.plan.steps if _counts(step, progress)]
    done = sum(progress.of(step.id).state is StepState.SUCCEEDED for step in counted)
    chosen = len(counted)
    facts = (
        [f"{done}/{chosen} done"]
        if progress.status is not PlanStatus.OFFERED
        else [f"{chosen} step{'' if chosen == 1 else 's'}"]
    )
    if progress.started:
        facts.append(whole_seconds(((progress.ended or now) - progress.started).total_seconds()))
    if progress.status is PlanStatus.INTERRUPTED:
        doubt = any(step.state is StepState.IN_DOUBT for step in progress.steps.values())
        facts.append("D decides" if doubt else "R goes on")
    if progress.gate:
        look = step_look(StepState.WAITING, glyphs)
        facts.append("a goes on")
    if progress.status in (PlanStatus.FAILED, PlanStatus.STOPPED):
        facts.append("R plans the rest again")
    if dropped := progress.difference.dropped if progress.difference else ():
        facts.append(f"left out: {', '.join(dropped)}")
    goal = Content.styled(safe_line(progress.plan.goal), "bold")
    status = Content.assemble(
        (f"{look.glyph} {look.word}", look.style), (f"  {'  '.join(facts)}", "$foreground-muted")
    )
    return [cut(goal, width, glyphs), cut(status, width, glyphs), Content("")]


def _counts(step: Step, progress: PlanProgress) -> bool:
    """Whether the step is part of the work; a way back is only once it is taken."""
    if progress.approved and step.id not in progress.approved:
        return False
    return not step.if_failed or progress.of(step.id).started is not None


def step_lines(row: StepRow, width: int, now: datetime, glyphs: Glyphs) -> list[Content]:
    """One line for the step itself and, where there is something to say, a few for its cause or result."""
    width = min(width, WIDEST)
    look = _look(row, glyphs)
    guide = Content.styled(_guide(row, glyphs, first=True), "$foreground 40%")
    mark = Content("")
    if row.marked is not None:
        sign = glyphs.marked if row.marked else glyphs.unmarked
        mark = Content.styled(f"[{sign}] ", "$text-primary" if row.marked else "$foreground-muted")
    left = Content("").join(
        [guide, mark, Content.styled(f"{look.glyph} ", look.style), _effect(row.step), _title(row)]
    )
    right = _state(row, look, now)
    if left.cell_length + right.cell_length + 2 > width and width < 60:
        right = _state(row, look, now, short=True)
    room = width - right.cell_length - 1
    if room < 16:
        room, right = width, Content("")
    line = cut(left, room, glyphs).pad_right(max(room - left.cell_length, 0) + 1) + right
    lines = [line.rstrip()]
    detail = _detail(row, now, glyphs)
    if detail:
        rest = Content.styled(_guide(row, glyphs, first=False), "$foreground 40%")
        indent = Content(" " * (mark.cell_length + 4))
        lines += _under(rest + indent, detail, width, glyphs)
    return lines


def _under(margin: Content, detail: Content, width: int, glyphs: Glyphs) -> list[Content]:
    """The detail on as many lines as it needs, up to `_DETAIL_LINES`, each behind the margin."""
    room = width - margin.cell_length
    if room < _NARROWEST_DETAIL:
        return [cut(margin + detail, width, glyphs)]
    shown = [line.rstrip() for line in detail.wrap(room)]
    if len(shown) > _DETAIL_LINES:
        shown = [
            *shown[: _DETAIL_LINES - 1],
            cut(shown[_DETAIL_LINES - 1] + Content(" " * room), room, glyphs),
        ]
    return [margin + line for line in shown]


def _look(row: StepRow, glyphs: Glyphs) -> Look:
    if row.progress is None:
        return Look(glyphs.drafted, "drafted", "$foreground-muted")
    if row.marked is False:
        return Look(glyphs.skipped, "struck", "$foreground-muted")
    return step_look(row.progress.state, glyphs)


def _guide(row: StepRow, glyphs: Glyphs, *, first: bool) -> str:
    if not row.levels:
        return ""
    outer = "".join(f"{glyphs.pipe} " if goes_on else "   " for goes_on in row.levels[:-1])
    goes_on = row.levels[-1]
    if first and row.opens:
        return f"{outer}{glyphs.branch if goes_on else glyphs.last} "
    return f"{outer}{glyphs.pipe if goes_on else '  '} "


def _effect(step: Step | DraftStep) -> Content:
    if isinstance(step, DraftStep):
        return Content("")
    look = effect_look(step.effect)
    return Content.styled(f"{look.glyph} ", look.style)


def _title(row: StepRow) -> Content:
    title = safe_line(row.step.title or row.step.tool)
    if row.marked is False:
        return Content.styled(title, "strike $foreground-muted")
    done = row.progress is not None and row.progress.state is StepState.SKIPPED
    return Content.styled(title, "$foreground-muted" if done or row.progress is None else "")


def _state(row: StepRow, look: Look, now: datetime, *, short: bool = False) -> Content:
    """State word, attempt, time: on the right of the step's line."""
    progress = row.progress
    words = [(look.word, look.style)]
    if progress is not None and row.marked is not False:
        if progress.attempts > 1 and (progress.attempt > 1 or not progress.state.final):
            words.append((f"{progress.attempt}/{progress.attempts}", "$foreground-muted"))
        if progress.started and not (short and not progress.state.final and progress.retry_at):
            seconds = ((progress.ended or now) - progress.started).total_seconds()
            words.append(
                (elapsed(seconds) if progress.ended else whole_seconds(seconds), "$foreground-muted")
            )
    return Content(" ").join([Content.styled(text, style) for text, style in words])


def _conditions(row: StepRow) -> list[str]:
    """What has to be so before the step runs, and after it."""
    step, words = row.step, []
    if step.if_failed:
        several = len(step.if_failed) > 2
        words.append(f"only if {'a step before' if several else ' or '.join(step.if_failed)} fails")
    elif row.after:
        words.append(f"after {', '.join(row.after)}")
    if step.gate:
        words.append("asks you first")
    words += [f"must hold: {safe_line(check.says)}" for check in step.checks]
    return words


def _detail(row: StepRow, now: datetime, glyphs: Glyphs) -> Content:
    """The cause of trouble, the next attempt, or what was seen in the world; else what it waits for."""
    step, progress = row.step, row.progress
    parts: list[tuple[str, str]] = []
    if progress is not None:
        if progress.state is StepState.RETRYING and progress.retry_at:
            wait = whole_seconds((progress.retry_at - now).total_seconds())
            parts.append((f"again in {wait}", "bold $text-warning"))
        trouble = progress.state in (StepState.FAILED, StepState.IN_DOUBT, StepState.RETRYING)
        if progress.state is StepState.WAITING:
            parts.append((f"{safe_line(progress.cause)} a goes on", "bold $text-warning"))
        elif progress.cause:
            failure = f"{progress.failure.value}: " if progress.failure else ""
            parts.append(
                (failure + safe_line(progress.cause), "$text-error" if trouble else "$foreground-muted")
            )
        elif progress.observed:
            parts.append((safe_line(progress.observed), "$foreground-muted"))
    if not parts and isinstance(step, Step) and step.ruling.verdict is Verdict.DENY:
        parts.append((f"denied by {step.ruling.rule}: {safe_line(step.ruling.reason)}", "$text-error"))
    waiting = progress is None or progress.state in (StepState.PROPOSED, StepState.APPROVED)
    if waiting:
        parts += [(words, "$foreground-muted") for words in _conditions(row)]
    if row.beside:
        parts.insert(0, (row.beside, "$text-success" if row.beside == "approved before" else "$text-warning"))
    dot = f" {glyphs.dot} "
    return Content.styled(dot, "$foreground-muted").join(
        [Content.styled(text, style) for text, style in parts]
    )
