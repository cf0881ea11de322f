"""What an operator means by an object: its changes, its fingerprint, its readable form."""

from __future__ import annotations

import hashlib
import json

from pydantic import JsonValue

from tools.kubernetes.fields import Json, mapping, number, text
from tools.tool import Change

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
REVISION = "deployment.kubernetes.io/revision"

_SERVER_METADATA = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
CONTROLLER_ANNOTATIONS = ("deployment.kubernetes.io/", "control-plane.alpha.kubernetes.io/", LAST_APPLIED)
"""Beginnings of annotations that are nobody's intent: diffs and fingerprints leave them out."""

# The first of these that every entry of a list carries tells its entries apart, like the patch merge
# keys of the built-in kinds do.
_MERGE_KEYS = (
    "name",
    "containerPort",
    "port",
    "mountPath",
    "devicePath",
    "type",
    "topologyKey",
    "ip",
    "key",
    "uid",
)


def changes(before: JsonValue, after: JsonValue) -> tuple[Change, ...]:
    """The fields that differ, without what the server keeps for itself (status, versions, owners of fields).

    Lists whose entries have a name (or port, type, …) are matched by it, not by position.
    """
    found: list[Change] = []
    _compare("", _clean(before), _clean(after), found)
    return tuple(sorted(found, key=lambda change: change.path))


def fingerprint(obj: Json) -> str:
    """Changes when somebody changes the object's intent; stays while only its status moves."""
    metadata = mapping(obj, "metadata")
    cleaned = _clean(obj)
    body = json.dumps(cleaned, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(body.encode()).hexdigest()[:16]
    return f"{text(metadata, 'uid')}/{number(metadata, 'generation')}/{digest}"


def intent(obj: Json) -> Json:
    """The object without its status and without what the server and controllers keep for themselves."""
    return mapping(_clean(obj))


def readable(obj: Json) -> Json:
    """The object without the server's book-keeping, with the values of a Secret hidden."""
    shown = {key: entry for key, entry in obj.items() if key != "metadata"}
    metadata = {
        key: entry
        for key, entry in mapping(obj, "metadata").items()
        if key not in ("managedFields", "selfLink")
    }
    annotations = {
        key: entry for key, entry in mapping(metadata, "annotations").items() if key != LAST_APPLIED
    }
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    if text(obj, "kind") == "Secret":
        for part in ("data", "stringData"):
            if isinstance(obj.get(part), dict):
                shown[part] = {key: _hidden(entry) for key, entry in mapping(obj, part).items()}
    return {"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), "metadata": metadata, **shown}


def manifest_of(obj: Json) -> Json:
    """The object as a manifest that creates it anew: without status, versions and identities."""
    shown = mapping(_clean(readable(obj)))
    metadata = {key: entry for key, entry in mapping(shown, "metadata").items() if key != "ownerReferences"}
    return {**shown, "metadata": metadata}


def merge_key(entries: list[JsonValue]) -> str:
    """The field that tells the entries of a list apart; "" when they have none in common."""
    for key in _MERGE_KEYS:
        if entries and all(
            isinstance(entry, dict) and isinstance(entry.get(key), str | int) for entry in entries
        ):
            return key
    return ""


def _hidden(secret: JsonValue) -> str:
    size = len(secret) if isinstance(secret, str) else 0
    return f"(hidden, {size} characters)"


def _clean(obj: JsonValue) -> JsonValue:
    if not isinstance(obj, dict):
        return obj
    cleaned = {key: entry for key, entry in obj.items() if key != "status"}
    metadata = obj.get("metadata")
    if isinstance(metadata, dict):
        kept = {key: entry for key, entry in metadata.items() if key not in _SERVER_METADATA}
        annotations = {
            key: entry
            for key, entry in mapping(kept, "annotations").items()
            if not key.startswith(CONTROLLER_ANNOTATIONS)
        }
        kept.pop("annotations", None)
        if annotations:
            kept["annotations"] = annotations
        cleaned["metadata"] = kept
    return cleaned


def _compare(path: str, before: JsonValue, after: JsonValue, found: list[Change]) -> None:
    if before == after:
        return
    if _keyed(before, after):
        key = _merge_key(before, after)
        if key:
            _compare(path, _named(before, key), _named(after, key), found)
            return
    branches = [side for side in (before, after) if side is not None]
    if branches and all(isinstance(side, dict) and side for side in branches):
        old = before if isinstance(before, dict) else {}
        new = after if isinstance(after, dict) else {}
        for name in old.keys() | new.keys():
            _compare(_join(path, name), old.get(name), new.get(name), found)
        return
    found.append(Change(path=path, before=before, after=after))


def _join(path: str, name: str) -> str:
    if name.startswith("["):
        return path + name
    step = f"[{name}]" if "." in name or "/" in name else name
    return step if not path else path + step if step.startswith("[") else f"{path}.{step}"


def _keyed(before: JsonValue, after: JsonValue) -> bool:
    sides = [side for side in (before, after) if side is not None]
    return bool(sides) and all(isinstance(side, list) and side for side in sides)


def _merge_key(before: JsonValue, after: JsonValue) -> str:
    sides = [side for side in (before, after) if isinstance(side, list)]
    key = merge_key([entry for side in sides for entry in side])
    return key if key and all(len(_by_key(side, key)) == len(side) for side in sides) else ""


def _named(side: JsonValue, key: str) -> JsonValue:
    return _by_key(side, key) if side is not None else None


def _by_key(side: JsonValue, key: str) -> Json:
    entries = side if isinstance(side, list) else []
    return {f"[{text(entry, key)}]": entry for entry in entries}
