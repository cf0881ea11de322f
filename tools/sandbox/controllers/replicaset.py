"""ReplicaSets: as many pods as asked for."""

from __future__ import annotations

from tools.sandbox.controllers.pods import owned_pods, removal_order, spawn
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, labels_of, name_of
from tools.sandbox.plane import ControlPlane, pod_active, pod_ready

_BURST = 500
"""No more pods than this are made in one look."""


class ReplicaSetController:
    """Makes and removes pods until a ReplicaSet has what it asks for."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    @property
    def kind(self) -> Kind:
        return self._plane.replicasets

    def reconcile(self, obj: Manifest) -> None:
        pods = [pod for pod in owned_pods(self._plane, obj) if pod_active(pod)]
        wanted = obj["spec"]["replicas"]
        if "deletionTimestamp" not in obj["metadata"]:
            for _ in range(min(_BURST, wanted - len(pods))):
                pod = spawn(self._plane, obj, obj["spec"]["template"])
                pods.append(pod)
                self._say(obj, "SuccessfulCreate", f"Created pod: {name_of(pod)}")
            for pod in removal_order(pods)[: max(0, len(pods) - wanted)]:
                self._plane.delete(self._plane.pods, pod)
                pods.remove(pod)
                self._say(obj, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")
        ready = sum(pod_ready(pod) for pod in pods)
        labels = (obj["spec"]["template"].get("metadata") or {}).get("labels") or {}
        labelled = sum(labels.items() <= labels_of(pod).items() for pod in pods)
        self._plane.set_status(
            self.kind,
            obj,
            replicas=len(pods),
            fullyLabeledReplicas=labelled or None,
            readyReplicas=ready or None,
            availableReplicas=ready or None,
            observedGeneration=obj["metadata"]["generation"],
        )

    def _say(self, obj: Manifest, reason: str, message: str) -> None:
        self._plane.events.record(obj, "Normal", reason, message, "replicaset-controller")
