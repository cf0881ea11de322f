"""A runbook: a named, versioned, parameterised plan with the phrases that start it.

Built-in intents are the YAML files beside this one; a colleague's live in the runbooks folder of the
config home. All are validated on load, each problem with its file and field.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from agent.runbooks.triggers import SLOTS, Trigger, TriggerError, compile_trigger


class RunbookError(Exception):
    """A runbook file cannot be used; the message names the file and the field."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Parameter(_Part):
    """A slot: its type, and the slot that narrows it (`in: place`)."""

    type: Literal[
        "workload", "environment", "place", "count", "image", "revision", "kind", "container", "name"
    ]
    within: str = ""
    default: str = ""


class RunbookStep(_Part):
    """One step, or with `for_each` one per item of a list. `{name.field}` is filled in.

    `gate`, `checks`, `if_failed` and `undoes` are those of `agent.plan.DraftStep`.
    """

    id: str
    title: str = ""
    tool: str = ""
    args: dict[str, JsonValue] = {}
    for_each: str = ""
    depends_on: tuple[str, ...] = ()
    gate: str = ""
    checks: tuple[dict[str, JsonValue], ...] = ()
    if_failed: tuple[str, ...] = ()
    undoes: str = ""


class Runbook(_Part):
    """`phrase` says the whole request in one canonical way; questions are answered by it.

    `answer` names how the reads of a runbook without writes become an answer.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(1, ge=1)
    summary: str
    triggers: tuple[str, ...] = Field(min_length=1)
    phrase: str
    parameters: dict[str, Parameter] = {}
    goal: str
    steps: tuple[RunbookStep, ...] = Field(min_length=1)
    answer: Literal["", "rows", "diagnosis", "report", "text"] = ""
    nothing: str = "There is nothing to do."
    """What to say when the runbook comes to no steps at all."""

    @property
    def id(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def compiled(self) -> tuple[Trigger, ...]:
        types = tuple(sorted((name, parameter.type) for name, parameter in self.parameters.items()))
        return tuple(compile_trigger(text, types) for text in self.triggers)

    @model_validator(mode="after")
    def _sound(self) -> Runbook:
        try:
            _ = self.compiled
        except TriggerError as error:
            raise ValueError(str(error)) from error
        for name, parameter in self.parameters.items():
            if parameter.within and parameter.within not in self.parameters:
                raise ValueError(f"parameter {name} is within {parameter.within}, which does not exist")
            if parameter.type not in SLOTS:
                raise ValueError(f"parameter {name}: there is no slot type {parameter.type}")
        return self


def builtin() -> list[Runbook]:
    """The runbooks we ship, by name."""
    folder = files("agent.runbooks") / "builtin"
    texts = sorted(
        (item.name, item.read_text("utf-8")) for item in folder.iterdir() if item.name.endswith(".yaml")
    )
    return [parse(text, name) for name, text in texts]


def from_folder(folder: Path) -> tuple[list[Runbook], list[str]]:
    """A colleague's runbooks, and a sentence for every file that cannot be used."""
    found, problems = [], []
    for path in sorted(folder.glob("*.y*ml")) if folder.is_dir() else []:
        try:
            found.append(parse(path.read_text("utf-8"), path.name))
        except (RunbookError, OSError) as error:
            problems.append(str(error))
    return found, problems


def parse(text: str, source: str) -> Runbook:
    """One runbook from YAML. Raises `RunbookError`."""
    try:
        return Runbook.model_validate(yaml.load(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        raise RunbookError(f"{source} is not valid YAML: {error}") from error
    except ValidationError as error:
        raise RunbookError(f"{source}: {_sentences(error)}") from error


_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _sentences(error: ValidationError) -> str:
    lines: Iterable[str] = (
        f"{'.'.join(str(part) for part in item['loc']) or 'runbook'}: {item['msg']}"
        for item in error.errors()
    )
    return "; ".join(lines)
