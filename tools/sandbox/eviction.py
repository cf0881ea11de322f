"""Evictions: deletions of pods that disruption budgets may forbid."""

from __future__ import annotations

from tools.sandbox.failure import ApiFailure, conflict
from tools.sandbox.manifest import Manifest, deleting, dig, name_of, namespace_of, uid_of
from tools.sandbox.plane import ControlPlane, pod_ready
from tools.sandbox.request import ApiCall
from tools.sandbox.selectors import selects

_NOBODY_MISSES = ("Pending", "Succeeded", "Failed")
_SEVERAL = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."


def evict(plane: ControlPlane, call: ApiCall) -> Manifest:
    """Evict a pod unless a disruption budget forbids it. Raises `ApiFailure` (404, 409, 429, 500)."""
    pod = plane.read(call.kind, call.target.namespace, call.target.name)
    options = dig(call.body, "deleteOptions", default={}) if isinstance(call.body, dict) else {}
    wanted = dig(options, "preconditions", "uid")
    if wanted and wanted != uid_of(pod):
        why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid_of(pod)}"
        raise conflict(call.kind, name_of(pod), why)
    if dig(pod, "status", "phase") not in _NOBODY_MISSES and not deleting(pod):
        _ask_budget(plane, call, pod)
    if not call.dry_run:
        plane.delete(plane.pods, pod, options.get("gracePeriodSeconds"))
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _ask_budget(plane: ControlPlane, call: ApiCall, pod: Manifest) -> None:
    """Count the eviction against the pod's budget. Raises `ApiFailure` if there is nothing left of it."""
    budgets = [
        budget
        for budget in plane.store.all(plane.budgets, namespace_of(pod))
        if selects(budget["spec"].get("selector"), pod)
    ]
    if len(budgets) > 1:
        raise ApiFailure(500, "InternalError", _SEVERAL)
    if not budgets:
        return
    (budget,) = budgets
    need, have, allowed = (
        dig(budget, "status", key, default=0)
        for key in ("desiredHealthy", "currentHealthy", "disruptionsAllowed")
    )
    if not pod_ready(pod):
        always = budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow"
        if always or (need > 0 and have >= need):
            return
    if allowed <= 0:
        why = f"The disruption budget {name_of(budget)} needs {need} healthy pods and has {have} currently"
        raise ApiFailure(
            429,
            "TooManyRequests",
            "Cannot evict pod as it would violate the pod's disruption budget.",
            {"causes": [{"reason": "DisruptionBudget", "message": why}]},
        )
    if not call.dry_run:  # the next eviction may come before the controller counts again
        plane.set_status(plane.budgets, budget, disruptionsAllowed=allowed - 1)
