"""Columns a definition asks for (`additionalPrinterColumns`): a JSON path for each cell.

Of JSON paths this reads what definitions are written with: fields, `\\.` for a dot in a name, an index,
`[*]`, and a filter that compares one field (`[?(@.type=="Ready")]`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tools.sandbox.manifest import Manifest

_STEP = re.compile(
    r"""\.?(?P<field>(?:\\.|[^.\[\]\\])+)
    | \.?\[\?\(@\.(?P<key>[^=!\s]+)\s*==\s*(?P<quote>['"])(?P<wanted>.*?)(?P=quote)\)\]
    | \.?\[(?P<index>\d+|\*)\]
    | \.?\[(?P<mark>['"])(?P<name>.*?)(?P=mark)\]""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class PrinterColumn:
    """One column: its definition as the Table shows it, and where the cell is found."""

    shown: Manifest
    path: str

    def cell(self, obj: Manifest, age: Callable[[str | None, datetime], str], now: datetime) -> Any:
        """The cell of one object; None where the path leads nowhere."""
        found = values_at(obj, self.path)
        if not found:
            return None
        value, type_ = found[0], self.shown["type"]
        if type_ == "date":
            return age(value, now) if isinstance(value, str) else None
        if type_ == "string" and not isinstance(value, str):
            return json.dumps(value, separators=(",", ":"))
        return None if isinstance(value, dict | list) else value


def printer_columns(version: Manifest) -> tuple[PrinterColumn, ...]:
    """The columns of one version of a definition; the age alone where it asks for none."""
    asked = version.get("additionalPrinterColumns") or [
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
    ]
    return tuple(
        PrinterColumn(
            {
                "name": entry["name"],
                "type": entry["type"],
                "format": entry.get("format", ""),
                "description": entry.get("description", ""),
                "priority": entry.get("priority", 0),
            },
            entry["jsonPath"],
        )
        for entry in asked
    )


def values_at(obj: Any, path: str) -> list[Any]:
    """Everything a JSON path leads to; an empty list for a path that cannot be read."""
    found, place, text = [obj], 0, path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    while place < len(text):
        step = _STEP.match(text, place)
        if step is None:
            return []
        found = [value for entry in found for value in _taken(entry, step)]
        place = step.end()
    return found


def _taken(value: Any, step: re.Match[str]) -> list[Any]:
    field = step["name"] or (step["field"] or "").replace("\\.", ".")
    if field:
        return [value[field]] if isinstance(value, dict) and value.get(field) is not None else []
    if not isinstance(value, list):
        return []
    if step["key"]:
        return [
            entry for entry in value if isinstance(entry, dict) and entry.get(step["key"]) == step["wanted"]
        ]
    if step["index"] == "*":
        return value
    return value[int(step["index"]) : int(step["index"]) + 1]
