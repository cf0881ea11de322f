"""Read fields out of raw Kubernetes objects without trusting their shape."""

from __future__ import annotations

from pydantic import JsonValue

Json = dict[str, JsonValue]


def value(source: JsonValue, *path: str) -> JsonValue:
    """What lies at the path, or None."""
    for key in path:
        if not isinstance(source, dict):
            return None
        source = source.get(key)
    return source


def text(source: JsonValue, *path: str) -> str:
    """The string at the path; numbers as text; "" when there is none."""
    found = value(source, *path)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else ""


def number(source: JsonValue, *path: str, default: int = 0) -> int:
    """The whole number at the path, or the default."""
    found = value(source, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def mapping(source: JsonValue, *path: str) -> Json:
    """The object at the path, or an empty one."""
    found = value(source, *path)
    return found if isinstance(found, dict) else {}


def mappings(source: JsonValue, *path: str) -> list[Json]:
    """The objects of the list at the path."""
    found = value(source, *path)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def strings(source: JsonValue, *path: str) -> dict[str, str]:
    """A map of strings, such as labels or annotations."""
    return {key: entry for key, entry in mapping(source, *path).items() if isinstance(entry, str)}


def condition(source: JsonValue, kind: str) -> Json:
    """The status condition of that type, or an empty object."""
    for entry in mappings(source, "status", "conditions"):
        if text(entry, "type") == kind:
            return entry
    return {}
