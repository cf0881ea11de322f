"""Fields of objects as columns: dotted paths such as `spec.containers[*].image`."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from tools.errors import Invalid
from tools.kubernetes.fields import Json, strings
from tools.kubernetes.masking import shown
from tools.kubernetes.plain_text import plain

FieldPath = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        description=(
            "Dotted path: spec.nodeName, status.conditions[type=Ready].status, spec.containers[*].image,"
            " spec.containers[0].name, metadata.labels[app.kubernetes.io/name]."
        ),
    ),
]
_STEP = re.compile(r"\.?([^.\[\]]+)|\[([^\]]*)\]")
_LONGEST = 300


class Group(BaseModel):
    """How many objects have one value."""

    value: str
    """Empty for those that have none."""
    count: int


def column(obj: Json, path: str) -> str:
    """The values at the path as text, several joined by commas; "" when there is none.

    Raises:
        Invalid: the path cannot be read.
    """
    steps = _steps(path)
    found = [entry for entry in _walk([shown(obj)], steps) if entry is not None]
    words = ",".join(_text(entry) for entry in found)
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def grouped(objects: list[Json], by: str) -> tuple[Group, ...]:
    """Objects counted by a field, or by a label (`label:app`); the greatest group first."""
    kind, _, label = by.partition(":")
    if kind == "label" and label:
        values = [plain(strings(obj, "metadata", "labels").get(label, "")) for obj in objects]
    else:
        values = [column(obj, by) for obj in objects]
    counted = Counter(values)
    return tuple(
        Group(value=entry, count=count)
        for entry, count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def _steps(path: str) -> list[str]:
    steps: list[str] = []
    place = 0
    text = path.removeprefix("$").removeprefix(".")
    while place < len(text):
        matched = _STEP.match(text, place)
        if matched is None or matched.end() == place:
            raise Invalid(f"{path} is not a path of fields.", hint="Write it like spec.containers[*].image.")
        steps.append(matched[1] if matched[1] is not None else f"[{matched[2]}]")
        place = matched.end()
    if not steps:
        raise Invalid(f"{path} is not a path of fields.", hint="Write it like spec.containers[*].image.")
    return steps


def _walk(values: list[JsonValue], steps: list[str]) -> list[JsonValue]:
    for step in steps:
        values = [entry for found in values for entry in _below(found, step)]
    return values


def _below(found: JsonValue, step: str) -> list[JsonValue]:
    if not step.startswith("["):
        if isinstance(found, list):  # a name after a list means every entry's
            return [inner for entry in found for inner in _below(entry, step)]
        return [found[step]] if isinstance(found, dict) and step in found else []
    inside = step[1:-1].strip("'\"")
    if isinstance(found, dict):
        return list(found.values()) if inside in ("", "*") else [found[inside]] if inside in found else []
    if not isinstance(found, list):
        return []
    if inside in ("", "*"):
        return list(found)
    if inside.lstrip("-").isdigit():
        return found[int(inside) :][:1] if int(inside) >= -len(found) else []
    key, equals, wanted = inside.partition("=")
    key, wanted = (key, wanted.strip("'\"")) if equals else ("name", inside)
    return [entry for entry in found if isinstance(entry, dict) and str(entry.get(key)) == wanted]


def _text(found: JsonValue) -> str:
    if isinstance(found, str):
        return found
    if isinstance(found, dict | list):
        return json.dumps(found, separators=(",", ":"), ensure_ascii=False)
    return "true" if found is True else "false" if found is False else str(found)
