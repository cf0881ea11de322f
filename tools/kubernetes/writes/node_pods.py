"""The pods on a node: who owns them, and which taints they tolerate."""

from __future__ import annotations

from tools.kubernetes.fields import Json, mappings, text
from tools.kubernetes.finding import Target

FINISHED = ("Succeeded", "Failed")


async def pods_on(node: Target) -> list[Json]:
    """The pods bound to a node that have not ended, by namespace and name. Raises a `ToolError`."""
    query = {"fieldSelector": f"spec.nodeName={node.name}"}
    found = mappings(await node.cluster.json("GET", "/api/v1/pods", query=query), "items")
    running = [pod for pod in found if text(pod, "status", "phase") not in FINISHED]
    return sorted(running, key=pod_name)


def pod_name(pod: Json) -> str:
    """`namespace/name`."""
    return f"{text(pod, 'metadata', 'namespace')}/{text(pod, 'metadata', 'name')}"


def controller(pod: Json) -> Json:
    """The owner reference of the workload that keeps the pod, or an empty object."""
    for owner in mappings(pod, "metadata", "ownerReferences"):
        if owner.get("controller") is True:
            return owner
    return {}


def tolerates(pod: Json, key: str, worth: str, effect: str) -> bool:
    """Whether the pod may stay beside such a taint (Kubernetes, "Taints and Tolerations")."""
    for entry in mappings(pod, "spec", "tolerations"):
        if text(entry, "effect") not in ("", effect) or text(entry, "key") not in ("", key):
            continue
        if text(entry, "operator") == "Exists":
            return True
        if text(entry, "key") == key and text(entry, "value") == worth:
            return True
    return False
