"""Finds workloads by the words an operator uses: a bare name, an environment, a namespace."""

from __future__ import annotations

import asyncio
import difflib
import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, JsonValue

from tools.errors import Forbidden, NotFound
from tools.kubernetes.fields import Json, mappings, number, strings, text
from tools.tool import Arguments, OptionalNamespace, Scope, Tool

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster
    from tools.kubernetes.connection.clusters import Clusters

ENVIRONMENT_LABELS = ("environment", "env", "app.kubernetes.io/environment")
"""Labels, of the workload or else of its namespace, that name an environment."""

SYNONYMS = {
    "dev": "development",
    "prod": "production",
    "prd": "production",
    "live": "production",
    "stage": "staging",
    "stg": "staging",
}

_SCALABLE = ("deployments", "statefulsets")


class Workload(BaseModel):
    """A Deployment or StatefulSet and where it stands. `replicas` are asked for, `ready` are there."""

    context: str
    kind: str
    namespace: str
    name: str
    environment: str
    replicas: int
    ready: int
    images: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()


class FindWorkloadsArgs(Arguments):
    name: str = Field(
        "", max_length=253, pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", description="Exact name."
    )
    environment: str = Field(
        "", max_length=63, pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$",
        description="Environment label, or a namespace that carries the word in its name.",
    )  # fmt: skip
    namespace: OptionalNamespace = ""


class FoundWorkloads(BaseModel):
    workloads: tuple[Workload, ...]
    namespaces: tuple[str, ...] = Field((), description="The namespaces that were looked through.")


class FindWorkloads(Tool[FindWorkloadsArgs, FoundWorkloads]):
    """Looks through one namespace, or through all that belong to an environment."""

    name = "kubernetes_find_workloads"
    summary = "Find Deployments and StatefulSets by exact name, environment (dev, staging, …) or namespace."
    Args = FindWorkloadsArgs
    Output = FoundWorkloads

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def run(self, args: FindWorkloadsArgs, scope: Scope) -> FoundWorkloads:
        cluster = await self._clusters.cluster(scope.context)
        spaces = await _environments(cluster)
        places: tuple[str, ...] = ("",)
        if args.namespace:
            if args.namespace not in spaces:
                near = difflib.get_close_matches(args.namespace, spaces, n=3)
                raise NotFound(
                    f"There is no namespace {args.namespace} in {cluster.context}.", near=tuple(near)
                )
            places = (args.namespace,)
        elif args.environment:
            places = belonging(spaces, args.environment)
        lists = await asyncio.gather(
            *(_listed(cluster, plural, place, args.name) for plural in _SCALABLE for place in places)
        )
        found = [_workload(cluster.context, obj, spaces) for objects in lists for obj in objects]
        if args.environment and not places:
            found = [item for item in await self._everywhere(cluster, args.name, spaces)
                     if same_environment(item.environment, args.environment)]  # fmt: skip
            if not found:
                known = sorted({name for name in spaces.values() if name} | set(spaces))
                near = difflib.get_close_matches(args.environment, known, n=3)
                raise NotFound(
                    f"No environment or namespace called {args.environment} in {cluster.context}.",
                    near=tuple(near),
                    hint="" if near else f"There are: {', '.join(known[:12])}.",
                )
        if args.name and not found:
            await self._suggest(cluster, args.name)
        found.sort(key=lambda item: (item.namespace, item.kind, item.name))
        return FoundWorkloads(workloads=tuple(found), namespaces=tuple(place for place in places if place))

    async def _everywhere(self, cluster: Cluster, name: str, spaces: dict[str, str]) -> list[Workload]:
        lists = await asyncio.gather(*(_listed(cluster, plural, "", name) for plural in _SCALABLE))
        return [_workload(cluster.context, obj, spaces) for objects in lists for obj in objects]

    async def _suggest(self, cluster: Cluster, name: str) -> None:
        """Raise nothing when there is nothing near: an empty result is an answer too."""
        lists = await asyncio.gather(*(_names(cluster, plural) for plural in _SCALABLE))
        near = difflib.get_close_matches(
            name, sorted({item for names in lists for item in names}), n=3, cutoff=0.6
        )
        if near:
            raise NotFound(f"There is no workload called {name} in {cluster.context}.", near=tuple(near))


def belonging(spaces: dict[str, str], environment: str) -> tuple[str, ...]:
    """The namespaces an environment's name means: the one of that very name, those whose label says
    so, or where no label does, those with the word in their name.

    Args:
        spaces: environment label by namespace, empty where there is none.
    """
    if environment in spaces:
        return (environment,)
    labelled = [name for name, label in spaces.items() if same_environment(label, environment)]
    if labelled:
        return tuple(sorted(labelled))
    return tuple(
        sorted(
            name
            for name, label in spaces.items()
            if not label
            and any(
                same_environment(word, environment) for word in [name, *name.replace("_", "-").split("-")]
            )
        )
    )


def same_environment(one: str, other: str) -> bool:
    return bool(one) and _plain(one) == _plain(other)


def _plain(environment: str) -> str:
    word = environment.lower()
    return SYNONYMS.get(word, word)


async def _environments(cluster: Cluster) -> dict[str, str]:
    """Environment by namespace. Where namespaces may not be listed, none are known."""
    try:
        listed = await cluster.json("GET", "/api/v1/namespaces")
    except Forbidden:
        return {}
    return {text(item, "metadata", "name"): environment(item) for item in mappings(listed, "items")}


def environment(obj: JsonValue) -> str:
    """The environment an object's own labels name, or nothing."""
    labels = strings(obj, "metadata", "labels")
    return next((labels[key] for key in ENVIRONMENT_LABELS if key in labels), "")


async def _listed(cluster: Cluster, plural: str, namespace: str, name: str) -> list[Json]:
    where = f"/apis/apps/v1/namespaces/{namespace}/{plural}" if namespace else f"/apis/apps/v1/{plural}"
    query = {"fieldSelector": f"metadata.name={name}"} if name else {"limit": 500}
    listed = await cluster.json("GET", where, query=query)
    kind = {"deployments": "Deployment", "statefulsets": "StatefulSet"}[plural]
    return [{**item, "kind": kind} for item in mappings(listed, "items")]


async def _names(cluster: Cluster, plural: str) -> list[str]:
    table = await cluster.request(
        "GET",
        f"/apis/apps/v1/{plural}",
        query={"includeObject": "None"},
        accept="application/json;as=Table;v=v1;g=meta.k8s.io",
    )
    return [str(row["cells"][0]) for row in json.loads(table).get("rows") or []]


def _workload(context: str, obj: Json, spaces: dict[str, str]) -> Workload:
    namespace = text(obj, "metadata", "namespace")
    containers = mappings(obj, "spec", "template", "spec", "containers")
    return Workload(
        context=context,
        kind=text(obj, "kind"),
        namespace=namespace,
        name=text(obj, "metadata", "name"),
        environment=environment(obj) or spaces.get(namespace, ""),
        replicas=number(obj, "spec", "replicas", default=1),
        ready=number(obj, "status", "readyReplicas"),
        images=tuple(text(item, "image") for item in containers),
        containers=tuple(text(item, "name") for item in containers),
    )
