"""kubernetes_describe: an object with everything around it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pydantic import BaseModel, JsonValue

from tools.errors import Invalid, ToolError
from tools.kubernetes.fields import Json, mapping, mappings, number, text
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.objects import readable
from tools.kubernetes.owned_objects import owned_objects
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.events import Happening, read_events
from tools.kubernetes.rollout import owned_by, pod_trouble, pods_of, replica_sets_of, revision
from tools.kubernetes.standing import standing
from tools.tool import Arguments, Name, OptionalNamespace, Scope, Tool

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

_MOST_EVENTS = 20
_MOST_OWNED = 50
_LONGEST_CHAIN = 5


class DescribeArgs(Arguments):
    kind: Kind
    name: Name
    namespace: OptionalNamespace = ""


class Condition(BaseModel):
    type: str
    status: str
    reason: str = ""
    message: str = ""


class ContainerState(BaseModel):
    """One container now, and how its last instance ended."""

    pod: str
    container: str
    image: str
    ready: bool
    restarts: int
    state: str
    last: str = ""


class DescribeOutput(BaseModel):
    """The object without its status, and what belongs to it."""

    target: str
    context: str
    object: dict[str, JsonValue]
    status: dict[str, JsonValue]
    conditions: tuple[Condition, ...]
    owners: tuple[str, ...]
    """From the direct owner upwards."""
    owned: tuple[str, ...]
    containers: tuple[ContainerState, ...]
    events: tuple[Happening, ...]


class KubernetesDescribe(OnClusters, Tool[DescribeArgs, DescribeOutput]):
    """One object with conditions, owners, what it owns, container states and events."""

    name = "kubernetes_describe"
    summary = "Describe one object: fields, conditions, owners, owned objects, container states, events."
    Args = DescribeArgs
    Output = DescribeOutput

    async def run(self, args: DescribeArgs, scope: Scope) -> DescribeOutput:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        if target.kind.resource == "secrets":
            raise Invalid(
                "A Secret is not described: its values would travel.", hint="kubernetes_get shows it safely."
            )
        current = await target.read()
        owners, owned, events = await asyncio.gather(
            owner_chain(target.cluster, current), _owned(target, current), _events(target, current)
        )
        pods = [current] if target.kind.resource == "pods" else [pod for pod in owned if _is_pod(pod)]
        shown = readable(current)
        status = mapping(shown, "status")
        return DescribeOutput(
            target=str(target),
            context=target.cluster.context,
            object={key: entry for key, entry in shown.items() if key != "status"},
            status={
                key: entry for key, entry in status.items() if key not in ("conditions", "containerStatuses")
            },
            conditions=tuple(
                Condition(
                    type=text(entry, "type"),
                    status=text(entry, "status"),
                    reason=text(entry, "reason"),
                    message=plain(text(entry, "message")),
                )
                for entry in mappings(status, "conditions")
            ),
            owners=owners,
            owned=tuple(_line(entry) for entry in owned[:_MOST_OWNED]),
            containers=tuple(state for pod in pods[:_MOST_OWNED] for state in container_states(pod)),
            events=tuple(events[:_MOST_EVENTS]),
        )


async def owner_chain(cluster: Cluster, obj: Json) -> tuple[str, ...]:
    """`replicaset/web-1`, `deployment/web`: who owns the object, and who owns that."""
    chain: list[str] = []
    namespace = text(obj, "metadata", "namespace")
    while len(chain) < _LONGEST_CHAIN:
        owners = mappings(obj, "metadata", "ownerReferences")
        owner = next(
            (entry for entry in owners if entry.get("controller") is True), owners[0] if owners else None
        )
        if owner is None:
            break
        chain.append(f"{text(owner, 'kind').lower()}/{text(owner, 'name')}")
        try:
            kind = await cluster.kinds.by_kind(text(owner, "apiVersion"), text(owner, "kind"))
            obj = await cluster.json("GET", kind.path(namespace, text(owner, "name")))
        except ToolError:
            break
    return tuple(chain)


def container_states(pod: Json) -> list[ContainerState]:
    """The state of every container of a pod, init containers first."""
    name = text(pod, "metadata", "name")
    statuses = mappings(pod, "status", "initContainerStatuses") + mappings(pod, "status", "containerStatuses")
    return [
        ContainerState(
            pod=name,
            container=text(entry, "name"),
            image=text(entry, "image"),
            ready=entry.get("ready") is True,
            restarts=number(entry, "restartCount"),
            state=_state(mapping(entry, "state")),
            last=_state(mapping(entry, "lastState")),
        )
        for entry in statuses
    ]


def _state(state: Json) -> str:
    if waiting := mapping(state, "waiting"):
        message = text(waiting, "message")
        return plain(f"waiting: {text(waiting, 'reason')}{f' ({message})' if message else ''}")
    if ended := mapping(state, "terminated"):
        message = text(ended, "message").strip()
        words = f"ended: {text(ended, 'reason')}, exit code {number(ended, 'exitCode')}"
        return plain(f"{words}, at {text(ended, 'finishedAt')}{f' ({message})' if message else ''}")
    if "running" in state:
        return f"running since {text(state, 'running', 'startedAt')}"
    return ""


async def _owned(target: Target, current: Json) -> list[Json]:
    kind = target.kind.native
    if kind == "Deployment":
        sets = [{**entry, "kind": "ReplicaSet"} for entry in await replica_sets_of(target.cluster, current)]
        return sets + await _pods(target, current)
    if kind in ("ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"):
        uid = text(current, "metadata", "uid")
        return [pod for pod in await _pods(target, current) if owned_by(pod, uid)]
    if kind == "CronJob":
        uid = text(current, "metadata", "uid")
        jobs = await target.cluster.json("GET", f"/apis/batch/v1/namespaces/{target.namespace}/jobs")
        return [{**entry, "kind": "Job"} for entry in mappings(jobs, "items") if owned_by(entry, uid)]
    if target.kind.custom:
        return (await owned_objects(target, current))[0]
    return []


async def _pods(target: Target, current: Json) -> list[Json]:
    return [{**pod, "kind": "Pod"} for pod in await pods_of(target.cluster, current)]


async def _events(target: Target, current: Json) -> list[Happening]:
    try:
        return await read_events(
            target.cluster, target.namespace, kind=target.kind.kind, name=text(current, "metadata", "name")
        )
    except ToolError:  # an object can be described where its events may not be read
        return []


def _is_pod(obj: Json) -> bool:
    return text(obj, "kind") == "Pod"


def _line(obj: Json) -> str:
    name = f"{text(obj, 'kind').lower()}/{text(obj, 'metadata', 'name')}"
    if _is_pod(obj):
        ready = (
            all(state.ready for state in container_states(obj)) and text(obj, "status", "phase") == "Running"
        )
        return f"{name}: {'ready' if ready else pod_trouble(obj)[0]}"
    if text(obj, "kind") == "ReplicaSet":
        wanted, there = number(obj, "spec", "replicas"), number(obj, "status", "readyReplicas")
        return f"{name}: revision {revision(obj)}, {there} of {wanted} ready"
    words, _ = standing(obj)
    return f"{name}: {words}" if words else name
