"""Where the objects are: one dictionary per kind and namespace, and a log of what changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from tools.sandbox.failure import expired
from tools.sandbox.kind import Kind, StorageKey
from tools.sandbox.manifest import Manifest, name_of, namespace_of

_WITHOUT_GENERATION = frozenset(
    [
        "configmaps",
        "endpoints",
        "endpointslices",
        "events",
        "horizontalpodautoscalers",
        "limitranges",
        "namespaces",
        "nodes",
        "persistentvolumeclaims",
        "persistentvolumes",
        "resourcequotas",
        "secrets",
        "serviceaccounts",
        "services",
        "leases",
        "roles",
        "rolebindings",
        "clusterroles",
        "clusterrolebindings",
        "controllerrevisions",
        "storageclasses",
    ]
)
_NOT_INTENT = ("metadata", "status")

Place = tuple[StorageKey, str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log. `old` is the object before, None when it was added."""

    version: int
    type: str
    kind: StorageKey
    obj: Manifest
    old: Manifest | None


Listener = Callable[[Change], None]


class ObjectStore:
    """Objects by kind, namespace and name. A stored object is never modified, only replaced.

    Args:
        history: how many changes a watch may look back on before it is told 410 Gone.
    """

    def __init__(self, history: int = 20_000) -> None:
        self.version = 0
        self._objects: dict[StorageKey, dict[str, dict[str, Manifest]]] = {}
        self._children: dict[str, dict[Place, Kind]] = {}
        self._log: deque[Change] = deque(maxlen=history)
        self._forgotten = 0
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener` after every change."""
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    def get(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        return self._objects.get(kind.storage, {}).get(namespace, {}).get(name)

    def all(self, kind: Kind, namespace: str = "") -> Iterable[Manifest]:
        """The objects of a namespace, or of all, in no particular order."""
        spaces = self._objects.get(kind.storage, {})
        if namespace:
            return list(spaces.get(namespace, {}).values())
        return [obj for space in spaces.values() for obj in space.values()]

    def sorted(self, kind: Kind, namespace: str = "") -> list[Manifest]:
        """As `all`, in the order a list request shows."""
        spaces = self._objects.get(kind.storage, {})
        names = [namespace] if namespace else sorted(spaces)
        return [spaces[space][name] for space in names if space in spaces for name in sorted(spaces[space])]

    def namespaces_of(self, kind: Kind) -> list[str]:
        return sorted(space for space, found in self._objects.get(kind.storage, {}).items() if found)

    def children(self, owner_uid: str, kind: Kind | None = None) -> list[Manifest]:
        """The objects with an owner reference to a uid."""
        return [obj for _, obj in self.children_with_kind(owner_uid) if kind is None or self._is(obj, kind)]

    def children_with_kind(self, owner_uid: str) -> list[tuple[Kind, Manifest]]:
        found: list[tuple[Kind, Manifest]] = []
        for (_, namespace, name), kind in list(self._children.get(owner_uid, {}).items()):
            obj = self.get(kind, namespace, name)
            if obj is not None:
                found.append((kind, obj))
        return found

    def put(self, kind: Kind, obj: Manifest) -> Manifest:
        """Store an object, new or changed, and return it with its new resourceVersion.

        An object that equals the stored one is not written again.
        """
        namespace, name = namespace_of(obj), name_of(obj)
        old = self.get(kind, namespace, name)
        metadata = dict(obj["metadata"])
        if old is not None:
            metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
            if "generation" in old["metadata"]:
                metadata["generation"] = old["metadata"]["generation"]
            if metadata == old["metadata"] and {**obj, "metadata": 0} == {**old, "metadata": 0}:
                return old
            if "generation" in metadata and _intent(obj) != _intent(old):
                metadata["generation"] += 1
        elif kind.custom is not None or ("spec" in obj and kind.plural not in _WITHOUT_GENERATION):
            metadata["generation"] = 1
        self.version += 1
        metadata["resourceVersion"] = str(self.version)
        stored = {**obj, "metadata": metadata}
        self._objects.setdefault(kind.storage, {}).setdefault(namespace, {})[name] = stored
        self._relate(kind, stored, old)
        self._announce(Change(self.version, "MODIFIED" if old else "ADDED", kind.storage, stored, old))
        return stored

    def remove(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        """Take an object away, whatever its finalizers say."""
        old = self._objects.get(kind.storage, {}).get(namespace, {}).pop(name, None)
        if old is None:
            return None
        self.version += 1
        last = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self.version)}}
        self._relate(kind, {"metadata": {}}, old, place=(kind.storage, namespace, name))
        self._announce(Change(self.version, "DELETED", kind.storage, last, old))
        return last

    def since(self, version: int) -> list[Change]:
        """The changes after a version. Raises `ApiFailure` (410) when they are no longer remembered."""
        if version < self._forgotten:
            raise expired(f"too old resource version: {version} ({self._forgotten})")
        if not self._log:
            return []
        return list(islice(self._log, max(0, version + 1 - self._log[0].version), None))

    def forget(self) -> None:
        """Forget all changes so far, as etcd does when it is compacted."""
        self._log.clear()
        self._forgotten = self.version

    def oldest(self) -> int:
        """The oldest version a watch may start from."""
        return self._forgotten

    def renumber(self, first: int, last_kinds: frozenset[str]) -> None:
        """Give all objects new resourceVersions in a fixed order and forget the past.

        Done once, before the first client: it makes versions independent of when the sandbox started.

        Args:
            first: the lowest version to give.
            last_kinds: plurals whose objects come last, because their number depends on the time of day.
        """
        places = sorted(
            (storage[1] in last_kinds, storage, namespace, name)
            for storage, spaces in self._objects.items()
            for namespace, space in spaces.items()
            for name in space
        )
        self.version = first
        for _, storage, namespace, name in places:
            obj = self._objects[storage][namespace][name]
            self.version += 1
            obj["metadata"]["resourceVersion"] = str(self.version)
        self.version = (self.version // 10_000 + 1) * 10_000
        self.forget()

    def _is(self, obj: Manifest, kind: Kind) -> bool:
        return bool(obj["kind"] == kind.name)

    def _relate(self, kind: Kind, obj: Manifest, old: Manifest | None, place: Place | None = None) -> None:
        place = place or (kind.storage, namespace_of(obj), name_of(obj))
        before = _owners(old) if old else set()
        after = _owners(obj)
        for uid in before - after:
            self._children.get(uid, {}).pop(place, None)
        for uid in after - before:
            self._children.setdefault(uid, {})[place] = kind

    def _announce(self, change: Change) -> None:
        if len(self._log) == self._log.maxlen:
            self._forgotten = self._log[0].version
        self._log.append(change)
        for listener in list(self._listeners):
            listener(change)


def _owners(obj: Manifest) -> set[str]:
    return {owner["uid"] for owner in obj["metadata"].get("ownerReferences") or []}


def _intent(obj: Manifest) -> Manifest:
    return {key: value for key, value in obj.items() if key not in _NOT_INTENT}
