"""The sizes of a Deployment's ReplicaSets while it rolls, and how its progress is judged."""

from __future__ import annotations

import math
from collections.abc import Callable

from tools.sandbox.controllers.pods import owned_pods
from tools.sandbox.manifest import Manifest, dig, moment_of, name_of
from tools.sandbox.plane import ControlPlane, set_condition

Resize = Callable[[Manifest, Manifest, int], Manifest]


class Rollout:
    """One look at a Deployment and its ReplicaSets.

    Args:
        plane: the control plane.
        deployment: the Deployment.
        new: the ReplicaSet of its present template, None while paused before it exists.
        old: the others, oldest revision first.
        resize: gives a ReplicaSet another size.
    """

    def __init__(
        self,
        plane: ControlPlane,
        deployment: Manifest,
        new: Manifest | None,
        old: list[Manifest],
        resize: Resize,
    ) -> None:
        self._plane = plane
        self._deployment = deployment
        self._new = new
        self._old = old
        self._resize = resize
        self._wanted: int = deployment["spec"]["replicas"]
        self._maximum = self._wanted + surge_of(deployment)
        self._minimum = self._wanted - unavailable_of(deployment)

    def roll(self) -> None:
        """Rolling update: as many new pods as the surge allows, as few old ones as availability allows."""
        if self._new is None:
            return
        size = self._new["spec"]["replicas"]
        room = max(0, self._maximum - self._total())
        self._set_new(self._wanted if size > self._wanted else min(self._wanted, size + room))
        self._shrink_old()

    def recreate(self) -> None:
        """Recreate: all old pods end before the first new one starts."""
        if self._new is None:
            return
        for entry in list(self._old):
            self._set_old(entry, 0)
        if not any(owned_pods(self._plane, entry) for entry in self._old):
            self._set_new(self._wanted)

    def scale_in_proportion(self) -> None:
        """The Deployment was scaled, perhaps in the middle of a rollout: each ReplicaSet takes its share."""
        everything = [*self._old, *([self._new] if self._new else [])]
        active = [entry for entry in everything if entry["spec"]["replicas"] > 0]
        if len(active) <= 1:
            only = active[0] if active else self._new
            if only is not None:
                self._resize(self._deployment, only, self._wanted)
            return
        total = self._total()
        allowed = self._maximum if self._wanted > 0 else 0
        difference = allowed - total
        left = difference
        sizes: dict[str, int] = {}
        for entry in sorted(active, key=lambda entry: -entry["spec"]["replicas"]):
            size = entry["spec"]["replicas"]
            part = round(size * allowed / total) - size if total else 0
            part = min(part, left) if difference > 0 else max(part, left)
            left -= part
            sizes[name_of(entry)] = size + part
        largest = max(active, key=lambda entry: entry["spec"]["replicas"])
        for entry in active:
            size = sizes[name_of(entry)] + (left if entry is largest else 0)
            self._resize(self._deployment, entry, max(0, size))

    def _shrink_old(self) -> None:
        if self._new is None:
            return
        still_missing = self._new["spec"]["replicas"] - _available(self._new)
        spare = self._total() - self._minimum - still_missing
        for entry in list(self._old):  # first those that do not serve anyway
            sick = entry["spec"]["replicas"] - _available(entry)
            if spare > 0 and sick > 0:
                gone = min(spare, sick)
                spare -= gone
                self._set_old(entry, entry["spec"]["replicas"] - gone)
        surplus = sum(_available(e) for e in [*self._old, self._new]) - self._minimum
        for entry in list(self._old):
            size = entry["spec"]["replicas"]
            if surplus > 0 and size > 0:
                gone = min(surplus, size)
                surplus -= gone
                self._set_old(entry, size - gone)

    def _total(self) -> int:
        sets = [*self._old, *([self._new] if self._new else [])]
        return sum(entry["spec"]["replicas"] for entry in sets)

    def _set_new(self, replicas: int) -> None:
        if self._new is not None:
            self._new = self._resize(self._deployment, self._new, replicas)

    def _set_old(self, entry: Manifest, replicas: int) -> None:
        at = next(i for i, old in enumerate(self._old) if name_of(old) == name_of(entry))
        if entry["spec"]["replicas"] != replicas:
            self._old[at] = self._resize(self._deployment, entry, replicas)


