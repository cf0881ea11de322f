"""The library of runbooks: one matcher and one instantiation for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from agent.mentions import in_words
from agent.plan import Draft, DraftStep
from agent.planning.checks import Check
from agent.runbooks.runbook import Runbook, RunbookStep

_FIELD = re.compile(r"\{([a-z_]+(?:\.[a-z_0-9]+)*)\}")


@dataclass(frozen=True, slots=True)
class Match:
    """A runbook whose trigger fits, and the words in its slots."""

    runbook: Runbook
    words: dict[str, str]


class Library:
    """Args: runbooks: earlier ones win ties, so an operator's own come before the built-in ones."""

    def __init__(self, runbooks: Iterable[Runbook]) -> None:
        self._runbooks = tuple(runbooks)

    def __iter__(self) -> Iterator[Runbook]:
        return iter(self._runbooks)

    def match(self, request: str) -> Match | None:
        """The runbook that accounts for every word of the request, the most specific first."""
        request = in_words(request)
        best: tuple[int, Match] | None = None
        for runbook in self._runbooks:
            for trigger in runbook.compiled:
                words = trigger.match(request)
                if words is not None and (best is None or trigger.weight > best[0]):
                    best = (trigger.weight, Match(runbook, words))
        return best[1] if best else None


def instantiate(runbook: Runbook, values: Mapping[str, JsonValue]) -> Draft:
    """The plan a runbook comes to with these values. May have no steps at all."""
    steps: list[DraftStep] = []
    for template in runbook.steps:
        if not template.for_each:
            steps.append(_step(template, template.id, values))
            continue
        items = fill(template.for_each, values)
        for count, item in enumerate(items if isinstance(items, list) else [], start=1):
            steps.append(_step(template, f"{template.id}-{count}", {**values, "item": item}))
    return Draft(goal=str(fill(runbook.goal, values)), steps=tuple(steps))


def _step(template: RunbookStep, step_id: str, values: Mapping[str, JsonValue]) -> DraftStep:
    filled = fill(template.args, values)
    args = (
        {key: value for key, value in filled.items() if value not in (None, "")}
        if isinstance(filled, dict)
        else {}
    )
    return DraftStep(
        id=step_id,
        title=str(fill(template.title, values)),
        tool=template.tool,
        args=args,
        depends_on=template.depends_on,
        gate=str(fill(template.gate, values)),
        checks=tuple(Check.model_validate(fill(check, values)) for check in template.checks),
        if_failed=template.if_failed,
        undoes=template.undoes,
    )


def fill(template: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    """A template with `{name.field}` replaced; a template that is one field keeps the value's type."""
    if isinstance(template, dict):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    if not isinstance(template, str):
        return template
    if whole := _FIELD.fullmatch(template):
        return _value(whole[1], values)
    return _FIELD.sub(lambda found: _words(_value(found[1], values)), template)


def _value(path: str, values: Mapping[str, JsonValue]) -> JsonValue:
    value: JsonValue = dict(values)
    for part in path.split("."):
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def _words(value: JsonValue) -> str:
    return "" if value is None else str(value)
