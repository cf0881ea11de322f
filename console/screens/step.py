"""A step of a plan in tabs: what is called, what it changes, what came of it, and the raw error."""

from __future__ import annotations

import json
from datetime import datetime

from pydantic import BaseModel, JsonValue
from textual.content import Content

from agent.events import Recorded
from agent.plan import Step
from agent.planning.checks import Check
from agent.state import PlanProgress, StepProgress
from console.screens.detail.tabs import Tabs, text_tabs
from console.widgets.diff import preview_lines
from console.widgets.elapsed import elapsed
from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.safe_text import safe_line, safe_lines

WIDTH = 100
"""Cells that a change is laid out for; narrower terminals wrap it."""


def step_tabs(plan: PlanProgress, step_id: str, glyphs: Glyphs = UNICODE) -> Tabs:
    """Everything that is known of one step, under the names of its tabs.

    Raises:
        KeyError: the plan has no such step.
    """
    step, progress = plan.plan.step(step_id), plan.of(step_id)
    tabs: dict[str, list[Content]] = {"call": _call(step)}
    if step.preview is not None:
        tabs["change"] = [
            Content.styled(safe_line(step.preview.target), "bold"),
            *preview_lines(step.preview, WIDTH, glyphs),
        ]
    tabs["result"] = _result(progress)
    if progress.cause or progress.raw:
        tabs["error"] = _error(progress)
    return tabs


def event_tabs(recorded: Recorded) -> Tabs:
    """An event of the session, word for word."""
    event = recorded.event
    body = event.model_dump(mode="json") if isinstance(event, BaseModel) else {}
    output = body.pop("output", None)
    when = f"{recorded.at.astimezone():%Y-%m-%d %H:%M:%S}, number {recorded.seq}"
    tabs = {"event": f"{event.kind.replace('_', ' ')}\n{when}\n\n{_json(body)}"}
    if output is not None:
        tabs = {"output": output if isinstance(output, str) else _json(output), **tabs}
    return text_tabs(tabs)


def _call(step: Step) -> list[Content]:
    scope = "  ".join(f"{name} {value}" for name, value in step.scope.model_dump().items() if value)
    undo = f"{step.undo.tool} {_json(step.undo.args)}" if step.undo else "cannot be taken back by a step"
    rows = [
        ("step", f"{step.id}  {step.title}"),
        ("tool", step.tool),
        ("effect", step.effect.value.replace("_", " ")),
        ("where", scope or "the session's scope"),
        ("after", ", ".join(step.depends_on) or "nothing"),
        *([("only if", f"{' or '.join(step.if_failed)} fails")] if step.if_failed else []),
        *([("asks", step.gate)] if step.gate else []),
        *[("must hold", _check(check)) for check in step.checks],
        ("policy", f"{step.ruling.verdict.value}, rule {step.ruling.rule}. {step.ruling.reason}"),
    ]
    if step.effect.writes:
        rows.append(("undo", undo))
    return [*_table(rows), Content(""), Content.styled("arguments", "bold"), *_lines(_json(step.args))]


def _check(check: Check) -> str:
    seen = f"{check.path or 'output'} {check.must} {check.than}"
    lasts = f", for {check.lasts:.0f} s" if check.lasts else ""
    return f"{check.says} ({seen}, within {check.within:.0f} s{lasts})"


def _result(progress: StepProgress) -> list[Content]:
    rows = [("state", progress.state.value)]
    if progress.attempt:
        rows.append(("attempt", f"{progress.attempt} of {progress.attempts}"))
    if progress.started is not None:
        rows.append(("started", _when(progress.started)))
    if progress.started is not None and progress.ended is not None:
        rows.append(("took", elapsed((progress.ended - progress.started).total_seconds())))
    if progress.retry_at is not None:
        rows.append(("next try", _when(progress.retry_at)))
    if progress.observed:
        rows.append(("observed", progress.observed))
    if progress.applied is not None and progress.state.final:
        rows.append(("arrived", "yes" if progress.applied else "no"))
    lines = _table(rows)
    if progress.output is not None:
        lines += [Content(""), Content.styled("output", "bold"), *_lines(_json(progress.output))]
    return lines


def _error(progress: StepProgress) -> list[Content]:
    rows = [("what", progress.cause)]
    if progress.failure is not None:
        rows.insert(0, ("class", progress.failure.value))
    if progress.hint:
        rows.append(("try", progress.hint))
    lines = _table(rows)
    if progress.raw:
        lines += [Content(""), Content.styled("as it came", "bold"), *_lines(progress.raw)]
    return lines


def _table(rows: list[tuple[str, str]]) -> list[Content]:
    return [Content.assemble((f"{name:10}", "$text-muted"), safe_line(value)) for name, value in rows]


def _lines(text: str) -> list[Content]:
    return [Content(line) for line in safe_lines(text)]


def _json(value: JsonValue) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _when(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S}"
