"""kubernetes_delete: one object, and what depends on it."""

from __future__ import annotations

import asyncio
from typing import Literal

from tools.errors import NotFound, ToolError
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.fields import Json, mapping, mappings, text
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.live.tables import read_table
from tools.kubernetes.objects import manifest_of
from tools.kubernetes.owned_objects import owned_objects
from tools.kubernetes.rollout import pods_of, replica_sets_of
from tools.kubernetes.writes.writing import (
    JSON,
    Written,
    content_sent,
    perform,
    preview_of,
    refuse_secret,
    rehearse_deletion,
    seen_and_rehearsed,
)
from tools.tool import (
    Arguments,
    Call,
    Change,
    Effect,
    Name,
    Observation,
    OptionalNamespace,
    Preview,
    Scope,
    Verdict,
    WriteTool,
)

REBUILDABLE = frozenset(
    {
        "ConfigMap",
        "CronJob",
        "DaemonSet",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "StatefulSet",
    }
)
"""Kinds whose manifest is all there is to them: applied again, they are as before."""

_COUNTED_AT_ONCE = 8
_WITH_PODS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job")
_NOT_COUNTED = ("Event", "PodMetrics", "EndpointSlice", "Endpoints")


class DeleteArgs(Arguments):
    kind: Kind
    name: Name
    namespace: OptionalNamespace = ""
    propagation: Literal["Background", "Foreground", "Orphan"] = "Background"
    """What happens to the objects it owns (Kubernetes, "Garbage Collection")."""


class KubernetesDelete(OnClusters, WriteTool[DeleteArgs, Written]):
    """Deletes one object, if it is still the one that was looked at."""

    name = "kubernetes_delete"
    effect = Effect.DESTRUCTIVE
    summary = "Delete one object of any kind, and by default everything it owns."
    Args = DeleteArgs
    Output = Written

    async def run(self, args: DeleteArgs, scope: Scope) -> Written:
        target = await self._deletable(args, scope)
        options = _options(await target.read(), args)
        return await perform(target, "DELETE", options, content_type=JSON)

    async def preview(self, args: DeleteArgs, scope: Scope) -> Preview:
        target = await self._deletable(args, scope)
        rehearsal = rehearse_deletion(target, args.propagation)
        current, answer = await seen_and_rehearsed(target, rehearsal)
        before: Json = {"uid": text(current, "metadata", "uid")}
        if target.kind.native in REBUILDABLE:
            before["manifest"] = manifest_of(current)
        preview = await preview_of(
            target,
            current,
            (Change(path="object", before=str(target), after=None),),
            before=before,
            verb="delete",
            content=content_sent(_options(current, args)),
            warnings=answer.warnings + _warnings(target, current),
        )
        dependents = 0 if args.propagation == "Orphan" else await _dependents(target, current)
        return preview.model_copy(update={"objects": 1 + dependents})

    async def observe(self, args: DeleteArgs, scope: Scope, preview: Preview) -> Observation:
        target = await self._deletable(args, scope)
        try:
            current = await target.read()
        except NotFound:
            return Observation(verdict=Verdict.HOLDS, detail=f"{target} is gone.", applied=True)
        if text(current, "metadata", "uid") != preview.before.get("uid"):
            detail = f"{target} is gone; a new object has its name."
            return Observation(verdict=Verdict.HOLDS, detail=detail, applied=True)
        if not text(current, "metadata", "deletionTimestamp"):
            return Observation(
                verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} is still there.", applied=False
            )
        finalizers = current["metadata"].get("finalizers") if isinstance(current["metadata"], dict) else None
        waiting = f", waiting for {', '.join(map(str, finalizers))}" if isinstance(finalizers, list) else ""
        return Observation(
            verdict=Verdict.NOT_YET, detail=f"{target} is being deleted{waiting}.", applied=True
        )

    def undo(self, args: DeleteArgs, preview: Preview) -> Call | None:
        """The manifest again, for kinds that are nothing but their manifest."""
        manifest = preview.before.get("manifest")
        if manifest is None:
            return None
        return Call(
            tool="kubernetes_apply@1",
            args={"manifest": manifest, "namespace": preview.before.get("namespace", "")},
        )

    async def _deletable(self, args: DeleteArgs, scope: Scope) -> Target:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        refuse_secret(target.kind, "delete")
        return target


def _options(current: Json, args: DeleteArgs) -> Json:
    return {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "preconditions": {"uid": text(current, "metadata", "uid")},
        "propagationPolicy": args.propagation,
    }


def _warnings(target: Target, current: Json) -> tuple[str, ...]:
    found: list[str] = []
    for owner in mappings(current, "metadata", "ownerReferences"):
        if owner.get("controller") is True:
            name = f"{text(owner, 'kind').lower()}/{text(owner, 'name')}"
            found.append(f"It belongs to {name}, which will probably make it anew.")
    if target.kind.native == "Namespace":
        found.append("Everything in the namespace goes with it.")
    if target.kind.native == "PersistentVolumeClaim":
        found.append("The data on its volume may be lost, depending on the reclaim policy.")
    if target.kind.native == "CustomResourceDefinition":
        found.append("All objects of the kind it defines go with it.")
    if target.kind.custom:
        found.append(
            "Its operator decides what goes with it, be it outside of the cluster; there is no way back."
        )
    if text(mapping(current, "metadata"), "deletionTimestamp"):
        found.append("It is being deleted already.")
    return tuple(found)


async def _dependents(target: Target, current: Json) -> int:
    """How many objects go with it: pods of a workload, contents of a namespace, what an operator made."""
    kind = target.kind.native
    if kind == "Namespace":
        return await _contents(target)
    if kind in ("ReplicaSet", "StatefulSet", "DaemonSet", "Job"):
        return len(await pods_of(target.cluster, current))
    if kind == "Deployment":
        return len(await replica_sets_of(target.cluster, current)) + len(
            await pods_of(target.cluster, current)
        )
    if kind == "CustomResourceDefinition":
        return await _defined(target, current)
    if target.kind.custom:
        return await _made_for(target, current)
    return 0


async def _made_for(target: Target, current: Json) -> int:
    """What an operator made for a custom resource, and the pods of that."""
    owned, _ = await owned_objects(target, current)
    pods = await asyncio.gather(
        *(pods_of(target.cluster, entry) for entry in owned if text(entry, "kind") in _WITH_PODS)
    )
    return len(owned) + sum(map(len, pods))


async def _defined(target: Target, current: Json) -> int:
    """The objects of the kind that a definition defines."""
    resource = f"{text(current, 'spec', 'names', 'plural')}.{text(current, 'spec', 'group')}"
    try:
        table = await read_table(target.cluster, await target.cluster.kinds.resolve(resource), limit=1)
    except ToolError:
        return 0
    return len(table.rows) + table.remaining


async def _contents(target: Target) -> int:
    slots = asyncio.Semaphore(_COUNTED_AT_ONCE)
    kinds: dict[str, ResourceType] = {}
    for kind in await target.cluster.kinds.all():
        if kind.namespaced and "list" in kind.verbs and kind.kind not in _NOT_COUNTED:
            kinds.setdefault(kind.resource, kind)

    async def count(resource: str) -> int:
        async with slots:
            try:
                table = await read_table(target.cluster, kinds[resource], target.name, limit=1)
            except ToolError:  # what we may not list we cannot count
                return 0
        return len(table.rows) + table.remaining

    return sum(await asyncio.gather(*map(count, kinds)))
