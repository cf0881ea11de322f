"""Get and list."""

from __future__ import annotations

import base64
import json

from tools.sandbox import shapes
from tools.sandbox.failure import bad_request, expired
from tools.sandbox.manifest import Manifest, labels_of, name_of, namespace_of
from tools.sandbox.plane import ControlPlane
from tools.sandbox.request import ApiCall
from tools.sandbox.selectors import parse_fields, parse_labels

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


def get(plane: ControlPlane, call: ApiCall) -> Manifest:
    """One object. Raises `ApiFailure` (404)."""
    obj = plane.read(call.kind, call.target.namespace, call.target.name)
    return shapes.one(call.kind, obj, call.form, call.include, plane.timeline.now())


def list_(plane: ControlPlane, call: ApiCall) -> Manifest:
    """A page of objects."""
    objects = matching(plane, call)
    metadata: Manifest = {"resourceVersion": str(plane.store.version)}
    token, limit = call.http.query.get("continue", ""), call.number("limit") or 0
    if token:
        version, after = _read_token(token)
        if version < plane.store.oldest():
            raise expired(_TOO_OLD)
        metadata["resourceVersion"] = str(version)
        objects = [obj for obj in objects if (namespace_of(obj), name_of(obj)) > after]
    if limit and len(objects) > limit:
        last = objects[limit - 1]
        metadata["continue"] = _token(metadata["resourceVersion"], namespace_of(last), name_of(last))
        if not call.http.query.get("labelSelector") and not call.http.query.get("fieldSelector"):
            metadata["remainingItemCount"] = len(objects) - limit
        objects = objects[:limit]
    return shapes.many(call.kind, objects, metadata, call.form, call.include, plane.timeline.now())


def matching(plane: ControlPlane, call: ApiCall) -> list[Manifest]:
    """The objects a collection request means, in order."""
    query = call.http.query
    objects = plane.store.sorted(call.kind, call.target.namespace)
    if text := query.get("labelSelector"):
        labels = parse_labels(text)
        objects = [obj for obj in objects if labels(labels_of(obj))]
    if text := query.get("fieldSelector"):
        fields = parse_fields(text, call.kind)
        objects = [obj for obj in objects if fields(obj)]
    return objects


def _token(version: str, namespace: str, name: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([version, namespace, name]).encode()).decode()


def _read_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        version, namespace, name = json.loads(base64.urlsafe_b64decode(token))
        return int(version), (str(namespace), str(name))
    except ValueError:
        raise bad_request("continue key is not valid") from None
