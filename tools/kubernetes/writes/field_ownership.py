"""Who owns which fields (Kubernetes, "Server-Side Apply", field management), to undo an apply."""

from __future__ import annotations

import json

from pydantic import JsonValue

from tools.kubernetes.fields import Json, mapping, mappings, text
from tools.kubernetes.objects import merge_key


def owned_values(obj: Json, manager: str) -> JsonValue:
    """The part of the object that a manager owns by having applied it; None if it never did.

    Args:
        obj: a raw object with its managed fields.
        manager: the field manager's name.
    """
    for entry in mappings(obj, "metadata", "managedFields"):
        if text(entry, "manager") == manager and text(entry, "operation") == "Apply":
            return _extract(obj, mapping(entry, "fieldsV1"))
    return None


def restricted(before: Json, manifest: Json, owned: JsonValue) -> Json:
    """What a manifest's fields were before, together with what its manager owned anyway.

    Applying the result undoes the manifest: changed fields get their old values, added ones are left
    out and so removed.

    Args:
        before: the object before the manifest was applied.
        manifest: what was applied.
        owned: what the manager owned before, from `owned_values`.
    """
    kept = _restrict(before, manifest)
    merged = _merge(kept, owned)
    result = merged if isinstance(merged, dict) else {}
    identity = {
        key: entry for key, entry in mapping(before, "metadata").items() if key in ("name", "namespace")
    }
    metadata = {**mapping(result, "metadata"), **identity}
    return {**result, "apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": metadata}


def _extract(obj: JsonValue, fields: Json) -> JsonValue:
    steps = {key: entry for key, entry in fields.items() if key != "."}
    if not steps:
        return obj
    if isinstance(obj, dict):
        found: Json = {}
        for step, below in steps.items():
            name = step[2:]
            if step.startswith("f:") and name in obj:
                found[name] = _extract(obj[name], below if isinstance(below, dict) else {})
        return found
    if isinstance(obj, list):
        entries: list[JsonValue] = []
        for step, below in steps.items():
            if step.startswith("v:"):
                entries += [entry for entry in obj if entry == json.loads(step[2:])]
            if step.startswith("k:"):
                keys = json.loads(step[2:])
                for entry in obj:
                    if isinstance(entry, dict) and _matches(entry, keys):
                        part = _extract(entry, below if isinstance(below, dict) else {})
                        entries.append({**(part if isinstance(part, dict) else {}), **keys})
        return entries
    return obj


def _matches(entry: Json, keys: Json) -> bool:
    return all(entry.get(key) == wanted for key, wanted in keys.items())


def _restrict(before: JsonValue, manifest: JsonValue) -> JsonValue:
    if isinstance(before, dict) and isinstance(manifest, dict):
        return {key: _restrict(before[key], entry) for key, entry in manifest.items() if key in before}
    if isinstance(before, list) and isinstance(manifest, list):
        key = merge_key(before + manifest)
        if not key:
            return before
        wanted = {text(entry, key): entry for entry in manifest}
        return [
            {**(part if isinstance(part, dict) else {}), key: mapping(entry).get(key)}
            for entry in before
            if text(entry, key) in wanted
            for part in [_restrict(entry, wanted[text(entry, key)])]
        ]
    return before


def _merge(one: JsonValue, other: JsonValue) -> JsonValue:
    if other is None:
        return one
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            key: _merge(one.get(key, other.get(key)), other.get(key))
            for key in sorted(one.keys() | other.keys())
        }
    if isinstance(one, list) and isinstance(other, list):
        key = merge_key(one + other)
        if not key:
            return one
        by_key = {text(entry, key): entry for entry in one}
        for entry in other:
            name = text(entry, key)
            by_key[name] = _merge(by_key.get(name, entry), entry)
        return list(by_key.values())
    return one
