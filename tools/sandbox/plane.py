"""The control plane's inner side: how controllers, the kubelet and requests read and write objects."""

from __future__ import annotations

from collections.abc import Callable

from tools.sandbox.defaults import fill_in
from tools.sandbox.deletion import Deletion
from tools.sandbox.events import EventRecorder
from tools.sandbox.failure import already_exists, forbidden, not_found
from tools.sandbox.identities import Identities
from tools.sandbox.kind import Kind
from tools.sandbox.kinds import Kinds
from tools.sandbox.manifest import Manifest, MergeKeys, clone, deleting, dig, name_of, namespace_of, stamp
from tools.sandbox.store import ObjectStore
from tools.sandbox.timeline import Timeline


class ControlPlane:
    """Everything that belongs to one practice cluster, apart from HTTP.

    Args:
        timeline: the time.
        seed: decides every generated name and uid.
        history: how many changes a watch may look back on.
    """

    def __init__(self, timeline: Timeline, seed: int = 1, history: int = 20_000) -> None:
        self.timeline = timeline
        self.kinds = Kinds()
        self.store = ObjectStore(history)
        self.identities = Identities(seed)
        self.events = EventRecorder(self.store, self.kinds, timeline)
        self.deletion = Deletion(self.store, timeline.now, self.kinds.by_name)
        self.store.listen(self.deletion.after)

        self.namespaces = self.kinds.named("", "Namespace")
        self.nodes = self.kinds.named("", "Node")
        self.pods = self.kinds.named("", "Pod")
        self.services = self.kinds.named("", "Service")
        self.endpoints = self.kinds.named("", "Endpoints")
        self.configmaps = self.kinds.named("", "ConfigMap")
        self.secrets = self.kinds.named("", "Secret")
        self.accounts = self.kinds.named("", "ServiceAccount")
        self.claims = self.kinds.named("", "PersistentVolumeClaim")
        self.volumes = self.kinds.named("", "PersistentVolume")
        self.event_kind = self.kinds.named("", "Event")
        self.slices = self.kinds.named("discovery.k8s.io", "EndpointSlice")
        self.deployments = self.kinds.named("apps", "Deployment")
        self.replicasets = self.kinds.named("apps", "ReplicaSet")
        self.statefulsets = self.kinds.named("apps", "StatefulSet")
        self.daemonsets = self.kinds.named("apps", "DaemonSet")
        self.revisions = self.kinds.named("apps", "ControllerRevision")
        self.jobs = self.kinds.named("batch", "Job")
        self.cronjobs = self.kinds.named("batch", "CronJob")
        self.budgets = self.kinds.named("policy", "PodDisruptionBudget")
        self.autoscalers = self.kinds.named("autoscaling", "HorizontalPodAutoscaler")
        self.definitions = self.kinds.named("apiextensions.k8s.io", "CustomResourceDefinition")
        self.api_services = self.kinds.named("apiregistration.k8s.io", "APIService")

    def stamp(self) -> str:
        """Now, as a timestamp."""
        return stamp(self.timeline.now())

    def read(self, kind: Kind, namespace: str, name: str) -> Manifest:
        """The stored object. Raises `ApiFailure` (404)."""
        obj = self.store.get(kind, namespace, name)
        if obj is None:
            raise not_found(kind, name)
        return obj

    def merge_keys(self, kind: Kind) -> MergeKeys:
        """The lists of a kind that are merged by a key, by field name."""
        return kind.custom.merge_keys if kind.custom else self.kinds.merge_keys

    def create(self, kind: Kind, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Admit and store a new object. Raises `ApiFailure` (403, 404, 409)."""
        obj = self.prepare(kind, manifest)
        return obj if dry_run else self.store.put(kind, obj)

    def prepare(self, kind: Kind, manifest: Manifest) -> Manifest:
        """A new object as it would be stored, without storing it."""
        held_as = kind.custom.stored_as if kind.custom else kind.api_version
        obj: Manifest = clone({**manifest, "apiVersion": held_as, "kind": kind.name})
        metadata = obj["metadata"]
        namespace = metadata.get("namespace", "")
        if kind.namespaced:
            home = self.read(self.namespaces, "", namespace)
        if not metadata.get("name") and metadata.get("generateName"):
            prefix = metadata["generateName"]
            metadata["name"] = prefix + self.identities.suffix(kind.resource, namespace, prefix)
        name = metadata["name"]
        if kind.namespaced and deleting(home):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise forbidden(kind, name, why)
        if self.store.get(kind, namespace, name) is not None:
            raise already_exists(kind, name)
        metadata["uid"] = self.identities.uid(kind.resource, namespace, name)
        metadata.setdefault("creationTimestamp", self.stamp())
        fill_in(kind, obj, self.identities)
        return obj

    def change(self, kind: Kind, obj: Manifest, mutate: Callable[[Manifest], None]) -> Manifest:
        """Change the current state of an object; it may have gone, then nothing happens."""
        current = self.current(kind, obj)
        if current is None:
            return obj
        draft = clone(current)
        mutate(draft)
        fill_in(kind, draft, self.identities)
        stored = self.store.put(kind, draft)
        self.deletion.collect(kind, stored)
        return stored

    def set_status(self, kind: Kind, obj: Manifest, **fields: object) -> Manifest:
        """Set fields of the status; None removes a field."""
        current = self.current(kind, obj)
        if current is None:
            return obj
        status = {**(current.get("status") or {}), **fields}
        kept = {key: value for key, value in status.items() if value is not None}
        return self.store.put(kind, {**current, "status": kept})

    def current(self, kind: Kind, obj: Manifest) -> Manifest | None:
        """The stored state of the same object (same uid), or None."""
        found = self.store.get(kind, namespace_of(obj), name_of(obj))
        if found is None or found["metadata"].get("uid") != obj["metadata"].get("uid"):
            return None
        return found

    def delete(
        self, kind: Kind, obj: Manifest, grace: int | None = None, propagation: str | None = None
    ) -> Manifest | None:
        """As `Deletion.delete`."""
        return self.deletion.delete(kind, obj, grace, propagation)


def pod_ready(pod: Manifest) -> bool:
    """Whether a pod counts as available."""
    conditions = dig(pod, "status", "conditions", default=[])
    return not deleting(pod) and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def pod_active(pod: Manifest) -> bool:
    """Whether a pod still stands for a replica: neither ended nor being deleted."""
    return not deleting(pod) and dig(pod, "status", "phase") not in ("Succeeded", "Failed")


def set_condition(
    conditions: list[Manifest], type_: str, status: str, reason: str, message: str, now: str
) -> list[Manifest]:
    """The conditions with one of them set; its transition time moves only with its status."""
    old = next((c for c in conditions if c["type"] == type_), None)
    if old and (old["status"], old.get("reason"), old.get("message")) == (status, reason, message):
        return conditions
    fresh = {"type": type_, "status": status, "reason": reason, "message": message, "lastUpdateTime": now}
    fresh["lastTransitionTime"] = old["lastTransitionTime"] if old and old["status"] == status else now
    return [c for c in conditions if c["type"] != type_] + [fresh]
