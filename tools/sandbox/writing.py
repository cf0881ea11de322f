"""Create, update, patch and delete, with the checks of the real server and its dry run."""

from __future__ import annotations

from typing import Any

from tools.sandbox import reading, shapes
from tools.sandbox.defaults import fill_in
from tools.sandbox.deletion import default_propagation
from tools.sandbox.failure import (
    bad_request,
    conflict,
    invalid,
    method_not_allowed,
    not_found,
    required,
    unsupported_media_type,
)
from tools.sandbox.field_owners import apply, record_update
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, clone, deleting, dig, name_of, uid_of
from tools.sandbox.patches import json_patch, merge_patch, strategic_patch
from tools.sandbox.plane import ControlPlane
from tools.sandbox.request import ApiCall, options_of, without_nulls
from tools.sandbox.scale import SCALED, scale_of, with_scale
from tools.sandbox.unknown_fields import check_fields
from tools.sandbox.validation import validate, validate_change

_SERVER_METADATA = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "deletionGracePeriodSeconds",
    "selfLink",
)
_PRESERVED = (
    "uid",
    "creationTimestamp",
    "name",
    "namespace",
    "resourceVersion",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
_CUSTOM_PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
)
_STATUS_ON_CREATE = frozenset({"events", "componentstatuses"})


class Outcome:
    """What a write answers: a document, its HTTP status, and warnings for the client."""

    def __init__(self, document: Manifest, code: int = 200, warnings: list[str] | None = None) -> None:
        self.document = document
        self.code = code
        self.warnings = warnings or []


def create(plane: ControlPlane, call: ApiCall) -> Outcome:
    """POST to a collection. Raises `ApiFailure`."""
    kind = call.kind
    body = _object(call)
    metadata = body["metadata"]
    if not metadata.get("name") and not metadata.get("generateName"):
        raise invalid(kind, "", [required("metadata.name", "name or generateName is required")])
    warnings = check_fields(kind, body, call.http.query.get("fieldValidation", "Warn"))
    obj = _new(plane, call, body)
    obj = record_update(None, obj, call.manager, "", plane.stamp(), plane.merge_keys(call.kind))
    return Outcome(_shaped(plane, call, _store(plane, call, obj)), 201, warnings)


def update(plane: ControlPlane, call: ApiCall) -> Outcome:
    """PUT of an object or of a subresource. Raises `ApiFailure`."""
    old = plane.read(call.kind, call.target.namespace, call.target.name)
    if call.target.subresource == "scale":
        return _scale(plane, call, old, without_nulls(call.body))
    body = _object(call)
    if body["metadata"].get("name") not in (None, call.target.name):
        raise bad_request(
            f"the name of the object ({body['metadata']['name']}) does not match "
            f"the name on the URL ({call.target.name})"
        )
    warnings = check_fields(call.kind, body, call.http.query.get("fieldValidation", "Warn"))
    return Outcome(_replace(plane, call, old, body), 200, warnings)


def patch(plane: ControlPlane, call: ApiCall) -> Outcome:
    """PATCH in any of the four ways. Raises `ApiFailure`."""
    if call.content_type == "application/apply-patch+yaml":
        return _apply(plane, call)
    old = plane.read(call.kind, call.target.namespace, call.target.name)
    if call.target.subresource == "scale":
        return _scale(plane, call, old, _patched(plane, call, scale_of(call.kind, old)))
    new = without_nulls(_patched(plane, call, old))
    warnings = check_fields(call.kind, new, call.http.query.get("fieldValidation", "Warn"), patching=True)
    return Outcome(_replace(plane, call, old, new), 200, warnings)


def delete(plane: ControlPlane, call: ApiCall) -> Outcome:
    """DELETE of one object. Raises `ApiFailure` (404, 409)."""
    kind, options = call.kind, options_of(call)
    obj = plane.read(kind, call.target.namespace, call.target.name)
    shapes.in_version(kind, obj)
    _check_preconditions(kind, obj, options.get("preconditions") or {})
    warnings = []
    if "propagationPolicy" not in options and default_propagation(kind) == "Orphan":
        warnings.append(
            "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
            "them or set propagationPolicy=Orphan to suppress this warning"
        )
    if call.dry_run:
        return Outcome(shapes.in_version(kind, obj), 200, warnings)
    left = plane.delete(kind, obj, options.get("gracePeriodSeconds"), options.get("propagationPolicy"))
    if left is not None or kind.plural == "pods":
        return Outcome(shapes.in_version(kind, left or obj), 200, warnings)
    details = {"name": name_of(obj), "kind": kind.plural, "uid": uid_of(obj)}
    if kind.group:
        details["group"] = kind.group
    return Outcome(
        {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details},
        200,
        warnings,
    )


