"""The kinds the practice cluster serves, as a Kubernetes 1.36 API server lists them."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from typing import Any

from tools.sandbox.custom.discovery import Discovery
from tools.sandbox.kind import GroupVersion, Kind, StorageKey
from tools.sandbox.manifest import Manifest, clone

_RECORDED = "api-1.36.json.gz"
_UNSERVED = ("/exec", "/attach", "/portforward", "/proxy", "/token", "/binding", "/approval", "/finalize")
_METRICS = (("nodes", "NodeMetrics", False), ("pods", "PodMetrics", True))


class Kinds:
    """All served kinds, the discovery documents, and the merge keys of list fields."""

    def __init__(self) -> None:
        recorded = json.loads(gzip.decompress((files(__package__) / _RECORDED).read_bytes()))
        self.version: Manifest = recorded["version"]
        self.documents: dict[str, Manifest] = recorded["legacy"]
        self.aggregated: dict[str, Manifest] = recorded["agg"]
        self.merge_keys: dict[str, tuple[str | None, list[str], str]] = {
            field: (key, names or ([key] if key else []), strategy or "")
            for field, (key, names, strategy) in recorded["keys"].items()
        }
        self._kinds: dict[tuple[str, str, str], Kind] = {}
        self._drop_unserved()
        self._add_metrics()
        self._index(recorded["columns"])
        self._built_in = dict(self._kinds)
        self._discovery = Discovery(self.documents, self.aggregated)
        self._custom: dict[StorageKey, list[Kind]] = {}
        self._down: set[GroupVersion] = set()
        self._name()

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        return self._kinds.get((group, version, plural))

    def named(self, group: str, name: str) -> Kind:
        """The preferred version of a kind. Raises KeyError."""
        return self._by_name[(group, name)]

    def by_name(self, group: str, name: str) -> Kind | None:
        """The preferred version of a kind, or None for one that is not served."""
        return self._by_name.get((group, name))

    def of(self, obj: Manifest) -> Kind | None:
        """The kind an object, or an owner reference, says it is."""
        return self._by_name.get((str(obj.get("apiVersion", "")).rpartition("/")[0], str(obj.get("kind"))))

    def serve(self, storage: StorageKey, kinds: list[Kind]) -> None:
        """Serve a custom kind in these versions from now on, the preferred one first; in none to end it."""
        if self._custom.get(storage, []) == kinds:
            return
        self._custom[storage] = kinds
        if not kinds:
            del self._custom[storage]
        every = [kind for found in self._custom.values() for kind in found]
        self._kinds = self._built_in | {(kind.group, kind.version, kind.plural): kind for kind in every}
        self._name()

    def take_down(self, down: set[GroupVersion]) -> None:
        """These versions of groups answer nothing from now on, all others do."""
        if down != self._down:
            self._down = down
            self._name()

    def is_down(self, group: str, version: str) -> bool:
        return (group, version) in self._down

    def stored(self) -> list[Kind]:
        """One kind for every place objects are stored in."""
        places: dict[StorageKey, Kind] = {}
        for kind in self._kinds.values():
            if kind.group != "metrics.k8s.io":
                places.setdefault(kind.storage, kind)
        return list(places.values())

    def served(self) -> list[Kind]:
        return list(self._kinds.values())

    def _name(self) -> None:
        self._by_name = {(kind.group, kind.name): kind for kind in reversed(self._kinds.values())}
        every = [kind for kind in self._kinds.values() if kind.custom is not None]
        self.documents, self.aggregated = self._discovery.with_groups(every, self._down)

    def _drop_unserved(self) -> None:
        """Discovery must not promise what nobody answers, such as running commands in a container."""
        for document in self.documents.values():
            if document["kind"] == "APIResourceList":
                document["resources"] = [
                    entry for entry in document["resources"] if not entry["name"].endswith(_UNSERVED)
                ]
        for document in self.aggregated.values():
            for group in document["items"]:
                for version in group["versions"]:
                    for entry in version["resources"]:
                        entry["subresources"] = [
                            sub
                            for sub in entry.get("subresources", [])
                            if not f"/{sub['subresource']}".endswith(_UNSERVED)
                        ]

    def _add_metrics(self) -> None:
        """metrics.k8s.io comes from the metrics server, not from the API server that was recorded."""
        where = {"groupVersion": "metrics.k8s.io/v1beta1", "version": "v1beta1"}
        group = {"name": "metrics.k8s.io", "versions": [where], "preferredVersion": where}
        self.documents["/apis"]["groups"].append(clone(group))
        self.documents["/apis/metrics.k8s.io"] = {"kind": "APIGroup", "apiVersion": "v1", **group}
        self.documents["/apis/metrics.k8s.io/v1beta1"] = {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": "metrics.k8s.io/v1beta1",
            "resources": [
                {
                    "name": plural,
                    "singularName": "",
                    "namespaced": scoped,
                    "kind": kind,
                    "verbs": ["get", "list"],
                }
                for plural, kind, scoped in _METRICS
            ],
        }
        self.aggregated["/apis"]["items"].append(
            {
                "metadata": {"name": "metrics.k8s.io", "creationTimestamp": None},
                "versions": [
                    {
                        "version": "v1beta1",
                        "freshness": "Current",
                        "resources": [
                            {
                                "resource": plural,
                                "responseKind": {"group": "", "version": "", "kind": kind},
                                "scope": "Namespaced" if scoped else "Cluster",
                                "singularResource": "",
                                "verbs": ["get", "list"],
                            }
                            for plural, kind, scoped in _METRICS
                        ],
                    }
                ],
            }
        )

    def _index(self, columns: dict[str, list[Manifest]]) -> None:
        for path, document in self.documents.items():
            if document["kind"] != "APIResourceList":
                continue
            group, _, version = document["groupVersion"].rpartition("/")
            for entry in document["resources"]:
                plural = entry["name"]
                if "/" in plural:
                    continue
                shared = (group, plural) == ("events.k8s.io", "events")
                self._kinds[(group, version, plural)] = Kind(
                    group=group,
                    version=version,
                    plural=plural,
                    name=entry["kind"],
                    singular=entry.get("singularName") or entry["kind"].lower(),
                    namespaced=entry["namespaced"],
                    verbs=frozenset(entry["verbs"]),
                    columns=tuple(columns.get(f"{path}/{plural}", _DEFAULT_COLUMNS)),
                    storage=("" if shared else group, plural),
                )


_DEFAULT_COLUMNS: list[dict[str, Any]] = [
    {"name": "Name", "type": "string", "format": "name", "description": "Name of the object.", "priority": 0},
    {"name": "Created At", "type": "date", "format": "", "description": "Time of creation.", "priority": 0},
]
