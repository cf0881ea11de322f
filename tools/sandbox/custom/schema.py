"""Structural schemas: dropping what they do not know, filling in defaults, and refusing what does not fit.

Read are `type`, `properties`, `items`, `additionalProperties`, `required`, `enum`, `default`, `pattern`,
lengths and bounds, `x-kubernetes-int-or-string` and `x-kubernetes-preserve-unknown-fields`; no CEL rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tools.sandbox.failure import Cause, unsupported
from tools.sandbox.manifest import Manifest, MergeKeys, clone

_EVERYWHERE = ("apiVersion", "kind", "metadata")
_OF_METADATA: dict[str, tuple[str | None, list[str], str]] = {"ownerReferences": ("uid", ["uid"], "merge")}
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def prune(schema: Manifest, obj: Manifest) -> list[str]:
    """Drop the fields of an object that its schema does not know, and return their paths."""
    dropped: list[str] = []
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return dropped
    known = schema.get("properties") or {}
    for field in list(obj):
        if field in _EVERYWHERE:
            continue
        if field not in known:
            dropped.append(field)
            del obj[field]
        else:
            _prune(known[field], obj[field], field, dropped)
    return dropped


def fill_defaults(schema: Manifest, value: Any) -> None:
    """Fill in, in place, what the schema has a default for."""
    if isinstance(value, list):
        for entry in value:
            fill_defaults(schema.get("items") or {}, entry)
    elif isinstance(value, dict):
        for field, part in (schema.get("properties") or {}).items():
            if field not in value and "default" in part:
                value[field] = clone(part["default"])
            if field in value:
                fill_defaults(part, value[field])


def violations(schema: Manifest, obj: Manifest) -> list[Cause]:
    """What of an object does not fit its schema, in the server's words."""
    inner = {**schema, "properties": {k: v for k, v in (schema.get("properties") or {}).items()
                                      if k not in _EVERYWHERE}}  # fmt: skip
    return list(_violations(inner, obj, ""))


def merge_keys_of(schema: Manifest) -> MergeKeys:
    """The lists of a schema that are merged by a key (`x-kubernetes-list-type: map`), by field name."""
    return {**_OF_METADATA, **dict(_keyed(schema))}


def _prune(schema: Manifest, value: Any, path: str, dropped: list[str]) -> None:
    if isinstance(value, list):
        for number, entry in enumerate(value):
            _prune(schema.get("items") or {}, entry, f"{path}[{number}]", dropped)
        return
    if not isinstance(value, dict) or schema.get("x-kubernetes-preserve-unknown-fields"):
        return
    known, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for field in list(value):
        if field in known:
            _prune(known[field], value[field], f"{path}.{field}", dropped)
        elif isinstance(others, dict):
            _prune(others, value[field], f"{path}.{field}", dropped)
        elif not others:
            dropped.append(f"{path}.{field}")
            del value[field]


def _violations(schema: Manifest, value: Any, path: str) -> Iterator[Cause]:
    wanted = schema.get("type", "")
    if schema.get("x-kubernetes-int-or-string"):
        wanted = "" if isinstance(value, int | str) else "integer,string"
    if wanted and not _is(value, wanted):
        given = _type_of(value)
        yield Cause(
            "FieldValueTypeInvalid",
            path,
            f'Invalid value: "{given}": {path or "<root>"} in body must be of type {wanted}: "{given}"',
        )
        return
    allowed = schema.get("enum")
    if allowed and value not in allowed:
        yield unsupported(path, str(value), map(str, allowed))
    for bad in (*_of_text(schema, value), *_of_number(schema, value)):
        yield Cause("FieldValueInvalid", path, f"Invalid value: {json.dumps(value)}: {path} in body {bad}")
    if isinstance(value, dict):
        for field in schema.get("required") or []:
            if field not in value:
                yield Cause("FieldValueRequired", _join(path, field), "Required value")
        others = schema.get("additionalProperties")
        for field, entry in value.items():
            part = (schema.get("properties") or {}).get(field, others)
            if isinstance(part, dict):
                yield from _violations(part, entry, _join(path, field))
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _violations(schema.get("items") or {}, entry, f"{path}[{number}]")


def _of_text(schema: Manifest, value: Any) -> Iterator[str]:
    if not isinstance(value, str):
        return
    if "minLength" in schema and len(value) < schema["minLength"]:
        yield f"should be at least {schema['minLength']} chars long"
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        yield f"should be at most {schema['maxLength']} chars long"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"should match '{schema['pattern']}'"


def _of_number(schema: Manifest, value: Any) -> Iterator[str]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if "minimum" in schema and value < schema["minimum"]:
        yield f"should be greater than or equal to {schema['minimum']}"
    if "maximum" in schema and value > schema["maximum"]:
        yield f"should be less than or equal to {schema['maximum']}"


def _is(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return wanted == "boolean"
    return isinstance(value, _TYPES.get(wanted, ()))


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return next((name for name, types in _TYPES.items() if isinstance(value, types)), "null")


def _join(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _keyed(schema: Manifest) -> Iterator[tuple[str, tuple[str | None, list[str], str]]]:
    for field, part in (schema.get("properties") or {}).items():
        names = part.get("x-kubernetes-list-map-keys")
        if part.get("x-kubernetes-list-type") == "map" and names:
            yield field, (names[0], list(names), "merge")
        yield from _keyed(part)
        yield from _keyed(part.get("items") or {})
