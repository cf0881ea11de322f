"""Deployments: a ReplicaSet per template, and the rolling from one to the next."""

from __future__ import annotations

from tools.sandbox.controllers.manager import Manager
from tools.sandbox.controllers.rollout import Rollout, record_progress, surge_of
from tools.sandbox.identities import safe_hash
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import (
    Manifest,
    canonical,
    clone,
    controller_of,
    dig,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from tools.sandbox.plane import ControlPlane
from tools.sandbox.store import Change

REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"
_HISTORY = "deployment.kubernetes.io/revision-history"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MAXIMUM = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", REVISION, _HISTORY, _DESIRED, _MAXIMUM}
)


class DeploymentController:
    """Keeps a Deployment's ReplicaSets at the sizes its strategy allows.

    Args:
        plane: the control plane.
        manager: told when to look again, for the progress deadline.
    """

    def __init__(self, plane: ControlPlane, manager: Manager) -> None:
        self._plane = plane
        self._manager = manager

    @property
    def kind(self) -> Kind:
        return self._plane.deployments

    def observe(self, change: Change) -> None:
        """The last old pod is gone: a Deployment that recreates may go on."""
        if change.kind != self._plane.pods.storage or change.type != "DELETED":
            return
        owner = controller_of(change.obj) or {}
        sets, namespace = self._plane.replicasets, namespace_of(change.obj)
        replica_set = self._plane.store.get(sets, namespace, owner.get("name", ""))
        above = controller_of(replica_set) if replica_set else None
        if above is not None and above["kind"] == self.kind.name:
            self._manager.look_at(self.kind, namespace, above["name"])

    def reconcile(self, obj: Manifest) -> None:
        if "deletionTimestamp" in obj["metadata"]:
            return
        sets = sorted(self._plane.store.children(uid_of(obj), self._plane.replicasets), key=revision_of)
        paused = bool(obj["spec"].get("paused"))
        new = self._new_set(obj, sets, create=not paused)
        sets = [entry for entry in sets if new is None or name_of(entry) != name_of(new)]
        rollout = Rollout(self._plane, obj, new, sets, self._resize)
        if paused or self._was_scaled(obj, [*sets, *([new] if new else [])]):
            rollout.scale_in_proportion()
        elif dig(obj, "spec", "strategy", "type") == "Recreate":
            rollout.recreate()
        else:
            rollout.roll()
        self._clean_up(obj, sets)
        self._report(obj, new, sets)

    def _new_set(self, obj: Manifest, sets: list[Manifest], create: bool) -> Manifest | None:
        wanted = _fingerprint(obj["spec"]["template"])
        new = next((entry for entry in sets if _fingerprint(entry["spec"]["template"]) == wanted), None)
        top = max((revision_of(entry) for entry in sets), default=0)
        if new is None and not create:
            return None
        if new is None:
            return self._create_set(obj, wanted, top + 1)
        number = revision_of(new)
        if number < top:  # an old template came back: it becomes the newest revision
            number = top + 1
            new = self._plane.change(self._plane.replicasets, new, lambda draft: _revise(draft, number))
        self._note_revision(obj, number)
        return new

    def _create_set(self, obj: Manifest, fingerprint: str, number: int) -> Manifest:
        suffix = safe_hash(fingerprint)
        template = clone(obj["spec"]["template"])
        labels = {**(dig(template, "metadata", "labels", default={})), HASH: suffix}
        template.setdefault("metadata", {})["labels"] = labels
        selector = clone(obj["spec"]["selector"])
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: suffix}
        inherited = {
            key: value
            for key, value in (obj["metadata"].get("annotations") or {}).items()
            if key not in _NOT_COPIED
        }
        new = self._plane.create(
            self._plane.replicasets,
            {
                "metadata": {
                    "name": f"{name_of(obj)}-{suffix}",
                    "namespace": namespace_of(obj),
                    "labels": labels,
                    "annotations": {**inherited, **self._sizes(obj), REVISION: str(number)},
                    "ownerReferences": [owner_reference(obj)],
                },
                "spec": {"replicas": 0, "selector": selector, "template": template},
            },
        )
        self._note_revision(obj, number)
        return new

    def _note_revision(self, obj: Manifest, number: int) -> None:
        if dig(obj, "metadata", "annotations", REVISION) != str(number):

            def write(draft: Manifest) -> None:
                draft["metadata"].setdefault("annotations", {})[REVISION] = str(number)

            self._plane.change(self.kind, obj, write)

    def _resize(self, obj: Manifest, entry: Manifest, replicas: int) -> Manifest:
        before = entry["spec"]["replicas"]
        sizes = self._sizes(obj)
        annotations = entry["metadata"].get("annotations") or {}
        if before == replicas and all(annotations.get(key) == value for key, value in sizes.items()):
            return entry

        def write(draft: Manifest) -> None:
            draft["spec"]["replicas"] = replicas
            draft["metadata"]["annotations"] = {**annotations, **sizes}

        changed = self._plane.change(self._plane.replicasets, entry, write)
        if before != replicas:
            word = "up" if replicas > before else "down"
            message = f"Scaled {word} replica set {name_of(entry)} from {before} to {replicas}"
            self._plane.events.record(obj, "Normal", "ScalingReplicaSet", message, "deployment-controller")
        return changed

    def _sizes(self, obj: Manifest) -> dict[str, str]:
        replicas = obj["spec"]["replicas"]
        return {_DESIRED: str(replicas), _MAXIMUM: str(replicas + surge_of(obj))}

    def _was_scaled(self, obj: Manifest, sets: list[Manifest]) -> bool:
        wanted = str(obj["spec"]["replicas"])
        return any(
            entry["spec"]["replicas"] > 0
            and dig(entry, "metadata", "annotations", _DESIRED, default=wanted) != wanted
            for entry in sets
        )

    def _clean_up(self, obj: Manifest, old: list[Manifest]) -> None:
        limit = obj["spec"].get("revisionHistoryLimit", 10)
        empty = [e for e in old if not e["spec"]["replicas"] and not dig(e, "status", "replicas", default=0)]
        for entry in empty[: max(0, len(empty) - limit)]:
            self._plane.delete(self._plane.replicasets, entry)

    def _report(self, obj: Manifest, new: Manifest | None, old: list[Manifest]) -> None:
        current = self._plane.current(self.kind, obj)
        if current is None:
            return
        store, sets = self._plane.store, self._plane.replicasets
        fresh = [store.get(sets, namespace_of(obj), name_of(e)) or e for e in [*old, *([new] if new else [])]]
        latest = fresh[-1] if new else None

        def total(field: str) -> int:
            return sum(dig(entry, "status", field, default=0) for entry in fresh)

        replicas, available = obj["spec"]["replicas"], total("availableReplicas")
        status: Manifest = {
            "observedGeneration": current["metadata"]["generation"],
            "replicas": total("replicas") or None,
            "updatedReplicas": (dig(latest, "status", "replicas", default=0) if latest else 0) or None,
            "readyReplicas": total("readyReplicas") or None,
            "availableReplicas": available or None,
            "unavailableReplicas": max(0, max(replicas, total("replicas")) - available) or None,
        }
        status["conditions"], wait = record_progress(self._plane, current, status, latest)
        self._plane.set_status(self.kind, current, **status)
        if wait is not None:
            where = (self.kind, namespace_of(obj), name_of(obj))
            self._plane.timeline.after(wait, lambda: self._manager.look_at(*where))


def revision_of(replica_set: Manifest) -> int:
    return int(dig(replica_set, "metadata", "annotations", REVISION, default="0"))


def _revise(draft: Manifest, number: int) -> None:
    annotations = draft["metadata"].setdefault("annotations", {})
    earlier = [part for part in (annotations.get(_HISTORY, ""), annotations.get(REVISION, "")) if part]
    annotations[_HISTORY] = ",".join(earlier)
    annotations[REVISION] = str(number)


def _fingerprint(template: Manifest) -> str:
    metadata = dict(template.get("metadata") or {})
    metadata["labels"] = {key: v for key, v in (metadata.get("labels") or {}).items() if key != HASH}
    return canonical({**template, "metadata": metadata})
