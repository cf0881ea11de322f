"""Large outputs of tools: the model is told their shape, head and tail, and reads on by id.

The whole output stands in the session's journal, redacted like everything there, and goes with the session
when that is deleted. Nothing here copies it anywhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from agent import events as e
from agent.log_text import log_lines
from agent.model import ToolSpec
from tools.errors import Invalid, NotFound

SPILLED = 8_000
"""Characters (about two thousand tokens) of an output from which on it is told in part."""
HEAD, TAIL = 2_400, 1_200
"""Characters of a large output that are told at once."""
MOST_TOLD = 8_000
"""Characters of one page."""
LONGEST_LINE = 600

_BREAK = re.compile(r"(?<!\\)\\n")

PAGE, SEARCH, PROJECT = "output_page", "output_search", "output_project"
OUTPUT_TOOLS = frozenset({PAGE, SEARCH, PROJECT})


class Paged(BaseModel):
    """Arguments of `output_page`: which lines, counted from 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    first: int = Field(1, ge=1, description="Line to begin with, counted from 1.")
    lines: int = Field(100, ge=1, le=1000)


class Searched(BaseModel):
    """Arguments of `output_search`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    words: str = Field(
        min_length=1,
        max_length=200,
        description="In any case; `|` between alternatives, `*` for anything within a line. No regular expression.",
    )
    first: int = Field(1, ge=1, description="Line to begin with, counted from 1.")
    around: int = Field(0, ge=0, le=5, description="Lines shown before and after each.")


class Projected(BaseModel):
    """Arguments of `output_project`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    fields: tuple[str, ...] = Field(
        min_length=1,
        max_length=12,
        description="Columns of a table, or fields of each item; dotted for inner ones.",
    )
    path: str = Field(
        "", max_length=200, description="Dotted path to a list; empty for the table or the largest list."
    )
    first: int = Field(1, ge=1, description="Row to begin with, counted from 1.")


@dataclass(frozen=True)
class Output:
    """One output of a tool. `id` is stable for the session's life."""

    id: str
    tool: str
    value: JsonValue

    @cached_property
    def text(self) -> str:
        """As the model would be given all of it."""
        value = self.value
        return (
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        )

    @property
    def large(self) -> bool:
        return len(self.text) > SPILLED

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """One row of a table, one line of a log or of indented JSON each; what is too long goes on in the next."""
        return tuple(part for line in self._whole_lines() for part in _parts(line))

    def _whole_lines(self) -> Iterable[str]:
        value = self.value
        if isinstance(value, str):
            return value.splitlines()
        if isinstance(value, dict):
            columns, rows = value.get("columns"), value.get("rows")
            if isinstance(columns, list) and isinstance(rows, list) and columns:
                return (
                    " | ".join(map(str, row if isinstance(row, list) else [row])) for row in [columns, *rows]
                )
            if isinstance(value.get("logs"), list) and not value.get("merged"):
                return log_lines(value).splitlines()
        # Texts of several lines stand in JSON as one; they are read as the lines they are.
        written = json.dumps(value, ensure_ascii=False, indent=1)
        return (part for line in written.splitlines() for part in _BREAK.split(line))

    @property
    def shape(self) -> str:
        """How much there is and of what: rows and columns, or keys, lines and bytes."""
        size = f"{len(self.lines)} lines, {len(self.text.encode())} bytes"
        value = self.value
        if not isinstance(value, dict):
            return f"{len(value)} items, {size}" if isinstance(value, list) else size
        columns, rows = value.get("columns"), value.get("rows")
        if isinstance(columns, list) and isinstance(rows, list) and columns:
            return f"{len(rows)} rows; columns {', '.join(map(str, columns))}; {size}"
        keys = [
            f"{key} ({len(item)})" if isinstance(item, list | dict) else key for key, item in value.items()
        ]
        return f"keys {', '.join(keys)}; {size}"


