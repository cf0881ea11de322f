"""The scale subresource: one number of many kinds, in one form."""

from __future__ import annotations

from tools.sandbox.failure import invalid, invalid_value
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, clone, dig
from tools.sandbox.selectors import as_text

SCALED = frozenset({"deployments", "replicasets", "statefulsets", "replicationcontrollers"})


def scale_of(kind: Kind, obj: Manifest) -> Manifest:
    """The Scale of an object (autoscaling/v1)."""
    metadata = {
        key: obj["metadata"][key]
        for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        if key in obj["metadata"]
    }
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": obj["spec"].get("replicas", 0)},
        "status": {
            "replicas": dig(obj, "status", "replicas", default=0),
            "selector": as_text(obj["spec"].get("selector")),
        },
    }


def with_scale(kind: Kind, obj: Manifest, scale: Manifest) -> Manifest:
    """The object scaled as asked. Raises `ApiFailure` (422) for a number below zero."""
    wanted = dig(scale, "spec", "replicas", default=0)
    if not isinstance(wanted, int) or wanted < 0:
        problem = invalid_value("spec.replicas", str(wanted), "must be greater than or equal to 0")
        named = Kind("autoscaling", "v1", "scales", "Scale", "scale", True, frozenset(), (), ("", ""))
        raise invalid(named, obj["metadata"]["name"], [problem])
    draft: Manifest = clone(obj)
    draft["spec"]["replicas"] = wanted
    return draft
