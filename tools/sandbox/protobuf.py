"""The few protobuf bodies kubectl sends although JSON would do: reviews, evictions, small objects.

Kubernetes wraps a message in an envelope: four magic bytes, then a `runtime.Unknown` with the kind and
the message itself (Kubernetes documentation, "Kubernetes Protobuf encoding").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from tools.sandbox.manifest import Manifest

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"

_Shape: TypeAlias = "dict[int, tuple[str, _Shape | str]]"
"""Field numbers, with the field's JSON name and what it holds: `text`, `number`, `texts`, `map` or a message."""

_METADATA: _Shape = {
    1: ("name", "text"),
    2: ("generateName", "text"),
    3: ("namespace", "text"),
    8: ("creationTimestamp", "ignored"),
    11: ("labels", "map"),
    12: ("annotations", "map"),
}
_ENTRY: _Shape = {1: ("key", "text"), 2: ("value", "text")}
_RESOURCE: _Shape = {
    number: (name, "text")
    for number, name in enumerate(
        ("namespace", "verb", "group", "version", "resource", "subresource", "name"), start=1
    )
}
_PATH: _Shape = {1: ("path", "text"), 2: ("verb", "text")}
_SELF_ACCESS: _Shape = {1: ("resourceAttributes", _RESOURCE), 2: ("nonResourceAttributes", _PATH)}
_ACCESS: _Shape = {**_SELF_ACCESS, 3: ("user", "text"), 4: ("groups", "texts")}
_PRECONDITIONS: _Shape = {1: ("uid", "text"), 2: ("resourceVersion", "text")}
_DELETE_OPTIONS: _Shape = {
    1: ("gracePeriodSeconds", "number"),
    2: ("preconditions", _PRECONDITIONS),
    4: ("propagationPolicy", "text"),
    5: ("dryRun", "texts"),
}
_STATUS = ("status", "ignored")
_MESSAGES: dict[str, _Shape] = {
    "SelfSubjectAccessReview": {1: ("metadata", _METADATA), 2: ("spec", _SELF_ACCESS), 3: _STATUS},
    "SelfSubjectRulesReview": {
        1: ("metadata", _METADATA),
        2: ("spec", {1: ("namespace", "text")}),
        3: _STATUS,
    },
    "SelfSubjectReview": {1: ("metadata", _METADATA), 2: _STATUS},
    "SubjectAccessReview": {1: ("metadata", _METADATA), 2: ("spec", _ACCESS), 3: _STATUS},
    "LocalSubjectAccessReview": {1: ("metadata", _METADATA), 2: ("spec", _ACCESS), 3: _STATUS},
    "Eviction": {1: ("metadata", _METADATA), 2: ("deleteOptions", _DELETE_OPTIONS)},
    "DeleteOptions": _DELETE_OPTIONS,
    "Namespace": {1: ("metadata", _METADATA), 2: ("spec", {}), 3: _STATUS},
    "ConfigMap": {1: ("metadata", _METADATA), 2: ("data", "map")},
}


def decode(body: bytes) -> Manifest | None:
    """The object in a protobuf body; None for kinds we do not read.

    Raises ValueError when it is broken, or sets a field we do not read: nothing is dropped in silence.
    """
    if not body.startswith(_MAGIC):
        raise ValueError("the body does not begin like Kubernetes protobuf")
    envelope = _message(
        body[len(_MAGIC) :],
        {
            1: ("type", {1: ("apiVersion", "text"), 2: ("kind", "text")}),
            2: ("raw", "bytes"),
            3: ("contentEncoding", "ignored"),
            4: ("contentType", "ignored"),
        },
    )
    type_ = envelope.get("type", {})
    shape = _MESSAGES.get(type_.get("kind", ""))
    return {**type_, **_message(envelope.get("raw", b""), shape)} if shape is not None else None


def _message(data: bytes, shape: _Shape) -> Manifest:
    found: Manifest = {}
    for number, value in _fields(data):
        if number not in shape:
            if value:
                raise ValueError(f"it sets field {number}, which is only read from JSON")
            continue
        name, holds = shape[number]
        if holds == "ignored":
            continue
        if isinstance(value, int):
            found[name] = value
        elif isinstance(holds, dict):
            found[name] = _message(value, holds)
        elif holds == "texts":
            found.setdefault(name, []).append(value.decode())
        elif holds == "map":
            entry = _message(value, _ENTRY)
            found.setdefault(name, {})[entry["key"]] = entry.get("value", "")
        elif holds == "bytes":
            found[name] = value
        elif value:  # an empty string is a field that was not set
            found[name] = value.decode()
    return found


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
        elif wire == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("a field is longer than the message")
            yield number, data[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {wire} is not expected here")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("the message ends in the middle of a number")
