"""The three patches that need no field owners: JSON merge, JSON patch, strategic merge."""

from __future__ import annotations

from typing import Any

from tools.sandbox.failure import ApiFailure
from tools.sandbox.manifest import Manifest, MergeKeys, clone

_ORDER = "$setElementOrder/"
_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396: maps are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return clone(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(target: Manifest, operations: list[Manifest]) -> Manifest:
    """RFC 6902. Raises `ApiFailure` (422) when an operation does not apply."""
    document: Any = clone(target)
    for operation in operations:
        word, path = str(operation.get("op")), str(operation.get("path"))
        try:
            document = _apply(document, word, path, operation)
        except (KeyError, IndexError, ValueError, TypeError):
            raise _rejected(
                f"{word} operation does not apply: doc is missing path: {path}: missing value"
            ) from None
    return dict(document)


def strategic_patch(target: Any, patch: Any, keys: MergeKeys, field: str = "") -> Any:
    """Strategic merge (Kubernetes API conventions): lists with a merge key are merged by it.

    Args:
        target: the object, or a part of it.
        patch: the patch, with its `$patch`, `$retainKeys` and `$setElementOrder` directives.
        keys: the merge keys by field name.
        field: the name of the field `target` stands in.
    """
    if not isinstance(patch, dict):
        return clone(patch)
    if patch.get("$patch") == "replace":
        return {key: clone(value) for key, value in patch.items() if key != "$patch"}
    if patch.get("$patch") == "delete":
        return {}
    merged = dict(target) if isinstance(target, dict) else {}
    retained = patch.get("$retainKeys")
    if isinstance(retained, list):
        merged = {key: value for key, value in merged.items() if key in retained}
    for key, value in patch.items():
        if key.startswith(_DELETE_PRIMITIVES):
            name = key.removeprefix(_DELETE_PRIMITIVES)
            merged[name] = [entry for entry in merged.get(name) or [] if entry not in value]
        elif key.startswith("$"):
            continue
        elif value is None:
            merged.pop(key, None)
        elif isinstance(value, list):
            merged[key] = _merge_list(merged.get(key), value, keys, key, patch.get(_ORDER + key))
        else:
            merged[key] = strategic_patch(merged.get(key), value, keys, key)
    return merged


def list_key(field: str, entries: list[Any], keys: MergeKeys) -> str | None:
    """The merge key of a list, or None when the list is replaced as a whole."""
    if field not in keys or not entries or not all(isinstance(entry, dict) for entry in entries):
        return None
    if field == "ports" and any("port" in entry for entry in entries):
        return "port"
    key, names, _ = keys[field]
    return key or (names[0] if names else None)


def _merge_list(target: Any, patch: list[Any], keys: MergeKeys, field: str, order: Any) -> list[Any]:
    current = list(target) if isinstance(target, list) else []
    if field == "finalizers":
        return list(dict.fromkeys([*current, *patch]))
    if any(isinstance(entry, dict) and entry.get("$patch") == "replace" for entry in patch):
        return [clone(entry) for entry in patch if entry.get("$patch") != "replace"]
    key = list_key(field, patch, keys)
    if key is None:
        return current if not patch and field in keys else list(clone(patch))
    for entry in patch:
        found = next((i for i, old in enumerate(current) if old.get(key) == entry.get(key)), None)
        if entry.get("$patch") == "delete":
            current = [old for i, old in enumerate(current) if i != found]
        elif found is None:
            current.append(strategic_patch({}, entry, keys))
        else:
            current[found] = strategic_patch(current[found], entry, keys)
    if isinstance(order, list):
        ranks = {str(entry.get(key)): rank for rank, entry in enumerate(order) if isinstance(entry, dict)}
        current.sort(key=lambda entry: ranks.get(str(entry.get(key)), len(ranks)))
    return current


def _apply(document: Any, word: str, path: str, operation: Manifest) -> Any:
    if word in ("move", "copy"):
        value = clone(_read(document, operation["from"]))
        if word == "move":
            document = _apply(document, "remove", operation["from"], operation)
        return _apply(document, "add", path, {"value": value})
    if word == "test":
        if _read(document, path) != operation.get("value"):
            raise _rejected(f"testing value {path} failed: test failed")
        return document
    if not path:
        return clone(operation["value"])
    *way, last = _steps(path)
    parent = document
    for step in way:
        parent = parent[int(step)] if isinstance(parent, list) else parent[step]
    if isinstance(parent, list):
        index = len(parent) if last == "-" else int(last)
        if word == "add":
            parent.insert(index, clone(operation["value"]))
        elif word == "remove":
            parent.pop(index)
        else:
            parent[index] = clone(operation["value"])
    elif word == "remove":
        del parent[last]
    elif word == "replace" and last not in parent:
        raise KeyError(last)
    else:
        parent[last] = clone(operation["value"])
    return document


def _read(document: Any, path: str) -> Any:
    for step in _steps(path):
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def _steps(path: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _rejected(why: str) -> ApiFailure:
    return ApiFailure(
        422,
        "Invalid",
        "the server rejected our request due to an error in our request",
        {"causes": [{"reason": "UnexpectedServerResponse", "message": why}]},
    )
