"""StatefulSets: numbered pods, one after the other, each with its own volume."""

from __future__ import annotations

from tools.sandbox.controllers.pods import owned_pods, spawn
from tools.sandbox.controllers.revisions import LABEL, current_revision
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, clone, deleting, dig, labels_of, name_of, namespace_of
from tools.sandbox.plane import ControlPlane, pod_active, pod_ready


class StatefulSetController:
    """Makes, replaces and removes the pods of a StatefulSet in order."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    @property
    def kind(self) -> Kind:
        return self._plane.statefulsets

    def reconcile(self, obj: Manifest) -> None:
        if deleting(obj):
            return
        digest = current_revision(self._plane, obj)
        revision = f"{name_of(obj)}-{digest}"
        pods = {name_of(pod): pod for pod in owned_pods(self._plane, obj)}
        self._step(obj, pods, digest)
        self._report(obj, digest, revision)

    def _step(self, obj: Manifest, pods: dict[str, Manifest], digest: str) -> None:
        wanted = obj["spec"]["replicas"]
        ordered = obj["spec"].get("podManagementPolicy") == "OrderedReady"
        for number in range(wanted):
            pod = pods.get(_name(obj, number))
            if pod is None:
                self._spawn(obj, number, digest)
            elif not pod_active(pod) and not deleting(pod):
                self._plane.delete(self._plane.pods, pod)
            if ordered and (pod is None or not pod_ready(pod)):
                if pod is not None and labels_of(pod).get(LABEL) != digest and not deleting(pod):
                    self._update(obj, pods, digest)  # a broken pod must not block its own mending
                return
        surplus = sorted((p for p in pods.values() if _number(p) >= wanted), key=_number, reverse=True)
        for pod in surplus:
            if not deleting(pod):
                self._plane.delete(self._plane.pods, pod)
                self._say(
                    obj,
                    "SuccessfulDelete",
                    f"delete Pod {name_of(pod)} in StatefulSet {name_of(obj)} successful",
                )
            if ordered:
                return
        self._update(obj, pods, digest)

    def _update(self, obj: Manifest, pods: dict[str, Manifest], digest: str) -> None:
        if dig(obj, "spec", "updateStrategy", "type") != "RollingUpdate":
            return
        partition = dig(obj, "spec", "updateStrategy", "rollingUpdate", "partition", default=0)
        for number in reversed(range(partition, obj["spec"]["replicas"])):
            pod = pods.get(_name(obj, number))
            if pod is None or deleting(pod):
                return
            if labels_of(pod).get(LABEL) != digest:
                self._plane.delete(self._plane.pods, pod)
                self._say(
                    obj,
                    "SuccessfulDelete",
                    f"delete Pod {name_of(pod)} in StatefulSet {name_of(obj)} successful",
                )
                return
            if not pod_ready(pod):
                return

    def _spawn(self, obj: Manifest, number: int, digest: str) -> None:
        name = _name(obj, number)
        template = clone(obj["spec"]["template"])
        for claim in obj["spec"].get("volumeClaimTemplates") or []:
            claim_name = f"{name_of(claim)}-{name}"
            self._claim(obj, claim, claim_name)
            volumes = template["spec"].setdefault("volumes", [])
            volumes.append({"name": name_of(claim), "persistentVolumeClaim": {"claimName": claim_name}})
        labels = {
            LABEL: digest,
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(number),
        }
        spawn(self._plane, obj, template, name=name, labels=labels, hostname=name)
        self._say(obj, "SuccessfulCreate", f"create Pod {name} in StatefulSet {name_of(obj)} successful")

    def _claim(self, obj: Manifest, claim: Manifest, name: str) -> None:
        """The volume of one pod; it stays when the pod goes."""
        plane, namespace = self._plane, namespace_of(obj)
        if plane.store.get(plane.claims, namespace, name) is not None:
            return
        labels = dict(obj["spec"]["selector"].get("matchLabels") or {})
        spec = {"storageClassName": "standard", "volumeMode": "Filesystem", **clone(claim["spec"])}
        made = plane.create(
            plane.claims, {"metadata": {"name": name, "namespace": namespace, "labels": labels}, "spec": spec}
        )
        volume = f"pvc-{made['metadata']['uid']}"
        size = dig(spec, "resources", "requests", "storage", default="1Gi")
        plane.create(
            plane.volumes,
            {
                "metadata": {"name": volume},
                "spec": {
                    "capacity": {"storage": size},
                    "accessModes": spec["accessModes"],
                    "persistentVolumeReclaimPolicy": "Delete",
                    "storageClassName": spec["storageClassName"],
                    "volumeMode": spec["volumeMode"],
                    "claimRef": {"kind": "PersistentVolumeClaim", "namespace": namespace, "name": name},
                },
                "status": {"phase": "Bound"},
            },
        )
        bound = {"phase": "Bound", "accessModes": spec["accessModes"], "capacity": {"storage": size}}
        made = plane.change(plane.claims, made, lambda draft: draft["spec"].update(volumeName=volume))
        plane.set_status(plane.claims, made, **bound)

    def _report(self, obj: Manifest, digest: str, revision: str) -> None:
        pods = [pod for pod in owned_pods(self._plane, obj) if pod_active(pod)]
        ready = sum(pod_ready(pod) for pod in pods)
        updated = sum(labels_of(pod).get(LABEL) == digest for pod in pods)
        complete = updated == len(pods) == obj["spec"]["replicas"]
        self._plane.set_status(
            self.kind,
            obj,
            observedGeneration=obj["metadata"]["generation"],
            replicas=len(pods),
            readyReplicas=ready or None,
            availableReplicas=ready,
            updatedReplicas=updated or None,
            currentReplicas=(updated if complete else len(pods) - updated) or None,
            updateRevision=revision,
            currentRevision=revision if complete else dig(obj, "status", "currentRevision", default=revision),
            collisionCount=0,
        )

    def _say(self, obj: Manifest, reason: str, message: str) -> None:
        self._plane.events.record(obj, "Normal", reason, message, "statefulset-controller")


def _name(obj: Manifest, number: int) -> str:
    return f"{name_of(obj)}-{number}"


def _number(pod: Manifest) -> int:
    return int(name_of(pod).rpartition("-")[2])