def delete_collection(plane: ControlPlane, call: ApiCall) -> Outcome:
    """DELETE of a collection: everything its selectors match."""
    options, objects = options_of(call), reading.matching(plane, call)
    if not call.dry_run:
        for obj in objects:
            plane.delete(call.kind, obj, options.get("gracePeriodSeconds"), options.get("propagationPolicy"))
    metadata = {"resourceVersion": str(plane.store.version)}
    return Outcome(shapes.many(call.kind, objects, metadata, "object", "None", plane.timeline.now()))


def _new(plane: ControlPlane, call: ApiCall, body: Manifest) -> Manifest:
    """A checked, completed object that is not there yet."""
    draft = clone(body)
    for field in _SERVER_METADATA:
        draft["metadata"].pop(field, None)
    if call.kind.plural not in _STATUS_ON_CREATE and "status" in draft and _status_apart(call.kind):
        del draft["status"]
    if call.kind.custom is not None:  # a version that cannot be converted is not stored either
        draft = shapes.stored(call.kind, draft)
        fill_in(call.kind, draft, plane.identities)
    validate(call.kind, draft)
    return plane.prepare(call.kind, draft)


def _status_apart(kind: Kind) -> bool:
    return kind.custom is None or kind.custom.status_apart


def _store(plane: ControlPlane, call: ApiCall, obj: Manifest) -> Manifest:
    if call.dry_run:
        metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
        if "spec" in obj:
            metadata.setdefault("generation", 1)
        return {**obj, "metadata": metadata}
    return plane.store.put(call.kind, obj)


def _replace(plane: ControlPlane, call: ApiCall, old: Manifest, new: Manifest) -> Manifest:
    kind, sub = call.kind, call.target.subresource
    shapes.in_version(kind, old)  # what cannot be converted cannot be written either
    metadata = dict(new.get("metadata") or {})
    _check_preconditions(
        kind,
        old,
        {"uid": metadata.get("uid")} if metadata.get("uid") != uid_of(old) else {},
    )
    version = metadata.get("resourceVersion")
    if version and version != old["metadata"]["resourceVersion"]:
        raise conflict(kind, name_of(old))
    for field in _PRESERVED:
        metadata.pop(field, None)
        if field in old["metadata"]:
            metadata[field] = old["metadata"][field]
    entries = old["metadata"].get("managedFields")
    metadata["managedFields"] = entries if entries else []
    if deleting(old):
        kept = old["metadata"].get("finalizers") or []
        metadata["finalizers"] = [entry for entry in metadata.get("finalizers") or [] if entry in kept]
    draft: Manifest = {**new, "apiVersion": old["apiVersion"], "kind": old["kind"], "metadata": metadata}
    if sub == "status":
        draft = {**old, "metadata": metadata, "status": new.get("status", {})}
    else:
        draft = clone(draft)
        if _status_apart(kind):
            draft.pop("status", None)
            if "status" in old:
                draft["status"] = old["status"]
        fill_in(kind, draft, plane.identities)
        validate(kind, draft)
        validate_change(kind, old, draft)
    draft = record_update(old, draft, call.manager, sub, plane.stamp(), plane.merge_keys(call.kind))
    return _shaped(plane, call, _write(plane, call, old, draft))


def _write(plane: ControlPlane, call: ApiCall, old: Manifest, draft: Manifest) -> Manifest:
    if call.dry_run:
        changed = {k: v for k, v in draft.items() if k != "metadata"} != {
            k: v for k, v in old.items() if k != "metadata"
        }
        if changed and "generation" in old["metadata"] and call.target.subresource != "status":
            generation = old["metadata"]["generation"] + 1
            return {**draft, "metadata": {**draft["metadata"], "generation": generation}}
        return draft
    stored = plane.store.put(call.kind, draft)
    plane.deletion.collect(call.kind, stored)
    return stored


def _scale(plane: ControlPlane, call: ApiCall, old: Manifest, scale: Manifest) -> Outcome:
    if call.kind.plural not in SCALED:
        raise not_found(call.kind, call.target.name)
    version = dig(scale, "metadata", "resourceVersion")
    if version and version != old["metadata"]["resourceVersion"]:
        raise conflict(call.kind, name_of(old))
    draft = with_scale(call.kind, old, scale)
    draft = record_update(old, draft, call.manager, "scale", plane.stamp(), plane.merge_keys(call.kind))
    return Outcome(scale_of(call.kind, _write(plane, call, old, draft)))