def record_progress(
    plane: ControlPlane, deployment: Manifest, status: Manifest, latest: Manifest | None
) -> tuple[list[Manifest], float | None]:
    """The conditions Available and Progressing, and after how many seconds to look again (or None).

    Args:
        plane: the control plane.
        deployment: the Deployment with its last status.
        status: the new status, without conditions.
        latest: the newest ReplicaSet.
    """
    spec, now = deployment["spec"], plane.stamp()
    conditions = list(dig(deployment, "status", "conditions", default=[]))
    wanted, available = spec["replicas"], status["availableReplicas"] or 0
    if available >= wanted - unavailable_of(deployment):
        enough = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        enough = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    conditions = set_condition(conditions, "Available", *enough, now)
    old = next((c for c in conditions if c["type"] == "Progressing"), None)
    if spec.get("paused"):
        paused = ("Unknown", "DeploymentPaused", "Deployment is paused")
        return set_condition(conditions, "Progressing", *paused, now), None
    if latest is None:
        return conditions, None
    name = name_of(latest)
    updated, replicas = status["updatedReplicas"] or 0, status["replicas"] or 0
    if updated == wanted and replicas == wanted and available >= wanted:
        done = ("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')
        return set_condition(conditions, "Progressing", *done, now), None
    settled = old is not None and old["reason"] == "NewReplicaSetAvailable"
    same_set = old is not None and f'"{name}"' in old["message"]
    if settled and same_set:  # the rollout is over; a pod that fails later does not reopen it
        return conditions, None
    if old is None or not same_set or old["reason"] == "DeploymentPaused" or _moved(deployment, status):
        going = ("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
        conditions = [
            {**c, "lastUpdateTime": now} if c["type"] == "Progressing" else c
            for c in set_condition(conditions, "Progressing", *going, now)
        ]
        return conditions, float(spec["progressDeadlineSeconds"]) + 1
    quiet = plane.timeline.seconds_since(moment_of(old["lastUpdateTime"]))
    if old["status"] == "True" and quiet > spec["progressDeadlineSeconds"]:
        late = ("False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.')
        return set_condition(conditions, "Progressing", *late, now), None
    return conditions, None


def surge_of(obj: Manifest) -> int:
    """How many pods more than wanted a rollout may run."""
    if dig(obj, "spec", "strategy", "type") == "Recreate":
        return 0
    surge = share(dig(obj, "spec", "strategy", "rollingUpdate", "maxSurge", default="25%"), obj, up=True)
    return surge or (1 if not _unavailable(obj) else 0)


def unavailable_of(obj: Manifest) -> int:
    """How many pods fewer than wanted a rollout may leave available."""
    if dig(obj, "spec", "strategy", "type") == "Recreate":
        return 0
    return min(_unavailable(obj), int(obj["spec"]["replicas"]))


def _unavailable(obj: Manifest) -> int:
    return share(
        dig(obj, "spec", "strategy", "rollingUpdate", "maxUnavailable", default="25%"), obj, up=False
    )


def share(value: str | int, obj: Manifest, *, up: bool) -> int:
    """A count, or a percentage of the wanted replicas."""
    if isinstance(value, int):
        return value
    exact = int(value.rstrip("%")) * int(obj["spec"]["replicas"]) / 100
    return math.ceil(exact) if up else math.floor(exact)


def _moved(deployment: Manifest, status: Manifest) -> bool:
    """Whether the rollout came closer to its end since the last status."""
    before = deployment.get("status") or {}

    def grew(field: str) -> bool:
        return (status[field] or 0) > (before.get(field) or 0)

    old_now = (status["replicas"] or 0) - (status["updatedReplicas"] or 0)
    old_before = (before.get("replicas") or 0) - (before.get("updatedReplicas") or 0)
    return (
        grew("updatedReplicas") or grew("readyReplicas") or grew("availableReplicas") or old_now < old_before
    )


def _available(entry: Manifest) -> int:
    return min(int(dig(entry, "status", "availableReplicas", default=0)), int(entry["spec"]["replicas"]))
