"""kubernetes_nodes: the health of nodes and the room on them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated

from pydantic import BaseModel, Field

from tools.errors import NotFound, ToolError
from tools.kubernetes.fields import Json, condition, mapping, mappings, strings, text
from tools.kubernetes.finding import OnClusters, Selector
from tools.kubernetes.plain_text import plain
from tools.kubernetes.pod_resources import amounts, pod_amounts, summed, takes_room
from tools.kubernetes.quantity import percent, said
from tools.kubernetes.reads.looking import Looking
from tools.tool import Arguments, Scope, Tool

_ROLE = "node-role.kubernetes.io/"
_FULL = 95
_SKEW = 3
"""Minor versions a kubelet may be older than the API server (Kubernetes version skew policy)."""


class NodesArgs(Arguments):
    name: Annotated[
        str,
        Field(
            max_length=253,
            pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
            description="One node; empty for all.",
        ),
    ] = ""
    labels: Selector = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class Room(BaseModel):
    """What a node has of one resource, and what its pods ask for."""

    resource: str
    allocatable: str
    requested: str
    percent: int | None = None


class NodeHealth(BaseModel):
    name: str
    ready: bool
    problems: tuple[str, ...] = ()
    cordoned: bool
    roles: tuple[str, ...] = ()
    zone: str = ""
    version: str = ""
    taints: tuple[str, ...] = ()
    pods: int | None = None
    """Pods that have not ended; None when pods could not be listed."""
    room: tuple[Room, ...] = ()
    conditions: tuple[str, ...] = ()
    """Those that are not as they should be."""


class NodesOutput(BaseModel):
    """Nodes in trouble first."""

    context: str
    server_version: str
    summary: str
    nodes: tuple[NodeHealth, ...]
    left_out: int = 0
    unseen: tuple[str, ...] = ()


class KubernetesNodes(OnClusters, Tool[NodesArgs, NodesOutput]):
    """Conditions, taints, cordons, versions, and requests against what is allocatable."""

    name = "kubernetes_nodes"
    summary = "Node health: conditions, taints, cordoned, version skew, pods, requested of allocatable."
    Args = NodesArgs
    Output = NodesOutput

    async def run(self, args: NodesArgs, scope: Scope) -> NodesOutput:
        cluster = await self._clusters.cluster(scope.context)
        looking = Looking(cluster)
        nodes = await looking.objects("nodes", labels=args.labels)
        if args.name:
            nodes = [node for node in nodes if text(node, "metadata", "name") == args.name]
            if not nodes and not looking.blind("nodes"):
                raise NotFound(f"There is no node {args.name} on {cluster.context}.")
        pods = [pod for pod in await looking.objects("pods") if takes_room(pod)]
        version = await _server_version(looking)
        by_node: dict[str, list[Json]] = {}
        for pod in pods:
            by_node.setdefault(text(pod, "spec", "nodeName"), []).append(pod)
        seen = not looking.blind("pods")
        found = [
            _health(node, by_node.get(text(node, "metadata", "name"), []) if seen else None, version)
            for node in nodes
        ]
        found.sort(key=lambda entry: (not entry.problems, entry.name))
        return NodesOutput(
            context=cluster.context,
            server_version=version,
            summary=_summary(found),
            nodes=tuple(found[: args.limit]),
            left_out=max(0, len(found) - args.limit),
            unseen=tuple(looking.unseen),
        )


async def _server_version(looking: Looking) -> str:
    try:
        found = await looking.patiently(lambda: looking.cluster.json("GET", "/version"))
        return plain(text(found, "gitVersion"))
    except ToolError as error:
        looking.unseen.append(f"the server's version: {error.message}")
        return ""


def _health(node: Json, pods: list[Json] | None, server: str) -> NodeHealth:
    version = text(node, "status", "nodeInfo", "kubeletVersion")
    labels = strings(node, "metadata", "labels")
    room = _room(node, pods or []) if pods is not None else []
    ready = text(condition(node, "Ready"), "status") == "True"
    odd = [
        plain(
            f"{text(entry, 'type')} {text(entry, 'status')}: {text(entry, 'reason')}, {text(entry, 'message')}"
        )
        for entry in mappings(node, "status", "conditions")
        if (text(entry, "status") == "True") != (text(entry, "type") == "Ready")
    ]
    cordoned = mapping(node, "spec").get("unschedulable") is True
    problems = list(odd)
    if not condition(node, "Ready"):
        problems.append("its kubelet has never reported")
    if cordoned:
        problems.append("cordoned: no new pods are placed on it")
    problems += [f"{entry.resource} is nearly used up: {entry.requested} of {entry.allocatable} requested"
                 for entry in room if (entry.percent or 0) >= _FULL]  # fmt: skip
    if skew := _skew(version, server):
        problems.append(skew)
    if text(node, "metadata", "deletionTimestamp"):
        problems.append("it is being deleted")
    return NodeHealth(
        name=text(node, "metadata", "name"),
        ready=ready,
        cordoned=cordoned,
        roles=tuple(sorted(key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE))),
        zone=plain(labels.get("topology.kubernetes.io/zone", "")),
        version=plain(version),
        taints=tuple(plain(taint_words(taint)) for taint in mappings(node, "spec", "taints")),
        pods=None if pods is None else len(pods),
        room=tuple(room),
        conditions=tuple(odd),
        problems=tuple(problems),
    )


def taint_words(taint: Json) -> str:
    """`key=value:Effect`, as `kubectl taint` writes it."""
    value = text(taint, "value")
    return f"{text(taint, 'key')}{f'={value}' if value else ''}:{text(taint, 'effect')}"


def _room(node: Json, pods: list[Json]) -> list[Room]:
    allocatable = amounts(mapping(node, "status", "allocatable"))
    requested = summed(pod_amounts(pod, "requests") for pod in pods)
    found = []
    for resource in ("cpu", "memory", *sorted(requested.keys() - {"cpu", "memory"})):
        has, asked = allocatable.get(resource), requested.get(resource)
        if has is None and asked is None:
            continue
        found.append(
            Room(
                resource=resource,
                allocatable=said(resource, has) if has is not None else "0",
                requested=said(resource, asked) if asked is not None else "0",
                percent=percent(asked, has) if asked is not None else 0,
            )
        )
    if slots := allocatable.get("pods"):
        found.append(
            Room(
                resource="pods",
                allocatable=said("pods", slots),
                requested=str(len(pods)),
                percent=round(100 * len(pods) / slots),
            )
        )
    return found


def _skew(kubelet: str, server: str) -> str:
    numbers = [re.match(r"v?(\d+)\.(\d+)", version) for version in (kubelet, server)]
    if numbers[0] is None or numbers[1] is None:
        return ""
    behind = int(numbers[1][2]) - int(numbers[0][2])
    if behind < 0:
        return f"its kubelet {kubelet} is newer than the API server {server}, which is not supported"
    if behind > _SKEW:
        return f"its kubelet {kubelet} is {behind} minor versions behind the API server {server}"
    return ""


def _summary(nodes: list[NodeHealth]) -> str:
    ready, cordoned = sum(node.ready for node in nodes), sum(node.cordoned for node in nodes)
    versions = Counter(node.version for node in nodes)
    listed = ", ".join(f"{count} × {version}" for version, count in sorted(versions.items()) if version)
    return f"{ready} of {len(nodes)} nodes ready, {cordoned} cordoned{f'; kubelets: {listed}' if listed else ''}."
