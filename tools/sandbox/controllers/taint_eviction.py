"""Taints with the effect NoExecute: pods that do not tolerate one leave the node."""

from __future__ import annotations

from tools.sandbox.kubelet.scheduler import tolerates
from tools.sandbox.manifest import Manifest, deleting, dig, name_of
from tools.sandbox.plane import ControlPlane
from tools.sandbox.store import Change


class TaintEviction:
    """Deletes pods from nodes that no longer bear them, at once or after their `tolerationSeconds`."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def observe(self, change: Change) -> None:
        if change.type == "DELETED":
            return
        if change.kind == self._plane.nodes.storage:
            if change.old is None or _driving(change.old) != _driving(change.obj):
                for pod in self._plane.store.all(self._plane.pods):
                    if dig(pod, "spec", "nodeName") == name_of(change.obj):
                        self._look(pod, change.obj)
        elif change.kind == self._plane.pods.storage:
            here = dig(change.obj, "spec", "nodeName")
            if here and (change.old is None or not dig(change.old, "spec", "nodeName")):
                node = self._plane.store.get(self._plane.nodes, "", here)
                if node is not None:
                    self._look(change.obj, node)

    def _look(self, pod: Manifest, node: Manifest) -> None:
        patience = [_patience(pod, taint) for taint in _driving(node)]
        if deleting(pod) or all(seconds is None for seconds in patience):
            return
        seconds = min(seconds for seconds in patience if seconds is not None)
        if seconds:
            self._plane.timeline.after(seconds, lambda: self._look_again(pod))
        else:
            self._evict(pod)

    def _look_again(self, pod: Manifest) -> None:
        """The patience is over; does the taint still stand?"""
        current = self._plane.current(self._plane.pods, pod)
        node = self._plane.store.get(self._plane.nodes, "", pod["spec"]["nodeName"])
        if current is None or node is None or deleting(current):
            return
        if any(_patience(current, taint) is not None for taint in _driving(node)):
            self._evict(current)

    def _evict(self, pod: Manifest) -> None:
        message = f"Marking for deletion Pod {pod['metadata']['namespace']}/{name_of(pod)}"
        self._plane.events.record(pod, "Normal", "TaintManagerEviction", message, "taint-eviction-controller")
        self._plane.delete(self._plane.pods, pod)


def _driving(node: Manifest) -> list[Manifest]:
    return [taint for taint in dig(node, "spec", "taints", default=[]) if taint.get("effect") == "NoExecute"]


def _patience(pod: Manifest, taint: Manifest) -> float | None:
    """Seconds a pod stays beside a taint: 0 without a toleration, None for ever."""
    matching = [entry for entry in pod["spec"].get("tolerations") or [] if tolerates([entry], taint)]
    if not matching:
        return 0.0
    limits = [float(entry["tolerationSeconds"]) for entry in matching if "tolerationSeconds" in entry]
    return min(limits) if limits else None
