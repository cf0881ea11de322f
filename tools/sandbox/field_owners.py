"""Who owns which field: managedFields, and server-side apply with its conflicts.

A field is named by its path: `f:spec`, `k:{"name":"web"}` for an entry of a keyed list, `v:"x"` for a
member of a set (Kubernetes documentation, "Server-Side Apply").
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tools.sandbox.failure import ApiFailure
from tools.sandbox.manifest import Manifest, MergeKeys, clone, dig
from tools.sandbox.patches import list_key, strategic_patch

Path = tuple[str, ...]

_SERVER_METADATA = frozenset(
    [
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "selfLink",
        "uid",
    ]
)
_ATOMIC = frozenset(
    [
        "selector",
        "nodeSelector",
        "labelSelector",
        "fieldRef",
        "secretKeyRef",
        "configMapKeyRef",
        "resourceFieldRef",
        "targetRef",
        "roleRef",
        "claimRef",
    ]
)


def leaves(obj: Manifest, keys: MergeKeys) -> dict[Path, Any]:
    """All fields an object sets, with their values."""
    return dict(_walk(obj, (), "", keys))


def record_update(
    old: Manifest | None, new: Manifest, manager: str, subresource: str, time: str, keys: MergeKeys
) -> Manifest:
    """`new` with managedFields that give the changed fields to `manager`.

    Args:
        old: the object before, None when it is being created.
        new: the object after.
        manager: the field manager.
        subresource: the one written through, or "".
        time: now, as a timestamp.
        keys: the merge keys by field name.
    """
    before, after = leaves(old or {}, keys), leaves(new, keys)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    entries = list(dig(old, "metadata", "managedFields", default=[]))
    if not changed and all(path in after for path in before):
        return _with_entries(new, entries)
    mine: set[Path] = set()
    kept: list[Manifest] = []
    for entry in entries:
        owned = {path for path in _decode(entry.get("fieldsV1") or {}) if path in after}
        if _is(entry, manager, "Update", subresource):
            mine = owned
        elif remaining := owned - changed:
            kept.append({**entry, "fieldsV1": _encode(remaining)} if remaining != owned else entry)
    mine |= changed
    if mine:
        kept.append(_entry(manager, "Update", subresource, new["apiVersion"], time, mine))
    return _with_entries(new, kept)


def apply(
    old: Manifest | None, config: Manifest, manager: str, force: bool, time: str, keys: MergeKeys
) -> Manifest:
    """Server-side apply of `config` by `manager`.

    Raises: `ApiFailure` (409) when others own fields with other values and `force` is off.
    """
    wanted, current = leaves(config, keys), leaves(old or {}, keys)
    entries = list(dig(old, "metadata", "managedFields", default=[]))
    before: set[Path] = set()
    conflicts: list[tuple[Manifest, Path]] = []
    for entry in entries:
        owned = _decode(entry.get("fieldsV1") or {})
        if _is(entry, manager, "Apply", ""):
            before = owned
            continue
        conflicts += [
            (entry, path) for path in sorted(owned) if path in wanted and current.get(path) != wanted[path]
        ]
    if conflicts and not force:
        raise _conflict(conflicts)
    lost = {path for _, path in conflicts}
    others: list[Manifest] = []
    for entry in entries:
        if _is(entry, manager, "Apply", ""):
            continue
        owned = _decode(entry.get("fieldsV1") or {})
        if remaining := owned - lost:
            others.append(entry if remaining == owned else {**entry, "fieldsV1": _encode(remaining)})
    merged: Manifest = strategic_patch(clone(old) if old else {}, _without_managed(config), keys)
    shared = {path for entry in others for path in _decode(entry.get("fieldsV1") or {})}
    for path in sorted(before - wanted.keys() - shared, reverse=True):
        _remove(merged, path)
    others.append(_entry(manager, "Apply", "", config["apiVersion"], time, set(wanted)))
    return _with_entries(merged, others)


def _walk(value: Any, path: Path, field: str, keys: MergeKeys) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value and field not in _ATOMIC:
        for name, entry in value.items():
            if not path and name in ("apiVersion", "kind", "status"):
                continue
            if path == ("f:metadata",) and name in _SERVER_METADATA:
                continue
            yield from _walk(entry, (*path, f"f:{name}"), name, keys)
    elif isinstance(value, list) and field == "finalizers":
        for entry in value:
            yield (*path, f"v:{json.dumps(entry)}"), entry
    elif isinstance(value, list) and (key := list_key(field, value, keys)):
        names = [key] if key != "containerPort" and key != "port" else [key, "protocol"]
        for entry in value:
            identity = {name: entry.get(name, "TCP") for name in names if name in entry or name == "protocol"}
            step = f"k:{json.dumps(identity, separators=(',', ':'), sort_keys=True)}"
            yield (*path, step), entry.get(key)
            yield from _walk(entry, (*path, step), "", keys)
    elif path:
        yield path, value


def _encode(paths: set[Path]) -> Manifest:
    tree: Manifest = {}
    for path in sorted(paths):
        branch = tree
        for step in path:
            branch = branch.setdefault(step, {})
        if path[-1].startswith("k:"):
            branch["."] = {}
    return tree


def _decode(tree: Manifest, path: Path = ()) -> set[Path]:
    found: set[Path] = set()
    for step, branch in tree.items():
        if step == ".":
            found.add(path)
        elif branch:
            found |= _decode(branch, (*path, step))
        else:
            found.add((*path, step))
    return found


def _remove(target: Any, path: Path) -> None:
    step, rest = path[0], path[1:]
    kind, label = step[:2], step[2:]
    if kind == "f:" and isinstance(target, dict) and label in target:
        if not rest:
            del target[label]
            return
        _remove(target[label], rest)
        if target[label] in ({}, []):
            del target[label]
    elif kind == "v:" and isinstance(target, list):
        value = json.loads(label)
        target[:] = [entry for entry in target if entry != value]
    elif kind == "k:" and isinstance(target, list):
        identity = json.loads(label)
        for entry in list(target):
            if all(entry.get(key, "TCP") == value for key, value in identity.items()):
                if rest:
                    _remove(entry, rest)
                else:
                    target.remove(entry)


def _conflict(conflicts: list[tuple[Manifest, Path]]) -> ApiFailure:
    if len(conflicts) == 1:
        entry, path = conflicts[0]
        sentence = f"Apply failed with 1 conflict: conflict with {_called(entry)}: {_spelled(path)}"
    else:
        by_manager: dict[str, list[str]] = {}
        for entry, path in conflicts:
            by_manager.setdefault(_called(entry), []).append(_spelled(path))
        lines = [
            line
            for called, paths in sorted(by_manager.items())
            for line in (f"conflicts with {called}:", *(f"- {path}" for path in paths))
        ]
        sentence = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {_called(e)}", "field": _spelled(p)}
        for e, p in conflicts
    ]
    return ApiFailure(409, "Conflict", sentence, {"causes": causes})


def _called(entry: Manifest) -> str:
    text = f'"{entry["manager"]}"'
    if entry.get("subresource"):
        text += f' with subresource "{entry["subresource"]}"'
    return text if entry["operation"] == "Apply" else f"{text} using {entry['apiVersion']}"


def _spelled(path: Path) -> str:
    text = ""
    for step in path:
        kind, label = step[:2], step[2:]
        if kind == "f:":
            text += f".{label}"
        elif kind == "v:":
            text += f"[={label}]"
        else:
            pairs = json.loads(label).items()
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in pairs) + "]"
    return text


def _is(entry: Manifest, manager: str, operation: str, subresource: str) -> bool:
    return (entry["manager"], entry["operation"], entry.get("subresource", "")) == (
        manager,
        operation,
        subresource,
    )


def _entry(
    manager: str, operation: str, subresource: str, api_version: str, time: str, paths: set[Path]
) -> Manifest:
    entry: Manifest = {
        "manager": manager,
        "operation": operation,
        "apiVersion": api_version,
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": _encode(paths),
    }
    return {**entry, "subresource": subresource} if subresource else entry


def _with_entries(obj: Manifest, entries: list[Manifest]) -> Manifest:
    metadata = {**obj["metadata"], "managedFields": entries}
    if not entries:
        del metadata["managedFields"]
    return {**obj, "metadata": metadata}


def _without_managed(config: Manifest) -> Manifest:
    metadata = {key: value for key, value in config["metadata"].items() if key != "managedFields"}
    return {**config, "metadata": metadata}
