"""What all workload controllers do with pods: make them, and choose which may go."""

from __future__ import annotations

from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, clone, dig, name_of, namespace_of, owner_reference
from tools.sandbox.plane import ControlPlane, pod_ready


def spawn(
    plane: ControlPlane,
    owner: Manifest,
    template: Manifest,
    *,
    name: str = "",
    labels: dict[str, str] | None = None,
    node: str = "",
    hostname: str = "",
) -> Manifest:
    """Create a pod from a template.

    Args:
        plane: the control plane.
        owner: the workload.
        template: its pod template.
        name: the pod's name; generated when empty.
        labels: additional labels.
        node: the only node it may run on (DaemonSets).
        hostname: as set by StatefulSets.
    """
    source = template.get("metadata") or {}
    metadata: Manifest = {
        "namespace": namespace_of(owner),
        "labels": {**(source.get("labels") or {}), **(labels or {})},
        "ownerReferences": [owner_reference(owner)],
        **({"name": name} if name else {"generateName": f"{name_of(owner)}-"}),
    }
    if source.get("annotations"):
        metadata["annotations"] = dict(source["annotations"])
    spec = clone(template.get("spec") or {})
    if node:
        term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
        spec["affinity"] = {**(spec.get("affinity") or {}), "nodeAffinity": required}
        spec["tolerations"] = [*(spec.get("tolerations") or []), {"operator": "Exists"}]
    if hostname:
        spec["hostname"] = hostname
    return plane.create(plane.pods, {"metadata": metadata, "spec": spec})


def owned_pods(plane: ControlPlane, owner: Manifest) -> list[Manifest]:
    """The pods a workload controls, oldest name first."""
    return sorted(plane.store.children(owner["metadata"]["uid"], plane.pods), key=name_of)


def removal_order(pods: list[Manifest]) -> list[Manifest]:
    """Which pods go first when a workload shrinks: unassigned, pending, unready, youngest."""

    def rank(pod: Manifest) -> tuple[bool, bool, bool]:
        return (bool(dig(pod, "spec", "nodeName")), dig(pod, "status", "phase") == "Running", pod_ready(pod))

    youngest_first = sorted(pods, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
    return sorted(youngest_first, key=rank)


def containers_of(obj: Manifest) -> list[Manifest]:
    """The containers of a workload's template, or of a pod."""
    found = dig(obj, "spec", "template", "spec", "containers") or dig(obj, "spec", "containers", default=[])
    return list(found)


def kind_of(plane: ControlPlane, obj: Manifest) -> Kind:
    """The kind of a stored object. Raises KeyError."""
    return plane.kinds.named(obj["apiVersion"].rpartition("/")[0], obj["kind"])
