"""The discovery documents, in both forms, with the groups that were added and those that are down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tools.sandbox.manifest import Manifest

if TYPE_CHECKING:
    from tools.sandbox.kind import GroupVersion, Kind

Documents = dict[str, Manifest]


class Discovery:
    """What the server says it serves.

    Args:
        documents: of the built-in kinds, by path.
        aggregated: the same in the aggregated form, by path.
    """

    def __init__(self, documents: Documents, aggregated: Documents) -> None:
        self._documents = documents
        self._aggregated = aggregated

    def with_groups(self, kinds: Sequence[Kind], down: set[GroupVersion]) -> tuple[Documents, Documents]:
        """(documents, aggregated) with these custom kinds, and with some versions of groups not answering.

        As on a real server, a version that is down stays listed: its own document cannot be had, and the
        aggregated form calls it stale.
        """
        documents, groups = dict(self._documents), list(self._aggregated["/apis"]["items"])
        known = {entry["metadata"]["name"] for entry in groups}
        by_group: dict[str, dict[str, list[Kind]]] = {}
        for kind in kinds:
            by_group.setdefault(kind.group, {}).setdefault(kind.version, []).append(kind)
        for group, version in sorted(down):
            if group not in known:
                by_group.setdefault(group, {}).setdefault(version, [])
        listed = list(documents["/apis"]["groups"])
        for group, versions in sorted(by_group.items()):
            summary = _group(group, versions)
            listed.append(summary)
            documents[f"/apis/{group}"] = {"kind": "APIGroup", "apiVersion": "v1", **summary}
            for version, found in versions.items():
                documents[f"/apis/{group}/{version}"] = _resources(f"{group}/{version}", found)
            groups.append({"metadata": {"name": group, "creationTimestamp": None},
                           "versions": [_version(version, found) for version, found in versions.items()]})  # fmt: skip
        documents["/apis"] = {**documents["/apis"], "groups": listed}
        for group, version in down:
            documents.pop(f"/apis/{group}/{version}", None)
        stale = [_with_stale(entry, down) for entry in groups]
        return documents, {**self._aggregated, "/apis": {**self._aggregated["/apis"], "items": stale}}


def _group(name: str, versions: Iterable[str]) -> Manifest:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _resources(api_version: str, kinds: list[Kind]) -> Manifest:
    entries: list[Manifest] = []
    for kind in kinds:
        entry: Manifest = {
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.name,
            "verbs": sorted(kind.verbs),
        }
        if kind.custom is not None and kind.custom.short_names:
            entry["shortNames"] = list(kind.custom.short_names)
        if kind.custom is not None and kind.custom.categories:
            entry["categories"] = list(kind.custom.categories)
        entries.append(entry)
        if kind.custom is not None and kind.custom.status_apart:
            verbs = ["get", "patch", "update"]
            entries.append({**entry, "name": f"{kind.plural}/status", "singularName": "", "verbs": verbs})
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": entries}


def _version(version: str, kinds: list[Kind]) -> Manifest:
    return {"version": version, "freshness": "Current", "resources": [_resource(kind) for kind in kinds]}


def _resource(kind: Kind) -> Manifest:
    response = {"group": kind.group, "version": kind.version, "kind": kind.name}
    entry: Manifest = {
        "resource": kind.plural,
        "responseKind": response,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": sorted(kind.verbs),
    }
    custom = kind.custom
    if custom is not None and custom.short_names:
        entry["shortNames"] = list(custom.short_names)
    if custom is not None and custom.categories:
        entry["categories"] = list(custom.categories)
    if custom is not None and custom.status_apart:
        verbs = ["get", "patch", "update"]
        entry["subresources"] = [{"subresource": "status", "responseKind": response, "verbs": verbs}]
    return entry


def _with_stale(group: Manifest, down: set[GroupVersion]) -> Manifest:
    name = group["metadata"].get("name", "")
    if not any(found == name for found, _ in down):
        return group
    versions = [
        {**version, "freshness": "Stale"} if (name, version["version"]) in down else version
        for version in group["versions"]
    ]
    return {**group, "versions": versions}
