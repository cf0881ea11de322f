"""The forms an answer can have: objects, Tables, PartialObjectMetadata, and other versions of a kind."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tools.sandbox.columns import cells_of
from tools.sandbox.custom.conversion import converted
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, dig

Form = Literal["object", "table", "metadata"]


def form_of(accept: str) -> Form:
    """The form an Accept header asks for first."""
    for choice in accept.split(","):
        if "as=Table" in choice:
            return "table"
        if "as=PartialObjectMetadata" in choice:
            return "metadata"
        if "json" in choice or "*/*" in choice:
            return "object"
    return "object"


def one(kind: Kind, obj: Manifest, form: Form, include: str, now: datetime) -> Manifest:
    """A single object in the form asked for."""
    obj = in_version(kind, obj)
    if form == "table":
        return table(
            kind, [obj], {"resourceVersion": obj["metadata"].get("resourceVersion", "")}, include, now
        )
    if form == "metadata":
        return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
    return obj


def many(
    kind: Kind, objects: list[Manifest], metadata: Manifest, form: Form, include: str, now: datetime
) -> Manifest:
    """A list in the form asked for."""
    objects = [in_version(kind, obj) for obj in objects]
    if form == "table":
        return table(kind, objects, metadata, include, now)
    if form == "metadata":
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "items": [
                {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
                for obj in objects
            ],
        }
    return {
        "kind": kind.custom.list_name if kind.custom else f"{kind.name}List",
        "apiVersion": kind.api_version,
        "metadata": metadata,
        "items": objects if kind.custom else [_bare(obj) for obj in objects],
    }


def table(kind: Kind, objects: list[Manifest], metadata: Manifest, include: str, now: datetime) -> Manifest:
    """A Table: the recorded columns, one row per object.

    Args:
        kind: of the objects.
        objects: the rows, in the version of `kind`.
        metadata: of the list.
        include: what a row carries along: None, Metadata or Object.
        now: for ages.
    """
    rows: list[Manifest] = []
    for obj in objects:
        row: Manifest = {"cells": cells_of(kind, obj, now)}
        if include == "Object":
            row["object"] = obj
        elif include != "None":
            row["object"] = {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": obj["metadata"],
            }
        else:
            row["object"] = None
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": list(kind.columns),
        "rows": rows,
    }


def in_version(kind: Kind, obj: Manifest) -> Manifest:
    """An object as another served version of its kind shows it. Raises `ApiFailure` (500)."""
    if kind.custom is not None:
        return converted(kind, kind.custom, obj, kind.api_version)
    if kind.group == "events.k8s.io":
        return _new_event(kind, obj)
    if kind.plural == "horizontalpodautoscalers" and kind.version == "v1":
        return _old_autoscaler(kind, obj)
    return obj


def stored(kind: Kind, obj: Manifest) -> Manifest:
    """A custom object in the version it is stored in. Raises `ApiFailure` (500)."""
    return obj if kind.custom is None else converted(kind, kind.custom, obj, kind.custom.stored_as)


def _new_event(kind: Kind, obj: Manifest) -> Manifest:
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": obj["metadata"],
        "eventTime": obj.get("eventTime"),
        "reportingController": obj.get("reportingComponent", ""),
        "reportingInstance": obj.get("reportingInstance", ""),
        "reason": obj.get("reason"),
        "regarding": obj.get("involvedObject"),
        "note": obj.get("message"),
        "type": obj.get("type"),
        "deprecatedSource": obj.get("source"),
        "deprecatedFirstTimestamp": obj.get("firstTimestamp"),
        "deprecatedLastTimestamp": obj.get("lastTimestamp"),
        "deprecatedCount": obj.get("count"),
    }


def _old_autoscaler(kind: Kind, obj: Manifest) -> Manifest:
    spec, status = obj["spec"], obj.get("status") or {}
    cpu = [m["resource"] for m in spec.get("metrics") or [] if dig(m, "resource", "name") == "cpu"]
    used = [m["resource"] for m in status.get("currentMetrics") or [] if dig(m, "resource", "name") == "cpu"]
    old_spec = {key: spec[key] for key in ("scaleTargetRef", "minReplicas", "maxReplicas") if key in spec}
    if cpu:
        old_spec["targetCPUUtilizationPercentage"] = dig(cpu[0], "target", "averageUtilization")
    old_status = {key: status.get(key, 0) for key in ("currentReplicas", "desiredReplicas")}
    if used:
        old_status["currentCPUUtilizationPercentage"] = dig(used[0], "current", "averageUtilization")
    return {**obj, "apiVersion": kind.api_version, "spec": old_spec, "status": old_status}


def _bare(obj: Manifest) -> Manifest:
    """List items of built-in kinds carry neither apiVersion nor kind."""
    return {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")}
