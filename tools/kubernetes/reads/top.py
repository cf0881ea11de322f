"""kubernetes_top: what pods or nodes use, beside what they ask for and may use."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from tools.errors import Invalid, NotFound
from tools.kubernetes.fields import Json, mapping, mappings, text, value
from tools.kubernetes.finding import Kind, OnClusters, Selector, Target, working_namespace
from tools.kubernetes.pod_resources import Amounts, amounts, pod_amounts, summed, takes_room
from tools.kubernetes.quantity import percent, said
from tools.kubernetes.reads.looking import Looking
from tools.kubernetes.rollout import selector_text
from tools.tool import Arguments, OptionalNamespace, Scope, Tool

NO_METRICS = (
    "This cluster has no metrics API (metrics.k8s.io; the metrics server is not installed),"
    " so only requests and limits are shown."
)
BLIND_METRICS = "The metrics API could not be read, so only requests and limits are shown."
_NODE_METRICS, _POD_METRICS = "nodes.metrics.k8s.io", "pods.metrics.k8s.io"


class TopArgs(Arguments):
    kind: Annotated[Kind, Field(description="pods, nodes, or the kind of the workload named.")] = "pods"
    name: Annotated[
        str,
        Field(
            max_length=253,
            pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
            description="One pod, node or workload; empty for all.",
        ),
    ] = ""
    labels: Selector = ""
    namespace: OptionalNamespace = ""
    all_namespaces: bool = False
    sort: Literal["cpu", "memory"] = "cpu"
    limit: Annotated[int, Field(ge=1, le=1000, description="Rows at most, the greatest users first.")] = 50


class Use(BaseModel):
    """One resource of one pod or node, in the words of quantities (`250m`, `1.5Gi`); empty for unknown or none.

    For a node, `requests` and `limits` are the sums of its pods.
    """

    used: str = ""
    requests: str = ""
    limits: str = ""
    allocatable: str = ""
    used_of_requests: int | None = None
    """Percent; as all of these."""
    used_of_limits: int | None = None
    used_of_allocatable: int | None = None
    requests_of_allocatable: int | None = None


class TopRow(BaseModel):
    name: str
    namespace: str = ""
    node: str = ""
    pods: int | None = None
    """On a node: pods that have not ended."""
    cpu: Use
    memory: Use


class TopOutput(BaseModel):
    context: str
    namespace: str
    metrics: str
    """Empty when use was measured; else a sentence why it is not shown."""
    rows: tuple[TopRow, ...]
    total: TopRow | None
    left_out: int = 0
    unseen: tuple[str, ...] = ()


class KubernetesTop(OnClusters, Tool[TopArgs, TopOutput]):
    """Use from metrics.k8s.io where there is one; requests and limits always."""

    name = "kubernetes_top"
    summary = (
        "CPU and memory of pods (of a namespace or workload) or of nodes: used, requested, limits, percent."
    )
    Args = TopArgs
    Output = TopOutput

    async def run(self, args: TopArgs, scope: Scope) -> TopOutput:
        cluster = await self._clusters.cluster(scope.context)
        looking = Looking(cluster)
        known = await cluster.kinds.resolve(args.kind)
        if known.plural == "nodes":
            namespace = ""
            measured = await looking.objects(_NODE_METRICS, labels=args.labels)
            everyone = await _nodes(looking, args, measured)
        else:
            namespace = (
                "" if args.all_namespaces and not args.name else working_namespace(args.namespace, scope)
            )
            pods = await self._pods(looking, args, namespace, scope)
            measured = await looking.objects(_POD_METRICS, namespace, labels=args.labels)
            everyone = _pod_measures(pods, measured)
        everyone.sort(key=lambda entry: entry.greatness(args.sort), reverse=True)
        rows = tuple(entry.row() for entry in everyone)
        return TopOutput(
            context=cluster.context,
            namespace=namespace,
            metrics=await _why_unmeasured(
                looking, _NODE_METRICS if known.plural == "nodes" else _POD_METRICS
            ),
            rows=rows[: args.limit],
            total=_total(everyone).row() if len(everyone) > 1 else None,
            left_out=max(0, len(rows) - args.limit),
            unseen=tuple(looking.unseen),
        )

    async def _pods(self, looking: Looking, args: TopArgs, namespace: str, scope: Scope) -> list[Json]:
        if not args.name:
            if (await looking.cluster.kinds.resolve(args.kind)).plural != "pods":
                raise Invalid(f"Which {args.kind} is meant?", hint="Give its name, or ask for pods or nodes.")
            return [
                pod for pod in await looking.objects("pods", namespace, labels=args.labels) if takes_room(pod)
            ]
        target: Target = await self.target(args.kind, args.name, args.namespace, scope)
        current = await target.read()
        if target.kind.resource == "pods":
            return [current]
        if not isinstance(value(current, "spec", "selector"), dict):
            raise Invalid(f"{target} has no pods whose use could be shown.")
        selector = selector_text(value(current, "spec", "selector"))
        return [pod for pod in await looking.objects("pods", namespace, labels=selector) if takes_room(pod)]


class _Measure:
    """One pod or node: what it uses (None when unknown), asks for, may use, and has."""

    def __init__(
        self,
        name: str,
        used: Amounts | None,
        requests: Amounts,
        limits: Amounts,
        *,
        namespace: str = "",
        node: str = "",
        pods: int | None = None,
        allocatable: Amounts | None = None,
    ) -> None:
        self.name, self.namespace, self.node, self.pods = name, namespace, node, pods
        self.used, self.requests, self.limits = used, requests, limits
        self.allocatable = allocatable or {}

    def greatness(self, resource: str) -> tuple[Decimal, Decimal]:
        nothing = Decimal(0)
        return (self.used or {}).get(resource, nothing), self.requests.get(resource, nothing)

    def row(self) -> TopRow:
        return TopRow(
            name=self.name,
            namespace=self.namespace,
            node=self.node,
            pods=self.pods,
            cpu=self._use("cpu"),
            memory=self._use("memory"),
        )

    def _use(self, resource: str) -> Use:
        sides = ((self.used or {}), self.requests, self.limits, self.allocatable)
        used, requests, limits, allocatable = (side.get(resource) for side in sides)
        words = [
            "" if found is None else said(resource, found) for found in (used, requests, limits, allocatable)
        ]
        return Use(
            used=words[0],
            requests=words[1],
            limits=words[2],
            allocatable=words[3],
            used_of_requests=percent(used, requests),
            used_of_limits=percent(used, limits),
            used_of_allocatable=percent(used, allocatable),
            requests_of_allocatable=percent(requests, allocatable),
        )


def _pod_measures(pods: list[Json], measured: list[Json]) -> list[_Measure]:
    used = {
        _place(entry): summed(amounts(mapping(part, "usage")) for part in mappings(entry, "containers"))
        for entry in measured
    }
    return [
        _Measure(
            text(pod, "metadata", "name"),
            used.get(_place(pod)),
            pod_amounts(pod, "requests"),
            pod_amounts(pod, "limits"),
            namespace=text(pod, "metadata", "namespace"),
            node=text(pod, "spec", "nodeName"),
        )
        for pod in pods
    ]


async def _nodes(looking: Looking, args: TopArgs, measured: list[Json]) -> list[_Measure]:
    nodes = await looking.objects("nodes", labels=args.labels)
    if args.name:
        nodes = [node for node in nodes if text(node, "metadata", "name") == args.name]
        if not nodes and not looking.blind("nodes"):
            raise NotFound(f"There is no node {args.name} on {looking.cluster.context}.")
    used = {text(entry, "metadata", "name"): amounts(mapping(entry, "usage")) for entry in measured}
    pods = [pod for pod in await looking.objects("pods") if takes_room(pod)]
    found = []
    for node in nodes:
        name = text(node, "metadata", "name")
        there = [pod for pod in pods if text(pod, "spec", "nodeName") == name]
        seen = not looking.blind("pods")
        found.append(
            _Measure(
                name,
                used.get(name),
                summed(pod_amounts(pod, "requests") for pod in there),
                summed(pod_amounts(pod, "limits") for pod in there),
                pods=len(there) if seen else None,
                allocatable=amounts(mapping(node, "status", "allocatable")),
            )
        )
    return found


def _total(everyone: list[_Measure]) -> _Measure:
    counted = [entry.pods for entry in everyone if entry.pods is not None]
    measured = [entry.used for entry in everyone if entry.used is not None]
    return _Measure(
        "total",
        summed(measured) if measured else None,
        summed(entry.requests for entry in everyone),
        summed(entry.limits for entry in everyone),
        pods=sum(counted) if counted else None,
        allocatable=summed(entry.allocatable for entry in everyone),
    )


async def _why_unmeasured(looking: Looking, resource: str) -> str:
    if await looking.kind(resource) is None:
        return NO_METRICS
    return BLIND_METRICS if looking.blind(resource) else ""


def _place(obj: Json) -> tuple[str, str]:
    return text(obj, "metadata", "namespace"), text(obj, "metadata", "name")
