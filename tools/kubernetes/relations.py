"""What belongs to an object: who owns it, what it owns, what leads to it, what it uses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tools.errors import NotFound, ToolError
from tools.kubernetes.fields import Json, mapping, mappings, number, strings, text
from tools.kubernetes.named_objects import named_by_custom, named_objects
from tools.kubernetes.owned_objects import owned_objects
from tools.kubernetes.rollout import owned_by, pods_of, replica_sets_of
from tools.kubernetes.standing import standing

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster
    from tools.kubernetes.finding import Target

MOST_OF_A_KIND = 100
_LONGEST_CHAIN = 5
_PAGE = 500


class Relation(StrEnum):
    """How an object stands to the one that is looked at. The order is that of the screen."""

    OWNER = "owned by"
    OWNED = "owns"
    LEADS_HERE = "leads here"
    SERVES = "leads to"
    SCALES = "scaled by"
    RUNS_ON = "runs on"
    USES = "uses"


@dataclass(frozen=True, slots=True)
class Related:
    """One object nearby. `kind` can be resolved (`deployment`, `widgets.example.com`)."""

    relation: Relation
    kind: str
    name: str
    namespace: str = ""
    words: str = ""
    """How it is doing, or how it hangs together, in a few words."""
    healthy: bool = True


@dataclass(frozen=True, slots=True)
class Relations:
    """What was found, and a sentence for everything that could not be looked through."""

    found: tuple[Related, ...]
    troubles: tuple[str, ...] = ()


async def relations_of(target: Target, obj: Json) -> Relations:
    """Everything that belongs to an object, one kind of relation after the other.

    Args:
        target: where it is.
        obj: the object as the server gave it.

    A part that cannot be read becomes a sentence; nothing is raised.
    """
    cluster = target.cluster
    looks: list[Callable[[], Awaitable[list[Related]]]] = [
        lambda: _owners(cluster, obj),
        lambda: _owned(target, obj),
        lambda: _routes(target, obj),
        lambda: _scalers(target, obj),
    ]
    troubles: list[str] = []
    if target.kind.custom:
        looks.append(lambda: _made_for(target, obj, troubles))
    results = await asyncio.gather(*(look() for look in looks), return_exceptions=True)
    found: list[Related] = []
    for result in results:
        if isinstance(result, ToolError):
            troubles.append(str(result))
        elif isinstance(result, BaseException):
            raise result
        else:
            found += result
    found += [
        Related(Relation.RUNS_ON if kind == "node" else Relation.USES, kind, name, where, words)
        for kind, name, where, words in (
            named_by_custom(obj) if target.kind.custom else named_objects(target.kind.kind, obj)
        )
    ]
    order = list(Relation)
    found.sort(key=lambda entry: order.index(entry.relation))
    return Relations(tuple(found), tuple(dict.fromkeys(troubles)))


# --- owners and owned ------------------------------------------------------------------------------


async def _owners(cluster: Cluster, obj: Json) -> list[Related]:
    """From the direct owner upwards; one that is gone or may not be read ends the chain."""
    chain: list[Related] = []
    namespace = text(obj, "metadata", "namespace")
    while len(chain) < _LONGEST_CHAIN:
        owners = mappings(obj, "metadata", "ownerReferences")
        if not owners:
            break
        owner = next((entry for entry in owners if entry.get("controller") is True), owners[0])
        name = text(owner, "name")
        try:
            kind = await cluster.kinds.by_kind(text(owner, "apiVersion"), text(owner, "kind"))
            where = namespace if kind.namespaced else ""
            obj = await cluster.json("GET", kind.path(where, name))
        except NotFound:
            words = "is gone"
            chain.append(Related(Relation.OWNER, text(owner, "kind").lower(), name, namespace, words, False))
            break
        words, healthy = standing({**obj, "kind": kind.kind})
        chain.append(Related(Relation.OWNER, cluster.kinds.spelling(kind), name, where, words, healthy))
    return chain


async def _owned(target: Target, obj: Json) -> list[Related]:
    cluster, uid = target.cluster, text(obj, "metadata", "uid")
    match target.kind.native:
        case "Deployment":
            sets, pods = await asyncio.gather(replica_sets_of(cluster, obj), pods_of(cluster, obj))
            uids = [text(entry, "metadata", "uid") for entry in sets]
            pods = [pod for pod in pods if any(owned_by(pod, mine) for mine in uids)]
            return [*_each("ReplicaSet", sets), *_each("Pod", pods)]
        case "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job":
            return _each("Pod", [pod for pod in await pods_of(cluster, obj) if owned_by(pod, uid)])
        case "CronJob":
            path = f"/apis/batch/v1/namespaces/{target.namespace}/jobs"
            jobs = mappings(await cluster.json("GET", path, query={"limit": _PAGE}), "items")
            return _each("Job", [job for job in jobs if owned_by(job, uid)])
        case "Node":
            query: dict[str, str | int] = {"fieldSelector": f"spec.nodeName={target.name}", "limit": _PAGE}
            pods = mappings(await cluster.json("GET", "/api/v1/pods", query=query), "items")
            return _each("Pod", pods, Relation.OWNED, "runs here")
    return []


async def _made_for(target: Target, obj: Json, troubles: list[str]) -> list[Related]:
    """What an operator made for a custom resource."""
    owned, unseen = await owned_objects(target, obj)
    troubles += unseen
    found = []
    for entry in owned[:MOST_OF_A_KIND]:
        kind = await target.cluster.kinds.by_kind(text(entry, "apiVersion"), text(entry, "kind"))
        name, where = text(entry, "metadata", "name"), text(entry, "metadata", "namespace")
        found.append(
            Related(Relation.OWNED, target.cluster.kinds.spelling(kind), name, where, *standing(entry))
        )
    return sorted(found, key=lambda entry: entry.healthy)


def _each(
    kind: str, objects: list[Json], relation: Relation = Relation.OWNED, note: str = ""
) -> list[Related]:
    """Those in trouble first."""
    made = []
    for obj in objects[:_PAGE]:
        words, healthy = standing({**obj, "kind": kind})
        where = text(obj, "metadata", "namespace")
        words = ", ".join(part for part in (note, words) if part)
        made.append(Related(relation, kind.lower(), text(obj, "metadata", "name"), where, words, healthy))
    return sorted(made, key=lambda entry: entry.healthy)[:MOST_OF_A_KIND]


# --- the way traffic takes --------------------------------------------------------------------------


async def _routes(target: Target, obj: Json) -> list[Related]:
    """Services that choose the object's pods, and the ingresses that lead to them."""
    match target.kind.native:
        case "Service":
            ingresses = await _listed(target, "/apis/networking.k8s.io/v1", "ingresses")
            found = list(_leading(ingresses, {target.name}))
            selector = mapping(obj, "spec", "selector")
            if selector:
                chosen: Json = {**obj, "spec": {"selector": {"matchLabels": selector}}}
                found += _each("Pod", await pods_of(target.cluster, chosen), Relation.SERVES)
            return found
        case "Ingress":
            return [
                Related(Relation.SERVES, "service", service, target.namespace, words)
                for service, words in _backends(obj)
            ]
    labels = _pod_labels(target.kind.native, obj)
    if not labels:
        return []
    services, ingresses = await asyncio.gather(
        _listed(target, "/api/v1", "services"), _listed(target, "/apis/networking.k8s.io/v1", "ingresses")
    )
    mine = [entry for entry in services if _selects(strings(entry, "spec", "selector"), labels)]
    names = {text(entry, "metadata", "name") for entry in mine}
    return [
        *(
            Related(
                Relation.LEADS_HERE,
                "service",
                text(entry, "metadata", "name"),
                target.namespace,
                _ports(entry),
            )
            for entry in mine
        ),
        *_leading(ingresses, names),
    ]


