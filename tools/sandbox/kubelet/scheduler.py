"""The scheduler: gives a pod a node with room for it, or says why there is none."""

from __future__ import annotations

from collections import Counter

from tools.sandbox.controllers.manager import Manager
from tools.sandbox.manifest import Manifest, deleting, dig, labels_of, name_of, namespace_of, uid_of
from tools.sandbox.plane import ControlPlane, set_condition
from tools.sandbox.quantity import mebibytes, millicores
from tools.sandbox.store import Change

_REPEAT_SECONDS = 300.0
_FINISHED = ("Succeeded", "Failed")


class Scheduler:
    """Binds pods to nodes by selectors, taints, cordons and free cpu, memory and pod slots.

    Args:
        plane: the control plane.
        manager: unused pods are looked at when it delivers changes.
    """

    def __init__(self, plane: ControlPlane, manager: Manager) -> None:
        self._plane = plane
        self._placed: dict[str, tuple[str, int, float]] = {}
        self._used: dict[str, list[float]] = {}
        self._waiting: dict[str, tuple[str, str]] = {}
        manager.watch(self)

    def observe(self, change: Change) -> None:
        if change.kind == self._plane.pods.storage:
            self._pod_changed(change)
        elif change.kind == self._plane.nodes.storage and _matters(change):
            self._retry()

    def _pod_changed(self, change: Change) -> None:
        pod = change.obj
        ended = change.type == "DELETED" or dig(pod, "status", "phase") in _FINISHED
        if ended:
            self._waiting.pop(uid_of(pod), None)
            if self._release(uid_of(pod)):
                self._retry()
        elif dig(pod, "spec", "nodeName"):
            self._reserve(pod, pod["spec"]["nodeName"])
        elif change.type == "ADDED" or (change.old and change.old["spec"] != pod["spec"]):
            self._schedule(pod)

    def _retry(self) -> None:
        for namespace, name in list(self._waiting.values()):
            pod = self._plane.store.get(self._plane.pods, namespace, name)
            if pod is not None and not dig(pod, "spec", "nodeName"):
                self._schedule(pod)

    def _schedule(self, pod: Manifest) -> None:
        if deleting(pod) or self._plane.current(self._plane.pods, pod) is None:
            return
        cpu, memory = requests_of(pod)
        nodes = sorted(self._plane.store.all(self._plane.nodes), key=name_of)
        reasons: Counter[str] = Counter()
        fitting: list[tuple[float, str]] = []
        for node in nodes:
            found = self._obstacles(pod, node, cpu, memory)
            reasons.update(found)
            if not found:
                fitting.append((self._load(node), name_of(node)))
        if not fitting:
            self._refuse(pod, len(nodes), reasons)
            return
        node_name = min(fitting)[1]
        now = self._plane.stamp()

        def bind(draft: Manifest) -> None:
            draft["spec"]["nodeName"] = node_name
            status = draft.setdefault("status", {})
            status["conditions"] = set_condition(
                [c for c in status.get("conditions") or [] if c["type"] != "PodScheduled"],
                "PodScheduled",
                "True",
                "",
                "",
                now,
            )

        self._waiting.pop(uid_of(pod), None)
        self._reserve(pod, node_name)
        self._plane.change(self._plane.pods, pod, bind)
        message = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node_name}"
        self._plane.events.record(pod, "Normal", "Scheduled", message, "default-scheduler")

    def _refuse(self, pod: Manifest, nodes: int, reasons: Counter[str]) -> None:
        why = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
        room = sum(count for reason, count in reasons.items() if reason.startswith("Insufficient"))
        hopeless = nodes - room
        parts = [f"{hopeless} Preemption is not helpful for scheduling"] if hopeless > 0 else []
        parts += [f"{nodes - max(0, hopeless)} No preemption victims found for incoming pod"] if room else []
        message = f"0/{nodes} nodes are available: {why}."
        if nodes:
            message += f" preemption: 0/{nodes} nodes are available: {', '.join(parts)}."
        else:
            message = "no nodes available to schedule pods"
        first = uid_of(pod) not in self._waiting
        self._waiting[uid_of(pod)] = (namespace_of(pod), name_of(pod))
        conditions = set_condition(
            list(dig(pod, "status", "conditions", default=[])),
            "PodScheduled",
            "False",
            "Unschedulable",
            message,
            self._plane.stamp(),
        )
        self._plane.set_status(self._plane.pods, pod, phase="Pending", conditions=conditions)
        if first:
            self._complain(pod, message)

    def _complain(self, pod: Manifest, message: str) -> None:
        """The event, and again every five minutes as long as the pod waits."""
        if uid_of(pod) not in self._waiting:
            return
        self._plane.events.record(pod, "Warning", "FailedScheduling", message, "default-scheduler")
        self._plane.timeline.after(_REPEAT_SECONDS, lambda: self._complain(pod, message))

    def _obstacles(self, pod: Manifest, node: Manifest, cpu: int, memory: float) -> list[str]:
        spec = pod["spec"]
        tolerations = spec.get("tolerations") or []
        if dig(node, "spec", "unschedulable") and not tolerates(
            tolerations, {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
        ):
            return ["node(s) were unschedulable"]
        for taint in dig(node, "spec", "taints", default=[]):
            if taint.get("effect") != "PreferNoSchedule" and not tolerates(tolerations, taint):
                return [f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"]
        selector = spec.get("nodeSelector") or {}
        if not (selector.items() <= labels_of(node).items()) or not _affine(spec, node):
            return ["node(s) didn't match Pod's node affinity/selector"]
        allocatable = allocatable_of(node)
        used = self._used.get(name_of(node), [0, 0.0, 0])
        found = []
        if used[2] >= int(allocatable.get("pods", 110)):
            found.append("Too many pods")
        if cpu and used[0] + cpu > millicores(allocatable["cpu"]):
            found.append("Insufficient cpu")
        if memory and used[1] + memory > mebibytes(allocatable["memory"]):
            found.append("Insufficient memory")
        return found

    def _load(self, node: Manifest) -> float:
        used = self._used.get(name_of(node), [0, 0.0, 0])
        allocatable = allocatable_of(node)
        by_cpu = used[0] / max(1, millicores(allocatable["cpu"]))
        return by_cpu + used[1] / max(1.0, mebibytes(allocatable["memory"])) + used[2] / 1000

    def _reserve(self, pod: Manifest, node: str) -> None:
        if uid_of(pod) in self._placed:
            return
        cpu, memory = requests_of(pod)
        self._placed[uid_of(pod)] = (node, cpu, memory)
        used = self._used.setdefault(node, [0, 0.0, 0])
        used[0], used[1], used[2] = used[0] + cpu, used[1] + memory, used[2] + 1

    def _release(self, uid: str) -> bool:
        placed = self._placed.pop(uid, None)
        if placed is None:
            return False
        node, cpu, memory = placed
        used = self._used[node]
        used[0], used[1], used[2] = used[0] - cpu, used[1] - memory, used[2] - 1
        return True


def allocatable_of(node: Manifest) -> Manifest:
    """What a node has for pods: nothing at all before its kubelet reported."""
    found: Manifest = dig(node, "status", "allocatable", default={"cpu": "0", "memory": "0", "pods": "0"})
    return found


def requests_of(pod: Manifest) -> tuple[int, float]:
    """What a pod asks for: millicores of cpu and MiB of memory."""
    cpu, memory = 0, 0.0
    for container in pod["spec"].get("containers") or []:
        asked = dig(container, "resources", "requests", default={})
        cpu += millicores(asked.get("cpu", 0))
        memory += mebibytes(asked.get("memory", 0))
    return cpu, memory


def _matters(change: Change) -> bool:
    """Whether a node changed in a way that could make room."""
    if change.old is None or change.type == "DELETED":
        return change.type == "ADDED"
    old, new = change.old, change.obj
    return bool(
        old.get("spec") != new.get("spec")
        or labels_of(old) != labels_of(new)
        or dig(old, "status", "allocatable") != dig(new, "status", "allocatable")
    )


def tolerates(tolerations: list[Manifest], taint: Manifest) -> bool:
    """Whether one of the tolerations bears the taint."""
    for entry in tolerations:
        if entry.get("effect") not in (None, "", taint.get("effect")):
            continue
        if entry.get("operator") == "Exists" and entry.get("key") in (None, "", taint["key"]):
            return True
        if entry.get("key") == taint["key"] and entry.get("value", "") == taint.get("value", ""):
            return True
    return False


def _affine(spec: Manifest, node: Manifest) -> bool:
    required = dig(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(_term(term, node) for term in required.get("nodeSelectorTerms") or [])


def _term(term: Manifest, node: Manifest) -> bool:
    labels = labels_of(node)
    for entry in term.get("matchExpressions") or []:
        value, values = labels.get(entry["key"]), entry.get("values") or []
        holds = {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not holds.get(entry["operator"], False):
            return False
    fields = term.get("matchFields") or []
    return all(name_of(node) in (entry.get("values") or []) for entry in fields)
