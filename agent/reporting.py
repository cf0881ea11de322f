"""Any tool's output as Markdown, by its shape alone: sentences first, then lists and tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

MOST_ROWS = 40
MOST_COLUMNS = 8
WIDEST = 80
"""Characters of a cell."""

_SAID_ELSEWHERE = frozenset(
    {"context", "namespace", "target", "subject", "summary", "resource", "continue_token"}
)
_NEVER_SHOWN = frozenset({"uid", "generation"})
_ROOM = {"resource", "requested", "allocatable"}
"""The fields of an entry that tells how full something is."""
_PARAGRAPH = "note"
"""What a reader has to know about the whole: a paragraph of its own at the end, never cut."""
_EMPTY: tuple[JsonValue, ...] = ("", None, 0, [], {})
_INNER = 2
"""Fields of a nested value that get columns of their own."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)")


def report(title: str, output: Mapping[str, JsonValue]) -> str:
    """The output under its title. Fields that are empty are left out."""
    parts = [f"**{title}**"]
    if summary := output.get("summary"):
        parts.append(str(summary))
    facts = [
        f"{words(key)} {_cell(value)}"
        for key, value in output.items()
        if key not in _SAID_ELSEWHERE and key != _PARAGRAPH and _plain(value) and value not in _EMPTY
    ]
    if facts:
        parts.append(", ".join(facts) + ".")
    for key, value in output.items():
        if isinstance(value, Mapping) and value:
            parts.append(_mapping(key, value))
        elif isinstance(value, Sequence) and not isinstance(value, str) and value:
            parts.append(_list(key, value))
    if len(parts) == 1:
        parts.append("Nothing there.")
    if note := output.get(_PARAGRAPH):
        parts.append(str(note))
    return "\n\n".join(parts)


def words(key: str) -> str:
    """A field's name as words: `not_ready` is `not ready`."""
    return key.replace("_", " ")


def _list(key: str, items: Sequence[JsonValue]) -> str:
    rows = [_flat(item) for item in items if isinstance(item, Mapping)]
    head = f"{words(key).capitalize()} ({len(items)})"
    if len(rows) < len(items):
        lines = [f"- {_cell(item)}" for item in items[:MOST_ROWS]]
        return _with_more(f"{head}:\n\n" + "\n".join(lines), len(items))
    columns = _columns(rows)
    table = ["| " + " | ".join(map(words, columns)) + " |", "|" + " --- |" * len(columns)]
    table += ["| " + " | ".join(_cell(row.get(name)) for name in columns) + " |" for row in rows[:MOST_ROWS]]
    return _with_more(f"{head}:\n\n" + "\n".join(table), len(rows))


def _flat(row: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The row with nested values as columns of their own: `cpu used`, `cpu requests`."""
    flat: dict[str, JsonValue] = {}
    for key, value in row.items():
        if room := _room(value):
            flat |= room
        elif isinstance(value, Mapping) and _phrase(value) is None:
            flat |= {f"{key} {name}": inner for name, inner in list(value.items())[:_INNER]}
        elif key not in _NEVER_SHOWN:
            flat[key] = value
    return flat


def _room(value: JsonValue) -> dict[str, JsonValue]:
    """What is asked for of each resource, as columns: `cpu asked for`: `1670m of 8 (21 %)`."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return {}
    columns: dict[str, JsonValue] = {}
    for entry in value:
        if not isinstance(entry, Mapping) or not set(entry) >= _ROOM:
            return {}
        share = "" if entry.get("percent") is None else f" ({entry['percent']} %)"
        columns[f"{entry['resource']} asked for"] = f"{entry['requested']} of {entry['allocatable']}{share}"
    return columns


def _phrase(value: Mapping[str, JsonValue]) -> str | None:
    """A value that reads as one phrase: `Group admins`, or `path: before → after`."""
    if set(value) == {"kind", "name"}:
        return f"{value['kind']} {value['name']}"
    if {"path", "before", "after"} <= set(value):
        before, after = (_cell(value[key]).strip() or "absent" for key in ("before", "after"))
        return f"{value['path']}: {before} → {after}"
    return None


def _columns(rows: Sequence[Mapping[str, JsonValue]]) -> list[str]:
    """The fields that say something, those that differ before those that are always the same."""
    names = list(dict.fromkeys(key for row in rows for key in row))
    filled = [name for name in names if any(row.get(name) not in _EMPTY for row in rows)]
    if len(filled) <= MOST_COLUMNS:
        return filled
    differing = [name for name in filled if len({str(row.get(name)) for row in rows}) > 1]
    chosen = (differing or filled)[:MOST_COLUMNS]
    return [name for name in filled if name in chosen]


def _mapping(key: str, value: Mapping[str, JsonValue]) -> str:
    lines = [f"- {words(name)}: {_cell(item)}" for name, item in value.items() if item not in _EMPTY]
    return f"{words(key).capitalize()}:\n\n" + "\n".join(lines)


def _cell(value: JsonValue) -> str:
    if value is None or value == [] or value == {}:
        return " "
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        fields = ", ".join(f"{words(key)} {_cell(item)}" for key, item in value.items() if item not in _EMPTY)
        value = _phrase(value) or fields
    elif isinstance(value, Sequence) and not isinstance(value, str):
        value = "; ".join(_cell(item) for item in value)
    text = " ".join(_TIME.sub(r"\1 \2", str(value)).replace("|", "\\|").split())
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _plain(value: JsonValue) -> bool:
    return isinstance(value, str | int | float) or value is None


def _with_more(text: str, count: int) -> str:
    return text if count <= MOST_ROWS else f"{text}\n\n… and {count - MOST_ROWS} more."