def _leading(ingresses: list[Json], services: set[str]) -> Iterator[Related]:
    for ingress in ingresses:
        ways = [f"{words} → {service}" for service, words in _backends(ingress) if service in services]
        if ways:
            name, where = text(ingress, "metadata", "name"), text(ingress, "metadata", "namespace")
            yield Related(Relation.LEADS_HERE, "ingress", name, where, ", ".join(ways))


def _backends(ingress: Json) -> list[tuple[str, str]]:
    """(service, host and path) of every rule; the default backend is `everything else`."""
    found = []
    for rule in mappings(ingress, "spec", "rules"):
        for path in mappings(rule, "http", "paths"):
            service = text(path, "backend", "service", "name")
            if service:
                found.append((service, f"{text(rule, 'host') or '*'}{text(path, 'path') or '/'}"))
    if service := text(ingress, "spec", "defaultBackend", "service", "name"):
        found.append((service, "everything else"))
    return list(dict.fromkeys(found))


def _pod_labels(kind: str, obj: Json) -> dict[str, str]:
    if kind == "Pod":
        return strings(obj, "metadata", "labels")
    if kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        return strings(obj, "spec", "template", "metadata", "labels")
    return {}


def _selects(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return bool(selector) and all(labels.get(key) == entry for key, entry in selector.items())


def _ports(service: Json) -> str:
    ports = [
        f"{text(port, 'port')}→{text(port, 'targetPort')}" for port in mappings(service, "spec", "ports")
    ]
    return ", ".join([text(service, "spec", "type") or "ClusterIP", *ports])


async def _scalers(target: Target, obj: Json) -> list[Related]:
    if target.kind.native == "HorizontalPodAutoscaler":
        chosen = mapping(obj, "spec", "scaleTargetRef")
        return [
            Related(Relation.SERVES, text(chosen, "kind").lower(), text(chosen, "name"), target.namespace)
        ]
    if target.kind.native not in ("Deployment", "StatefulSet", "ReplicaSet"):
        return []
    found = await _listed(target, "/apis/autoscaling/v2", "horizontalpodautoscalers")
    return [
        Related(
            Relation.SCALES, "horizontalpodautoscaler", text(entry, "metadata", "name"), target.namespace,
            f"{number(entry, 'spec', 'minReplicas', default=1)} to {number(entry, 'spec', 'maxReplicas')}, "
            f"now {number(entry, 'status', 'currentReplicas')}",
        )
        for entry in found
        if text(entry, "spec", "scaleTargetRef", "kind") == target.kind.kind
        and text(entry, "spec", "scaleTargetRef", "name") == target.name
    ]  # fmt: skip


async def _listed(target: Target, group: str, plural: str) -> list[Json]:
    path = f"{group}/namespaces/{target.namespace}/{plural}"
    return mappings(await target.cluster.json("GET", path, query={"limit": _PAGE}), "items")
