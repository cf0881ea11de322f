"""Namespaces: a new one gets its service account, one being deleted is emptied first."""

from __future__ import annotations

from tools.sandbox.controllers.manager import Manager
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, deleting, name_of, namespace_of
from tools.sandbox.plane import ControlPlane
from tools.sandbox.store import Change

_GATHER_SECONDS = 1.0


class NamespaceController:
    """Furnishes and empties namespaces."""

    def __init__(self, plane: ControlPlane, manager: Manager) -> None:
        self._plane = plane
        self._manager = manager
        self._ending: set[str] = set()

    @property
    def kind(self) -> Kind:
        return self._plane.namespaces

    def observe(self, change: Change) -> None:
        """Something left a namespace that is ending: look whether it was the last."""
        if change.type == "DELETED" and namespace_of(change.obj) in self._ending:
            self._manager.look_at(self.kind, "", namespace_of(change.obj))

    def reconcile(self, obj: Manifest) -> None:
        name = name_of(obj)
        if not deleting(obj):
            if self._plane.store.get(self._plane.accounts, name, "default") is None:
                self._plane.create(self._plane.accounts, {"metadata": {"name": "default", "namespace": name}})
            return
        if name not in self._ending:
            self._ending.add(name)
            self._plane.timeline.after(_GATHER_SECONDS, lambda: self._empty(obj))
        elif not self._contents(name):
            self._end(name)

    def _empty(self, obj: Manifest) -> None:
        name = name_of(obj)
        for kind, content in self._contents(name):
            if not deleting(content):
                self._plane.delete(kind, content, propagation="Background")
        self._manager.look_at(self.kind, "", name)

    def _end(self, name: str) -> None:
        for event in self._plane.store.all(self._plane.event_kind, name):
            self._plane.store.remove(self._plane.event_kind, name, name_of(event))
        self._ending.discard(name)
        self._plane.store.remove(self.kind, "", name)

    def _contents(self, name: str) -> list[tuple[Kind, Manifest]]:
        return [
            (kind, obj)
            for kind in self._plane.kinds.stored()
            if kind.namespaced and kind.plural != "events"
            for obj in self._plane.store.all(kind, name)
        ]
