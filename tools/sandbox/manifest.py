"""Kubernetes objects as the JSON they travel in, and small ways to look into them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

Manifest: TypeAlias = dict[str, Any]
"""One object as JSON. An API server stores whatever fields a client sends, so it has no narrower type."""

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of generated names: no vowels, so that no words come about."""


def dig(value: Any, *path: str, default: Any = None) -> Any:
    """The value under a path of keys, or the default when a step is missing or null."""
    for step in path:
        if not isinstance(value, dict):
            return default
        value = value.get(step)
        if value is None:
            return default
    return value


def clone(value: Any) -> Any:
    """A deep copy of JSON."""
    if isinstance(value, dict):
        return {key: clone(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [clone(entry) for entry in value]
    return value


def name_of(obj: Manifest) -> str:
    return str(obj["metadata"]["name"])


def namespace_of(obj: Manifest) -> str:
    return str(obj["metadata"].get("namespace", ""))


def uid_of(obj: Manifest) -> str:
    return str(obj["metadata"]["uid"])


def labels_of(obj: Manifest) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def controller_of(obj: Manifest) -> Manifest | None:
    """The owner reference that marks the object's controller."""
    for owner in obj["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            return dict(owner)
    return None


def owner_reference(owner: Manifest) -> Manifest:
    """A reference that makes `owner` the controller of an object."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def deleting(obj: Manifest) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def canonical(value: Any) -> str:
    """JSON with sorted keys, to compare and to hash."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def stamp(moment: datetime) -> str:
    """A time as Kubernetes writes it (RFC 3339, UTC, whole seconds)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> datetime:
    """The time a Kubernetes timestamp stands for."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


MergeKeys: TypeAlias = Mapping[str, tuple[str | None, list[str], str]]
