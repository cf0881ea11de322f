"""kubernetes_scale: how many replicas a workload has."""

from __future__ import annotations

import asyncio
from typing import Annotated

from pydantic import Field

from tools.errors import Invalid, NotFound
from tools.kubernetes.fields import Json, number
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.rollout import progress
from tools.kubernetes.writes.writing import (
    MERGE_PATCH,
    Written,
    perform,
    pinned,
    preview_of,
    rehearse,
    scaling_warnings,
    seen_and_rehearsed,
)
from tools.tool import (
    Arguments,
    Call,
    Change,
    Name,
    Observation,
    OptionalNamespace,
    Preview,
    Scope,
    Verdict,
    WriteTool,
)

_WORKLOADS = ("Deployment", "StatefulSet", "ReplicaSet")


class ScaleArgs(Arguments):
    kind: Kind = "deployment"
    name: Name
    namespace: OptionalNamespace = ""
    replicas: Annotated[int, Field(ge=0, le=10_000, description="How many pods there shall be.")]


class KubernetesScale(OnClusters, WriteTool[ScaleArgs, Written]):
    """Sets the number of replicas through the scale subresource, custom resources included."""

    name = "kubernetes_scale"
    summary = "Set the number of replicas of a Deployment, StatefulSet, ReplicaSet or anything scalable."
    Args = ScaleArgs
    Output = Written

    async def run(self, args: ScaleArgs, scope: Scope) -> Written:
        target = await self._scalable(args, scope)
        scale = await _scale(target)
        return await perform(
            target, "PATCH", pinned(_patch(args), scale), content_type=MERGE_PATCH, subresource="scale"
        )

    async def preview(self, args: ScaleArgs, scope: Scope) -> Preview:
        target = await self._scalable(args, scope)
        rehearsal = rehearse(target, "PATCH", _patch(args), content_type=MERGE_PATCH, subresource="scale")
        (current, answer), scale = await asyncio.gather(seen_and_rehearsed(target, rehearsal), _scale(target))
        before, after = number(scale, "spec", "replicas"), number(answer.json(), "spec", "replicas")
        changed = (Change(path="spec.replicas", before=before, after=after),) if before != after else ()
        return await preview_of(
            target,
            current,
            changed,
            before={"replicas": before},
            subresource="scale",
            warnings=answer.warnings,
            further=scaling_warnings(target, args.replicas),
            content=answer.content,
        )

    async def observe(self, args: ScaleArgs, scope: Scope, preview: Preview) -> Observation:
        target = await self._scalable(args, scope)
        try:
            current = await target.read()
        except NotFound:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} is gone.", applied=False)
        scale = await _scale(target)
        replicas = number(scale, "spec", "replicas")
        if replicas != args.replicas:
            detail = f"{target} is set to {replicas} replicas, not {args.replicas}."
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=False)
        if target.kind.native in _WORKLOADS:
            return (await progress(target.cluster, current)).model_copy(update={"applied": True})
        present = number(scale, "status", "replicas")
        verdict = Verdict.HOLDS if present == replicas else Verdict.NOT_YET
        return Observation(
            verdict=verdict, detail=f"{present} of {replicas} replicas are there.", applied=True
        )

    def undo(self, args: ScaleArgs, preview: Preview) -> Call | None:
        replicas = preview.before.get("replicas")
        if not isinstance(replicas, int) or replicas == args.replicas:
            return None
        back = {**args.model_dump(), "namespace": preview.before.get("namespace", ""), "replicas": replicas}
        return Call(tool=self.id, args=back)

    async def _scalable(self, args: ScaleArgs, scope: Scope) -> Target:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        if "scale" not in target.kind.subresources:
            raise Invalid(
                f"{target} cannot be scaled: a {target.kind.kind} has no number of replicas to set."
            )
        return target


async def _scale(target: Target) -> Json:
    try:
        return await target.cluster.json("GET", target.path("scale"))
    except NotFound:
        await target.read()  # says which names there are
        raise


def _patch(args: ScaleArgs) -> Json:
    return {"spec": {"replicas": args.replicas}}