class Outputs:
    """The outputs of a session by id."""

    def __init__(self, outputs: Iterable[Output]) -> None:
        self._outputs = {output.id: output for output in outputs}

    @classmethod
    def of(cls, history: Iterable[e.Recorded]) -> Outputs:
        """Args: history: the session's durable events."""
        return cls(
            Output(output_id(recorded.seq), recorded.event.tool, recorded.event.output)
            for recorded in history
            if isinstance(recorded.event, e.ToolReturned)
            and recorded.event.output is not None
            and recorded.event.tool not in OUTPUT_TOOLS
        )

    def read(self, tool: str, arguments: dict[str, JsonValue]) -> str:
        """What one of the `OUTPUT_TOOLS` comes back with.

        Raises:
            NotFound: there is no output of that id.
            Invalid: the arguments do not fit, or what they name is not there.
        """
        try:
            match tool:
                case "output_page":
                    return self._page(Paged.model_validate(arguments))
                case "output_search":
                    return self._search(Searched.model_validate(arguments))
                case _:
                    return self._project(Projected.model_validate(arguments))
        except ValueError as error:
            raise Invalid(f"{tool} does not accept these arguments: {error}") from error

    def get(self, wanted: str) -> Output:
        """Raises `NotFound` with the last ids there are."""
        if wanted not in self._outputs:
            known = ", ".join(list(self._outputs)[-8:]) or "none"
            raise NotFound(
                f"There is no output {wanted} in this session.", hint=f"The last ones are: {known}."
            )
        return self._outputs[wanted]

    def __iter__(self) -> Iterator[Output]:
        return iter(self._outputs.values())

    def _page(self, asked: Paged) -> str:
        output = self.get(asked.id)
        return _told(output, range(asked.first - 1, min(asked.first - 1 + asked.lines, len(output.lines))))

    def _search(self, asked: Searched) -> str:
        output, wanted = self.get(asked.id), _alternatives(asked.words)
        hits = [
            n for n, line in enumerate(output.lines) if any(_holds(line.lower(), parts) for parts in wanted)
        ]
        left = [n for n in hits if n >= asked.first - 1]
        near = sorted(
            {
                m
                for n in left
                for m in range(n - asked.around, n + asked.around + 1)
                if 0 <= m < len(output.lines)
            }
        )
        return (
            f"{len(hits)} lines hold “{asked.words}”.\n{_told(output, near)}"
            if hits
            else "No line holds that."
        )

    def _project(self, asked: Projected) -> str:
        output = self.get(asked.id)
        rows = [
            tuple(_cell(item, name) for name in asked.fields) for item in _items(output.value, asked.path)
        ]
        if rows and not any(any(row) for row in rows):
            raise Invalid(
                f"None of {', '.join(asked.fields)} is there.", hint=f"{output.id} has {output.shape}."
            )
        lines = (" | ".join(asked.fields), *(" | ".join(row) for row in rows))
        table = Output(output.id, output.tool, "\n".join(lines))
        return f"{lines[0]}\n{_told(table, range(asked.first, len(lines)), noun='row', offset=0)}"


def output_id(seq: int | None) -> str:
    """The id of the output that the event of this number brought."""
    return f"out-{seq}"


def digest(output: Output) -> str:
    """What the model is told of a large output at once."""
    text = output.text
    return (
        f"[This is large; it is kept as {output.id}: {output.shape}. Here are its beginning and its end. Read on with"
        f" {PAGE}, {SEARCH} or {PROJECT}; do not guess at what is left out.]\n"
        f"{text[:HEAD]}\n… {len(text) - HEAD - TAIL} characters left out …\n{text[-TAIL:]}"
    )


def output_tools() -> tuple[ToolSpec, ...]:
    """The tools with which the model reads on in what was left out."""
    told = (
        (PAGE, "Read lines of a large tool output by its id.", Paged),
        (SEARCH, "Find lines of a large tool output by words.", Searched),
        (PROJECT, "Choose fields of the rows or items of a large tool output.", Projected),
    )
    return tuple(
        ToolSpec(name=name, description=summary, input_schema={**model.model_json_schema(), "type": "object"})
        for name, summary, model in told
    )


# --- details ---------------------------------------------------------------------------------------


def _told(output: Output, numbers: Sequence[int], *, noun: str = "line", offset: int = 1) -> str:
    """Lines under their numbers, as many as fit on a page, and where the next page begins."""
    told: list[str] = []
    room = MOST_TOLD
    for count, number in enumerate(numbers):
        line = output.lines[number]
        room -= len(line) + 8
        if room < 0:
            left = len(numbers) - count
            return "\n".join([*told, f"… {left} more; go on with first={number + offset}."])
        told.append(f"{number + offset}: {line}")
    total = len(output.lines) - (1 - offset)
    end = f"(end; {total} {noun}s in all)" if not numbers or numbers[-1] == len(output.lines) - 1 else ""
    return "\n".join([*told, end]).rstrip()


def _parts(line: str) -> Iterable[str]:
    if len(line) <= LONGEST_LINE:
        return (line,)
    return (line[at : at + LONGEST_LINE] for at in range(0, len(line), LONGEST_LINE))


def _alternatives(words: str) -> list[list[str]]:
    """Each alternative as the pieces between its stars, which are found one after the other."""
    pieces = [[part for part in one.strip().split("*") if part] for one in words.lower().split("|")]
    return [parts for parts in pieces if parts]


def _holds(line: str, parts: list[str]) -> bool:
    at = 0
    for part in parts:
        found = line.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _items(value: JsonValue, path: str) -> list[JsonValue]:
    """The list at a path; a table's rows become items by column."""
    for part in filter(None, path.split(".")):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise Invalid(f"There is nothing at {path}.")
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise Invalid(f"{path or 'The output'} is no list.")
    columns, rows = value.get("columns"), value.get("rows")
    if isinstance(columns, list) and isinstance(rows, list):
        return [dict(zip(map(str, columns), row, strict=False)) for row in rows if isinstance(row, list)]
    lists = [item for item in value.values() if isinstance(item, list)]
    return max(lists, key=len) if lists else [value]


def _cell(item: JsonValue, name: str) -> str:
    if isinstance(item, dict):
        folded = {key.lower(): value for key, value in item.items()}
        if name.lower() in folded:
            return _words(folded[name.lower()])
    for part in name.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return _words(item)


def _words(value: JsonValue) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return " ".join(text.split())
