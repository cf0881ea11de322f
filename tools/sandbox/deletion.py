"""Deleting objects: grace periods, finalizers, and what becomes of the objects they own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, clone, deleting, dig, name_of, namespace_of, stamp, uid_of
from tools.sandbox.store import Change, ObjectStore

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_FINISHED = ("Succeeded", "Failed")


class Deletion:
    """Takes objects away as their grace period, finalizers and owners ask.

    Args:
        store: where they are.
        now: the time.
        kind_at: the kind of a group and a name; None for one that is not served.
    """

    def __init__(
        self, store: ObjectStore, now: Callable[[], datetime], kind_at: Callable[[str, str], Kind | None]
    ) -> None:
        self._store = store
        self._now = now
        self._kind_at = kind_at

    def delete(
        self, kind: Kind, obj: Manifest, grace: int | None = None, propagation: str | None = None
    ) -> Manifest | None:
        """Begin a deletion.

        Args:
            kind: of the object.
            obj: the stored object.
            grace: seconds for a pod to end; None for its own wish.
            propagation: Foreground, Background or Orphan; None for the kind's default.

        Returns: the object when it is still there, being deleted; None when it is gone.
        """
        name, namespace = name_of(obj), namespace_of(obj)
        finalizers = list(obj["metadata"].get("finalizers") or [])
        if propagation == "Foreground":
            finalizers.append(FOREGROUND)
        elif (propagation or default_propagation(kind)) == "Orphan":
            finalizers.append(ORPHAN)
        seconds = self._grace(kind, obj, grace)
        if not finalizers and not seconds and kind.plural != "namespaces":
            self._store.remove(kind, namespace, name)
            return None
        if deleting(obj) and obj["metadata"].get("deletionGracePeriodSeconds", 0) <= seconds:
            return obj
        metadata = {
            **obj["metadata"],
            "deletionTimestamp": stamp(self._now() + timedelta(seconds=seconds)),
            "deletionGracePeriodSeconds": seconds,
        }
        if finalizers:
            metadata["finalizers"] = list(dict.fromkeys(finalizers))
        doomed = {**obj, "metadata": metadata}
        if kind.plural == "namespaces":
            doomed["status"] = {**doomed.get("status", {}), "phase": "Terminating"}
        stored = self._store.put(kind, doomed)
        self.collect(kind, stored)
        return self._store.get(kind, namespace, name)

    def collect(self, kind: Kind, obj: Manifest) -> None:
        """Go on with a deletion: work off our own finalizers, remove the object when none is left."""
        if not deleting(obj):
            return
        finalizers = list(obj["metadata"].get("finalizers") or [])
        if ORPHAN in finalizers:
            for child_kind, child in self._store.children_with_kind(uid_of(obj)):
                self._store.put(child_kind, _without_owner(child, uid_of(obj)))
            finalizers.remove(ORPHAN)
        if FOREGROUND in finalizers:
            children = self._store.children_with_kind(uid_of(obj))
            for child_kind, child in children:
                if not deleting(child):
                    self.delete(child_kind, child, propagation="Foreground")
            if not self._store.children_with_kind(uid_of(obj)):
                finalizers.remove(FOREGROUND)
        current = self._store.get(kind, namespace_of(obj), name_of(obj))
        if current is None or uid_of(current) != uid_of(obj):
            return
        if not finalizers and kind.plural not in ("pods", "namespaces"):
            self._store.remove(kind, namespace_of(obj), name_of(obj))
        elif finalizers != (current["metadata"].get("finalizers") or []):
            changed = clone(current)
            changed["metadata"]["finalizers"] = finalizers
            if not finalizers:
                del changed["metadata"]["finalizers"]
            self._store.put(kind, changed)

    def after(self, change: Change) -> None:
        """The garbage collector: when an owner is gone, so are its dependents, unless others own them."""
        if change.type != "DELETED":
            return
        uid = uid_of(change.obj)
        for kind, child in self._store.children_with_kind(uid):
            owners = child["metadata"].get("ownerReferences") or []
            if len(owners) > 1:
                self._store.put(kind, _without_owner(child, uid))
            else:
                self.delete(kind, child, propagation="Background")
        for owner in change.obj["metadata"].get("ownerReferences") or []:
            self._tell_owner(owner, namespace_of(change.obj))

    def _tell_owner(self, reference: Manifest, namespace: str) -> None:
        kind = self._kind_at(reference["apiVersion"].rpartition("/")[0], reference["kind"])
        if kind is None:  # its definition is gone
            return
        owner = self._store.get(kind, namespace if kind.namespaced else "", reference["name"])
        if owner is not None and FOREGROUND in (owner["metadata"].get("finalizers") or []):
            self.collect(kind, owner)

    def _grace(self, kind: Kind, obj: Manifest, grace: int | None) -> int:
        if kind.plural != "pods" or not dig(obj, "spec", "nodeName"):
            return 0
        if dig(obj, "status", "phase") in _FINISHED:
            return 0
        return int(dig(obj, "spec", "terminationGracePeriodSeconds", default=30)) if grace is None else grace


def default_propagation(kind: Kind) -> str:
    """What a deletion without a `propagationPolicy` does; batch/v1 Jobs keep their pods for history's sake."""
    return "Orphan" if (kind.group, kind.plural) == ("batch", "jobs") else "Background"


def _without_owner(obj: Manifest, uid: str) -> Manifest:
    owners = [owner for owner in obj["metadata"].get("ownerReferences") or [] if owner["uid"] != uid]
    metadata = {**obj["metadata"], "ownerReferences": owners}
    if not owners:
        del metadata["ownerReferences"]
    return {**obj, "metadata": metadata}
