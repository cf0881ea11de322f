"""HorizontalPodAutoscalers: more or fewer replicas, by the cpu and memory the pods use."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from tools.sandbox.kind import Kind
from tools.sandbox.kubelet.usage import pod_usage
from tools.sandbox.manifest import Manifest, deleting, dig, name_of, namespace_of, uid_of
from tools.sandbox.plane import ControlPlane, pod_ready, set_condition
from tools.sandbox.quantity import mebibytes, millicores
from tools.sandbox.selectors import matcher

_SYNC_SECONDS = 15.0
_TOLERANCE = 0.1
_STABLE = timedelta(minutes=5)


class AutoscalerController:
    """Looks at each autoscaler every fifteen seconds."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._running: set[str] = set()
        self._wishes: dict[str, list[tuple[datetime, int]]] = {}

    @property
    def kind(self) -> Kind:
        return self._plane.autoscalers

    def reconcile(self, obj: Manifest) -> None:
        if uid_of(obj) not in self._running and not deleting(obj):
            self._running.add(uid_of(obj))
            self._tick(obj)

    def _tick(self, obj: Manifest) -> None:
        current = self._plane.current(self.kind, obj)
        if current is None:
            self._running.discard(uid_of(obj))
            self._wishes.pop(uid_of(obj), None)
            return
        self._sync(current)
        self._plane.timeline.after(_SYNC_SECONDS, lambda: self._tick(obj))

    def _sync(self, obj: Manifest) -> None:
        reference = obj["spec"]["scaleTargetRef"]
        kind = self._plane.kinds.of(reference)
        target = self._plane.store.get(kind, namespace_of(obj), reference["name"]) if kind else None
        if kind is None or kind.custom is not None or target is None:
            why = f'{reference["kind"].lower()}s.apps "{reference["name"]}" not found'
            self._report(obj, 0, 0, [], able=("False", "FailedGetScale", why))
            return
        replicas = target["spec"]["replicas"]
        test = matcher(target["spec"]["selector"])
        pods = [
            pod
            for pod in self._plane.store.all(self._plane.pods, namespace_of(obj))
            if test(pod["metadata"].get("labels") or {}) and pod_ready(pod)
        ]
        measured, ratio, name = self._measure(obj, pods)
        low, high = obj["spec"]["minReplicas"], obj["spec"]["maxReplicas"]
        wish = math.ceil(len(pods) * ratio) if pods and abs(ratio - 1) > _TOLERANCE else replicas
        wish = max(low, min(high, wish))
        wanted = self._stabilise(obj, replicas, wish) if replicas else 0
        if wanted != replicas:
            self._plane.change(kind, target, lambda draft: draft["spec"].update(replicas=wanted))
            side = "above" if wanted > replicas else "below"
            text = f"New size: {wanted}; reason: {name} {side} target"
            self._plane.events.record(obj, "Normal", "SuccessfulRescale", text, "horizontal-pod-autoscaler")
        ready = ("True", "ReadyForNewScale", "recommended size matches current size")
        self._report(obj, replicas, wanted, measured, able=ready)

    def _measure(self, obj: Manifest, pods: list[Manifest]) -> tuple[list[Manifest], float, str]:
        """The metrics as reported, the highest use in proportion to its target, and what it is called."""
        elapsed, measured = self._plane.timeline.elapsed(), []
        worst, name = 0.0, "cpu resource utilization (percentage of request)"
        for metric in obj["spec"]["metrics"]:
            resource = dig(metric, "resource", "name")
            target = dig(metric, "resource", "target", "averageUtilization")
            if resource not in ("cpu", "memory") or target is None or not pods:
                continue
            index = 0 if resource == "cpu" else 1
            used = sum(pod_usage(pod, elapsed)[index] for pod in pods)
            asked = sum(_requested(pod, resource) for pod in pods)
            if not asked:
                continue
            share, average = round(100 * used / asked), used / len(pods)
            shown = f"{average:.0f}m" if resource == "cpu" else f"{average * 2**20:.0f}"
            value = {"averageUtilization": share, "averageValue": shown}
            measured.append({"type": "Resource", "resource": {"name": resource, "current": value}})
            if share / target > worst:
                worst, name = share / target, f"{resource} resource utilization (percentage of request)"
        return measured, worst if measured else 1.0, name

    def _stabilise(self, obj: Manifest, replicas: int, wish: int) -> int:
        """Shrink only to the highest wish of the last five minutes."""
        now = self._plane.timeline.now()
        recent = [(at, size) for at, size in self._wishes.get(uid_of(obj), []) if now - at < _STABLE]
        recent.append((now, wish))
        self._wishes[uid_of(obj)] = recent
        return wish if wish >= replicas else min(replicas, max(size for _, size in recent))

    def _report(
        self, obj: Manifest, replicas: int, wanted: int, measured: list[Manifest], able: tuple[str, str, str]
    ) -> None:
        now = self._plane.stamp()
        conditions = list(dig(obj, "status", "conditions", default=[]))
        conditions = set_condition(conditions, "AbleToScale", *able, now)
        active = ("True", "ValidMetricFound", "the HPA was able to successfully calculate a replica count")
        if not measured:
            active = ("False", "FailedGetResourceMetric", f"no metrics for the pods of {name_of(obj)}")
        conditions = set_condition(conditions, "ScalingActive", *active, now)
        fields: Manifest = {
            "currentReplicas": replicas,
            "desiredReplicas": wanted,
            "currentMetrics": measured or None,
            "conditions": conditions,
        }
        if wanted != replicas:
            fields["lastScaleTime"] = now
        self._plane.set_status(self.kind, obj, **fields)


def _requested(pod: Manifest, resource: str) -> float:
    total = 0.0
    for container in pod["spec"]["containers"]:
        asked = dig(container, "resources", "requests", resource, default=0)
        total += millicores(asked) if resource == "cpu" else mebibytes(asked)
    return total
