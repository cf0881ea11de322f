"""PodDisruptionBudgets: how many pods may be evicted at the moment."""

from __future__ import annotations

import math

from tools.sandbox.controllers.manager import Manager
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, deleting, name_of, namespace_of
from tools.sandbox.plane import ControlPlane, pod_active, pod_ready, set_condition
from tools.sandbox.selectors import matcher, selects
from tools.sandbox.store import Change


class BudgetController:
    """Keeps the status of PodDisruptionBudgets."""

    def __init__(self, plane: ControlPlane, manager: Manager) -> None:
        self._plane = plane
        self._manager = manager

    @property
    def kind(self) -> Kind:
        return self._plane.budgets

    def observe(self, change: Change) -> None:
        if change.kind != self._plane.pods.storage:
            return
        for budget in self._plane.store.all(self.kind, namespace_of(change.obj)):
            if selects(budget["spec"].get("selector"), change.obj):
                self._manager.look_at(self.kind, namespace_of(budget), name_of(budget))

    def reconcile(self, obj: Manifest) -> None:
        if deleting(obj):
            return
        test = matcher(obj["spec"].get("selector"))
        pods = [
            pod
            for pod in self._plane.store.all(self._plane.pods, namespace_of(obj))
            if test(pod["metadata"].get("labels") or {}) and pod_active(pod)
        ]
        expected, healthy = len(pods), sum(pod_ready(pod) for pod in pods)
        if "maxUnavailable" in obj["spec"]:
            desired = max(0, expected - _count(obj["spec"]["maxUnavailable"], expected))
        else:
            desired = _count(obj["spec"].get("minAvailable", 1), expected)
        allowed = max(0, healthy - desired) if expected else 0
        outcome = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
        conditions = set_condition(
            list((obj.get("status") or {}).get("conditions") or []),
            "DisruptionAllowed",
            *outcome,
            "",
            self._plane.stamp(),
        )
        self._plane.set_status(
            self.kind,
            obj,
            observedGeneration=obj["metadata"]["generation"],
            currentHealthy=healthy,
            desiredHealthy=desired,
            expectedPods=expected,
            disruptionsAllowed=allowed,
            conditions=conditions,
        )


def _count(value: str | int, expected: int) -> int:
    return value if isinstance(value, int) else math.ceil(int(value.rstrip("%")) * expected / 100)
