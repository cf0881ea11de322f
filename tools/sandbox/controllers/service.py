"""Services: which ready pods stand behind them, as Endpoints and as EndpointSlices."""

from __future__ import annotations

from tools.sandbox.controllers.manager import Manager
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, deleting, dig, labels_of, name_of, namespace_of, owner_reference
from tools.sandbox.plane import ControlPlane, pod_active, pod_ready
from tools.sandbox.store import Change


class ServiceController:
    """Keeps the endpoints of every Service with a selector."""

    def __init__(self, plane: ControlPlane, manager: Manager) -> None:
        self._plane = plane
        self._manager = manager

    @property
    def kind(self) -> Kind:
        return self._plane.services

    def observe(self, change: Change) -> None:
        """A pod changed its labels, address or readiness: the services that select it look again."""
        if change.kind == self._plane.pods.storage:
            if change.old is not None and _view(change.obj) == _view(change.old) and change.type != "DELETED":
                return
            for service in self._plane.store.all(self.kind, namespace_of(change.obj)):
                if _selects(service, change.obj) or (change.old and _selects(service, change.old)):
                    self._manager.look_at(self.kind, namespace_of(service), name_of(service))
        elif change.kind == self.kind.storage and change.type == "DELETED":
            endpoints = self._plane.store.get(
                self._plane.endpoints, namespace_of(change.obj), name_of(change.obj)
            )
            if endpoints is not None:
                self._plane.delete(self._plane.endpoints, endpoints)

    def reconcile(self, obj: Manifest) -> None:
        if deleting(obj) or not obj["spec"].get("selector"):
            return
        pods = sorted(
            (
                pod
                for pod in self._plane.store.all(self._plane.pods, namespace_of(obj))
                if _selects(obj, pod) and dig(pod, "status", "podIP") and pod_active(pod)
            ),
            key=name_of,
        )
        ready, waiting = [p for p in pods if pod_ready(p)], [p for p in pods if not pod_ready(p)]
        ports = [_port(port, pods) for port in obj["spec"].get("ports") or []]
        self._write_endpoints(obj, ready, waiting, ports)
        self._write_slice(obj, pods, ports)

    def _write_endpoints(
        self, obj: Manifest, ready: list[Manifest], waiting: list[Manifest], ports: list[Manifest]
    ) -> None:
        subset: Manifest = {}
        if ready:
            subset["addresses"] = [_address(pod) for pod in ready]
        if waiting:
            subset["notReadyAddresses"] = [_address(pod) for pod in waiting]
        body: Manifest = {"subsets": [{**subset, "ports": ports}] if subset else []}
        self._write(self._plane.endpoints, obj, name_of(obj), body, dict(labels_of(obj)), [])

    def _write_slice(self, obj: Manifest, pods: list[Manifest], ports: list[Manifest]) -> None:
        body: Manifest = {
            "addressType": "IPv4",
            "ports": ports,
            "endpoints": [
                {
                    "addresses": [pod["status"]["podIP"]],
                    "conditions": {"ready": pod_ready(pod), "serving": pod_ready(pod), "terminating": False},
                    "nodeName": dig(pod, "spec", "nodeName"),
                    "targetRef": _reference(pod),
                }
                for pod in pods
            ],
        }
        labels = {
            **labels_of(obj),
            "kubernetes.io/service-name": name_of(obj),
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        }
        number = self._plane.identities.number(f"slice/{namespace_of(obj)}/{name_of(obj)}", 27**5)
        self._write(
            self._plane.slices, obj, f"{name_of(obj)}-{number:05x}", body, labels, [owner_reference(obj)]
        )

    def _write(
        self,
        kind: Kind,
        obj: Manifest,
        name: str,
        body: Manifest,
        labels: dict[str, str],
        owners: list[Manifest],
    ) -> None:
        old = self._plane.store.get(kind, namespace_of(obj), name)
        if old is not None:
            self._plane.store.put(kind, {**old, **body})
            return
        metadata: Manifest = {"name": name, "namespace": namespace_of(obj), "labels": labels}
        if owners:
            metadata["ownerReferences"] = owners
        self._plane.create(kind, {"metadata": metadata, **body})


def _selects(service: Manifest, pod: Manifest) -> bool:
    selector = dig(service, "spec", "selector")
    return bool(selector) and selector.items() <= labels_of(pod).items()


def _view(pod: Manifest) -> tuple[object, ...]:
    return pod_ready(pod), pod_active(pod), dig(pod, "status", "podIP"), labels_of(pod)


def _port(port: Manifest, pods: list[Manifest]) -> Manifest:
    target = port.get("targetPort", port["port"])
    if isinstance(target, str):
        named = (
            entry["containerPort"]
            for pod in pods
            for container in pod["spec"]["containers"]
            for entry in container.get("ports") or []
            if entry.get("name") == target
        )
        target = next(named, port["port"])
    known = {"name": port["name"]} if "name" in port else {}
    return {**known, "port": target, "protocol": port.get("protocol", "TCP")}


def _address(pod: Manifest) -> Manifest:
    return {
        "ip": pod["status"]["podIP"],
        "nodeName": dig(pod, "spec", "nodeName"),
        "targetRef": _reference(pod),
    }


def _reference(pod: Manifest) -> Manifest:
    return {
        "kind": "Pod",
        "namespace": namespace_of(pod),
        "name": name_of(pod),
        "uid": pod["metadata"]["uid"],
    }
