"""metrics.k8s.io: what pods and nodes use at the moment."""

from __future__ import annotations

from datetime import datetime

from tools.sandbox.failure import not_found
from tools.sandbox.kubelet.usage import container_usage, pod_usage
from tools.sandbox.manifest import Manifest, dig, labels_of, name_of, namespace_of, stamp
from tools.sandbox.plane import ControlPlane
from tools.sandbox.quantity import mebibytes, millicores
from tools.sandbox.request import ApiCall
from tools.sandbox.selectors import parse_labels

_NODE_CPU = 180.0
_NODE_MEMORY = 620.0


def metrics(plane: ControlPlane, call: ApiCall) -> Manifest:
    """Answer a get or list of PodMetrics or NodeMetrics. Raises `ApiFailure` (404)."""
    now, kind = plane.timeline.now(), call.kind
    source = plane.pods if kind.plural == "pods" else plane.nodes
    if call.target.name:
        obj = plane.read(source, call.target.namespace, call.target.name)
        if not _reports(obj):
            raise not_found(call.kind, call.target.name)
        return _measure(plane, call, obj, now)
    labels = parse_labels(call.http.query.get("labelSelector", ""))
    objects = [obj for obj in plane.store.sorted(source, call.target.namespace) if labels(labels_of(obj))]
    if source is plane.pods:
        objects = [obj for obj in objects if dig(obj, "status", "phase") == "Running"]
    objects = [obj for obj in objects if _reports(obj)]
    return {
        "kind": f"{kind.name}List",
        "apiVersion": kind.api_version,
        "metadata": {},
        "items": [_measure(plane, call, obj, now) for obj in objects],
    }


def _reports(obj: Manifest) -> bool:
    """A node whose kubelet never reported has no metrics."""
    return obj["kind"] != "Node" or bool(dig(obj, "status", "allocatable"))


def _measure(plane: ControlPlane, call: ApiCall, obj: Manifest, now: datetime) -> Manifest:
    elapsed = plane.timeline.elapsed()
    measured: Manifest = {
        "kind": call.kind.name,
        "apiVersion": call.kind.api_version,
        "metadata": {
            "name": name_of(obj),
            **({"namespace": namespace_of(obj)} if namespace_of(obj) else {}),
            "creationTimestamp": stamp(now),
            "labels": labels_of(obj),
        },
        "timestamp": stamp(now),
        "window": "15s",
    }
    if call.kind.plural == "pods":
        measured["containers"] = [
            {"name": entry["name"], "usage": _usage(*container_usage(obj, entry, elapsed))}
            for entry in obj["spec"]["containers"]
        ]
        return measured
    usages = [
        pod_usage(pod, elapsed)
        for pod in plane.store.all(plane.pods)
        if dig(pod, "spec", "nodeName") == name_of(obj)
    ]
    allocatable = obj["status"]["allocatable"]
    cpu = min(_NODE_CPU + sum(used for used, _ in usages), float(millicores(allocatable["cpu"])))
    memory = min(_NODE_MEMORY + sum(used for _, used in usages), mebibytes(allocatable["memory"]))
    measured["usage"] = _usage(cpu, memory)
    return measured


def _usage(cpu: float, memory: float) -> Manifest:
    return {"cpu": f"{int(cpu * 1_000_000)}n", "memory": f"{int(memory * 1024)}Ki"}
