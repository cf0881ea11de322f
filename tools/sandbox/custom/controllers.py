"""Definitions that are established and cleaned up, and API services that answer or do not."""

from __future__ import annotations

from tools.sandbox.controllers.manager import Manager
from tools.sandbox.custom.definition import CLEANUP, faults_of, kinds_of, stored_version
from tools.sandbox.kind import GroupVersion, Kind, StorageKey
from tools.sandbox.manifest import Manifest, deleting, dig, name_of
from tools.sandbox.plane import ControlPlane, set_condition
from tools.sandbox.store import Change


class DefinitionController:
    """Serves what a CustomResourceDefinition defines; takes its objects away before it goes."""

    def __init__(self, plane: ControlPlane, manager: Manager) -> None:
        self._plane = plane
        self._manager = manager
        self._ending: dict[StorageKey, str] = {}

    @property
    def kind(self) -> Kind:
        return self._plane.definitions

    def observe(self, change: Change) -> None:
        """A definition is gone, or an object of one that is going."""
        if change.type != "DELETED":
            return
        if change.kind == self.kind.storage and not faults_of(change.obj):
            storage = _storage(change.obj)
            self._ending.pop(storage, None)
            self._plane.kinds.serve(storage, [])
        elif change.kind in self._ending:
            self._manager.look_at(self.kind, "", self._ending[change.kind])

    def reconcile(self, obj: Manifest) -> None:
        if faults_of(obj):
            return  # put there past the checks of the server
        storage, kinds = _storage(obj), kinds_of(obj)
        if deleting(obj):
            self._end(obj, storage, kinds)
            return
        self._plane.kinds.serve(storage, kinds)
        if CLEANUP not in (obj["metadata"].get("finalizers") or []):
            obj = self._plane.change(self.kind, obj, _hold)
        now, status = self._plane.stamp(), obj.get("status") or {}
        conditions = set_condition(
            status.get("conditions") or [], "NamesAccepted", "True", "NoConflicts", "no conflicts found", now
        )
        conditions = set_condition(
            conditions, "Established", "True", "InitialNamesAccepted",
            "the initial names have been accepted", now,
        )  # fmt: skip
        stored = list(dict.fromkeys([*(status.get("storedVersions") or []), stored_version(obj)]))
        self._plane.set_status(
            self.kind, obj, conditions=conditions, acceptedNames=obj["spec"]["names"], storedVersions=stored
        )

    def _end(self, obj: Manifest, storage: StorageKey, kinds: list[Kind]) -> None:
        self._ending[storage] = name_of(obj)
        for kind in kinds[:1]:
            for held in self._plane.store.all(kind):
                if not deleting(held):
                    self._plane.delete(kind, held, propagation="Background")
            if any(True for _ in self._plane.store.all(kind)):
                return  # finalizers hold some of them
        self._plane.change(self.kind, obj, _let_go)


class ApiServiceController:
    """Takes groups down whose APIService leads to nobody: no process here answers for another server."""

    def __init__(self, plane: ControlPlane, manager: Manager) -> None:
        self._plane = plane
        self._manager = manager

    @property
    def kind(self) -> Kind:
        return self._plane.api_services

    def observe(self, change: Change) -> None:
        if change.kind == self.kind.storage and change.type == "DELETED":
            self._plane.kinds.take_down(self._down())

    def reconcile(self, obj: Manifest) -> None:
        self._plane.kinds.take_down(self._down())
        status, reason, message = "True", "Local", "Local APIServices are always available"
        if service := dig(obj, "spec", "service"):
            status = "False"
            name, namespace = service["name"], service["namespace"]
            if self._plane.store.get(self._plane.services, namespace, name) is None:
                reason, message = "ServiceNotFound", f'service/{name} in "{namespace}" is not present'
            else:
                reason = "FailedDiscoveryCheck"
                path = (
                    f"https://{name}.{namespace}.svc:443/apis/{obj['spec']['group']}/{obj['spec']['version']}"
                )
                message = f"failing or missing response from {path}: Get {path}: connect: connection refused"
        conditions = set_condition(
            dig(obj, "status", "conditions", default=[]), "Available", status, reason, message,
            self._plane.stamp(),
        )  # fmt: skip
        self._plane.set_status(self.kind, obj, conditions=conditions)

    def _down(self) -> set[GroupVersion]:
        return {
            (entry["spec"]["group"], entry["spec"]["version"])
            for entry in self._plane.store.all(self.kind)
            if dig(entry, "spec", "service")
        }


def _storage(definition: Manifest) -> StorageKey:
    return definition["spec"]["group"], definition["spec"]["names"]["plural"]


def _hold(draft: Manifest) -> None:
    draft["metadata"]["finalizers"] = [*(draft["metadata"].get("finalizers") or []), CLEANUP]


def _let_go(draft: Manifest) -> None:
    kept = [entry for entry in draft["metadata"].get("finalizers") or [] if entry != CLEANUP]
    draft["metadata"]["finalizers"] = kept