def _apply(plane: ControlPlane, call: ApiCall) -> Outcome:
    kind, keys = call.kind, plane.merge_keys(call.kind)
    config = _object(call)
    if config["metadata"].get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    if not call.http.query.get("fieldManager"):
        options = kind_of_options()
        raise invalid(options, "", [required("fieldManager", "is required for apply patch")])
    if call.target.subresource:
        raise method_not_allowed()
    warnings = check_fields(kind, config, call.http.query.get("fieldValidation", "Warn"))
    config["metadata"]["name"] = call.target.name
    if kind.namespaced:
        config["metadata"]["namespace"] = call.target.namespace
    old = plane.store.get(kind, call.target.namespace, call.target.name)
    version = config["metadata"].pop("resourceVersion", None)
    if version and old is not None and version != old["metadata"]["resourceVersion"]:
        raise conflict(kind, name_of(old))
    force, time = call.flag("force"), plane.stamp()
    if old is None:
        if dig(config, "metadata", "uid"):
            raise conflict(
                kind,
                call.target.name,
                f"uid mismatch: the provided object specified uid {config['metadata']['uid']}, "
                "and no existing object was found",
            )
        applied = apply(None, config, call.manager, force, time, keys)
        obj = _new(plane, call, applied)
        return Outcome(_shaped(plane, call, _store(plane, call, obj)), 201, warnings)
    shapes.in_version(kind, old)
    draft = clone(apply(old, config, call.manager, force, time, keys))
    draft["apiVersion"], draft["kind"] = old["apiVersion"], old["kind"]
    for field in _PRESERVED:
        if field in old["metadata"]:
            draft["metadata"][field] = old["metadata"][field]
    if "status" in old and _status_apart(kind):
        draft["status"] = old["status"]
    fill_in(kind, draft, plane.identities)
    validate(kind, draft)
    validate_change(kind, old, draft)
    if _same_apart_from_times(old, draft):
        draft = old
    return Outcome(_shaped(plane, call, _write(plane, call, old, draft)), 200, warnings)


def kind_of_options() -> Kind:
    """What the server calls the parameters of a patch in its errors."""
    return Kind(
        "meta.k8s.io", "v1", "patchoptions", "PatchOptions", "patchoptions", False, frozenset(), (), ("", "")
    )


def _same_apart_from_times(old: Manifest, new: Manifest) -> bool:
    def timeless(obj: Manifest) -> Manifest:
        entries = [
            {key: value for key, value in entry.items() if key != "time"}
            for entry in obj["metadata"].get("managedFields") or []
        ]
        ordered = sorted(
            entries, key=lambda entry: (entry["manager"], entry["operation"], entry.get("subresource", ""))
        )
        return {**obj, "metadata": {**obj["metadata"], "managedFields": ordered}}

    return timeless(old) == timeless(new)


def _patched(plane: ControlPlane, call: ApiCall, target: Manifest) -> Manifest:
    if call.content_type == "application/json-patch+json":
        if not isinstance(call.body, list):
            raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
        return json_patch(target, call.body)
    if not isinstance(call.body, dict):
        raise bad_request("json: cannot unmarshal array into Go value of type map[string]interface {}")
    if call.content_type == "application/merge-patch+json":
        return dict(merge_patch(target, call.body))
    if call.kind.custom is not None:
        raise unsupported_media_type(_CUSTOM_PATCHES)
    return dict(strategic_patch(target, call.body, plane.merge_keys(call.kind)))


def _object(call: ApiCall) -> Manifest:
    """The body as an object of the right kind, in the right namespace."""
    body: Any = without_nulls(call.body)
    kind = call.kind
    if not isinstance(body, dict):
        raise bad_request("the request body must be an object")
    if not body.get("kind") and not body.get("apiVersion"):
        body = {**body, "kind": kind.name, "apiVersion": kind.api_version}
    if body.get("kind") != kind.name or body.get("apiVersion") != kind.api_version:
        given = f"{body.get('apiVersion', '')}, Kind={body.get('kind', '')}"
        raise bad_request(
            f"the API version in the data ({given}) does not match "
            f"the expected API version ({kind.api_version}, Kind={kind.name})"
        )
    metadata = dict(body.get("metadata") or {})
    namespace = call.target.namespace
    if kind.namespaced:
        if metadata.get("namespace", namespace) != namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        metadata["namespace"] = namespace
    return {**body, "metadata": metadata}


def _check_preconditions(kind: Kind, obj: Manifest, wanted: Manifest) -> None:
    for field, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        if wanted.get(field) and wanted[field] != obj["metadata"][field]:
            have = obj["metadata"][field]
            raise conflict(
                kind,
                name_of(obj),
                f"Precondition failed: {word} in precondition: {wanted[field]}, {word} in object meta: {have}",
            )


def _shaped(plane: ControlPlane, call: ApiCall, obj: Manifest) -> Manifest:
    return shapes.one(call.kind, obj, call.form, call.include, plane.timeline.now())
