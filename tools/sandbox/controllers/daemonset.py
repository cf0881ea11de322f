"""DaemonSets: one pod on every node that takes it."""

from __future__ import annotations

from tools.sandbox.controllers.manager import Manager
from tools.sandbox.controllers.pods import owned_pods, spawn
from tools.sandbox.controllers.revisions import LABEL, current_revision
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, deleting, dig, labels_of, name_of, namespace_of
from tools.sandbox.plane import ControlPlane, pod_active, pod_ready
from tools.sandbox.store import Change


class DaemonSetController:
    """Keeps a pod on each eligible node, and replaces old ones a few at a time."""

    def __init__(self, plane: ControlPlane, manager: Manager) -> None:
        self._plane = plane
        self._manager = manager

    @property
    def kind(self) -> Kind:
        return self._plane.daemonsets

    def observe(self, change: Change) -> None:
        """A node came or went: every DaemonSet looks again."""
        if change.kind == self._plane.nodes.storage and change.type != "MODIFIED":
            for obj in self._plane.store.all(self.kind):
                self._manager.look_at(self.kind, namespace_of(obj), name_of(obj))

    def reconcile(self, obj: Manifest) -> None:
        if deleting(obj):
            return
        digest = current_revision(self._plane, obj)
        nodes = {name_of(node) for node in self._plane.store.all(self._plane.nodes) if self._takes(node, obj)}
        pods = owned_pods(self._plane, obj)
        placed = {_node(pod) for pod in pods}
        for node in sorted(nodes - placed):
            pod = spawn(self._plane, obj, obj["spec"]["template"], labels={LABEL: digest}, node=node)
            self._say(obj, "SuccessfulCreate", f"Created pod: {name_of(pod)}")
        for pod in pods:
            if not deleting(pod) and (_node(pod) not in nodes or not pod_active(pod)):
                self._plane.delete(self._plane.pods, pod)
                self._say(obj, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")
        self._update(obj, digest)
        self._report(obj, digest, len(nodes))

    def _update(self, obj: Manifest, digest: str) -> None:
        if dig(obj, "spec", "updateStrategy", "type") != "RollingUpdate":
            return
        pods = [pod for pod in owned_pods(self._plane, obj) if pod_active(pod)]
        stale = [pod for pod in pods if labels_of(pod).get(LABEL) != digest]
        missing = sum(not pod_ready(pod) for pod in owned_pods(self._plane, obj))
        limit = dig(obj, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable", default=1)
        if isinstance(limit, str):
            limit = max(1, int(limit.rstrip("%")) * len(pods) // 100)
        unready_first = sorted(stale, key=lambda pod: (pod_ready(pod), name_of(pod)))
        for pod in unready_first:
            if pod_ready(pod):
                if missing >= limit:
                    return
                missing += 1
            self._plane.delete(self._plane.pods, pod)
            self._say(obj, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    def _takes(self, node: Manifest, obj: Manifest) -> bool:
        spec = obj["spec"]["template"]["spec"]
        selector = spec.get("nodeSelector") or {}
        return all(labels_of(node).get(key) == value for key, value in selector.items())

    def _report(self, obj: Manifest, digest: str, wanted: int) -> None:
        pods = [pod for pod in owned_pods(self._plane, obj) if pod_active(pod)]
        ready = sum(pod_ready(pod) for pod in pods)
        self._plane.set_status(
            self.kind,
            obj,
            observedGeneration=obj["metadata"]["generation"],
            desiredNumberScheduled=wanted,
            currentNumberScheduled=len(pods),
            updatedNumberScheduled=sum(labels_of(pod).get(LABEL) == digest for pod in pods) or None,
            numberReady=ready,
            numberAvailable=ready or None,
            numberUnavailable=(wanted - ready) or None,
            numberMisscheduled=0,
        )

    def _say(self, obj: Manifest, reason: str, message: str) -> None:
        self._plane.events.record(obj, "Normal", reason, message, "daemonset-controller")


def _node(pod: Manifest) -> str:
    """The node a DaemonSet pod is meant for."""
    if node := dig(pod, "spec", "nodeName"):
        return str(node)
    required = dig(pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    return str(required["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])
