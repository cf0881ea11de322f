"""Which controller looks at which object, and when."""

from __future__ import annotations

from typing import Protocol

from tools.sandbox.failure import ApiFailure
from tools.sandbox.kind import Kind, StorageKey
from tools.sandbox.manifest import Manifest, controller_of, name_of, namespace_of
from tools.sandbox.plane import ControlPlane
from tools.sandbox.store import Change

Key = tuple[StorageKey, str, str]
_RETRY_SECONDS = 5.0


class Controller(Protocol):
    """Looks at one object of its kind and takes the next steps towards what it asks for."""

    @property
    def kind(self) -> Kind: ...

    def reconcile(self, obj: Manifest) -> None: ...


class Watcher(Protocol):
    """Looks at single changes: the kubelet, the scheduler, services."""

    def observe(self, change: Change) -> None: ...


class Manager:
    """Collects what changed and lets the controllers look at it, until nothing changes any more.

    Args:
        plane: the control plane.
    """

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._controllers: dict[StorageKey, list[Controller]] = {}
        self._watchers: list[Watcher] = []
        self._changes: list[Change] = []
        self._dirty: dict[Key, None] = {}
        plane.store.listen(self._noticed)
        plane.timeline.settle = self.settle

    def add(self, *controllers: Controller) -> None:
        for controller in controllers:
            self._controllers.setdefault(controller.kind.storage, []).append(controller)

    def watch(self, *watchers: Watcher) -> None:
        self._watchers.extend(watchers)

    def look_at(self, kind: Kind, namespace: str, name: str) -> None:
        """Let the controllers of a kind look at one object."""
        self._dirty[(kind.storage, namespace, name)] = None
        self._plane.timeline.wake()

    def settle(self) -> None:
        """Work until there is nothing left to look at."""
        while self._changes or self._dirty:
            changes, self._changes = self._changes, []
            for change in changes:
                for watcher in self._watchers:
                    watcher.observe(change)
            dirty, self._dirty = self._dirty, {}
            for storage, namespace, name in dirty:
                self._reconcile(storage, namespace, name)

    def _reconcile(self, storage: StorageKey, namespace: str, name: str) -> None:
        for controller in self._controllers.get(storage, ()):
            obj = self._plane.store.get(controller.kind, namespace, name)
            if obj is None:
                return
            try:
                controller.reconcile(obj)
            except ApiFailure:  # somebody was faster, or the namespace is going: look again later
                self._look_later(controller.kind, namespace, name)

    def _look_later(self, kind: Kind, namespace: str, name: str) -> None:
        self._plane.timeline.after(_RETRY_SECONDS, lambda: self.look_at(kind, namespace, name))

    def _noticed(self, change: Change) -> None:
        if change.kind[1] == "events":
            return
        self._changes.append(change)
        if change.kind in self._controllers:
            self._dirty[(change.kind, namespace_of(change.obj), name_of(change.obj))] = None
        for obj in (change.obj, change.old):
            owner = controller_of(obj) if obj else None
            if owner:
                kind = self._plane.kinds.of(owner)
                if kind is not None and kind.storage in self._controllers:
                    self._dirty[(kind.storage, namespace_of(change.obj), owner["name"])] = None
        self._plane.timeline.wake()
