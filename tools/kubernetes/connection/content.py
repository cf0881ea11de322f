"""What a request says beside its verb and its path: query and body, as one digest.

A grant for a write holds the digest of what was rehearsed on the server, and the gate makes the digest
of what is about to leave. Left out of it is what may differ between the rehearsal and the write without
the change being another one:

- `dryRun`, which is all that makes a rehearsal of it;
- the version of the object a write insists on (`metadata.resourceVersion`): read anew for every attempt,
  it can only make the server refuse more;
- the moment of a restart, which is the whole content of that annotation, as long as it is a moment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

import msgspec
from pydantic import JsonValue

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""The annotation `kubectl rollout restart` sets on the pod template."""

_VERSION_PATH = "/metadata/resourceVersion"
_MARKS = (b"resourceVersion", RESTARTED_AT.encode(), b'"metadata":{}')
_RESTART = ("spec", "template", "metadata", "annotations")


def content_of(query: Iterable[tuple[str, str]], content_type: str, body: bytes) -> str:
    """The digest, as `sha256:` and hexadecimal.

    Args:
        query: decoded pairs of the query.
        content_type: of the body; the same bytes mean another change as another kind of patch.
        body: as it goes over the wire; empty for none.
    """
    pairs = sorted((key, value) for key, value in query if key != "dryRun")
    form = content_type.partition(";")[0].strip().lower() if body else ""
    words = msgspec.json.encode([pairs, form])
    return (
        "sha256:" + hashlib.sha256(len(words).to_bytes(8, "big") + words + _settled_bytes(body)).hexdigest()
    )


def encoded(body: JsonValue) -> bytes:
    """A body as it goes over the wire: without spaces, fields in the order they were written."""
    try:
        return msgspec.json.encode(body)
    except OverflowError:  # a number of more than 64 bits
        return json.dumps(body, separators=(",", ":")).encode()


def _settled_bytes(body: bytes) -> bytes:
    """The body's bytes; read and written again only where something in it is to be left out."""
    if not any(mark in body for mark in _MARKS):
        return body
    try:
        return encoded(_settled(msgspec.json.decode(body)))
    except (msgspec.MsgspecError, ValueError):
        return body


def _settled(body: JsonValue) -> JsonValue:
    """The body without what may differ between a rehearsal and the write."""
    if isinstance(body, list):
        return [entry for entry in body if not (isinstance(entry, dict) and _insists(entry))]
    if not isinstance(body, dict):
        return body
    metadata = body.get("metadata")
    if isinstance(metadata, dict) and ("resourceVersion" in metadata or not metadata):
        rest = {key: entry for key, entry in metadata.items() if key != "resourceVersion"}
        body = {key: entry for key, entry in body.items() if key != "metadata"}
        if rest:
            body["metadata"] = rest
    return _at_any_time(body, _RESTART)


def _insists(operation: dict[str, JsonValue]) -> bool:
    return operation.get("path") == _VERSION_PATH and operation.get("op") in ("test", "replace")


def _at_any_time(found: JsonValue, path: tuple[str, ...]) -> JsonValue:
    if not isinstance(found, dict):
        return found
    if path:
        inner = found.get(path[0])
        settled = _at_any_time(inner, path[1:])
        return found if settled is inner else {**found, path[0]: settled}
    mark = found.get(RESTARTED_AT)
    return {**found, RESTARTED_AT: "a moment"} if isinstance(mark, str) and _is_moment(mark) else found


def _is_moment(text: str) -> bool:
    try:
        return len(text) <= 40 and datetime.fromisoformat(text) is not None
    except ValueError:
        return False
