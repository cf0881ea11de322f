"""kubernetes_set_resources: what a container asks for, and what it may use at most."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from tools.errors import Invalid, NotFound
from tools.kubernetes.fields import Json, mapping, text
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.objects import changes
from tools.kubernetes.quantity import amount
from tools.kubernetes.rollout import progress
from tools.kubernetes.writes.containers import ROLLED_OUT, Container, ContainerName, container_of
from tools.kubernetes.writes.writing import JSON_PATCH, Written, at_version, perform, preview_of, rehearse
from tools.tool import (
    Arguments,
    Call,
    Name,
    Observation,
    OptionalNamespace,
    Preview,
    Scope,
    Verdict,
    WriteTool,
)

Resource = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([a-z0-9./-]*[a-z0-9])?$")]
Quantity = Annotated[
    str, Field(max_length=40, pattern=r"^[0-9]+(\.[0-9]+)?([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?$")
]
Amounts = Annotated[
    dict[Resource, Quantity | None],
    Field(description="Such as cpu: 250m, memory: 512Mi; null removes one. Those not named stay."),
]


class SetResourcesArgs(Arguments):
    kind: Kind = "deployment"
    name: Name
    namespace: OptionalNamespace = ""
    container: ContainerName = ""
    requests: Amounts = {}
    limits: Amounts = {}


class KubernetesSetResources(OnClusters, WriteTool[SetResourcesArgs, Written]):
    """Sets and removes single requests and limits, which starts a rollout."""

    name = "kubernetes_set_resources"
    summary = "Set the resource requests and limits of a container and roll it out."
    Args = SetResourcesArgs
    Output = Written

    async def run(self, args: SetResourcesArgs, scope: Scope) -> Written:
        target = await self._workload(args, scope)
        current = await target.read()
        patch = at_version(_patch(container_of(target, current, args.container), args), current)
        return await perform(target, "PATCH", patch, content_type=JSON_PATCH)

    async def preview(self, args: SetResourcesArgs, scope: Scope) -> Preview:
        target = await self._workload(args, scope)
        current = await target.read()
        container = container_of(target, current, args.container)
        answer = await rehearse(target, "PATCH", _patch(container, args), content_type=JSON_PATCH)
        before: Json = {"container": container.name}
        for side, asked in _sides(args):
            present = mapping(container.spec, "resources", side)
            before[side] = {name: text(present, name) or None for name in asked}
        changed = changes(current, answer.json())
        return await preview_of(
            target, current, changed, before=before, warnings=answer.warnings, content=answer.content
        )

    async def observe(self, args: SetResourcesArgs, scope: Scope, preview: Preview) -> Observation:
        target = await self._workload(args, scope)
        try:
            current = await target.read()
            container = container_of(target, current, args.container)
        except (NotFound, Invalid) as error:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=error.message, applied=False)
        wrong = [
            f"{side}.{name}"
            for side, asked in _sides(args)
            for name, wanted in asked.items()
            # The server writes amounts in its own way: 1000m becomes 1.
            if amount(mapping(container.spec, "resources", side).get(name)) != amount(wanted)
        ]
        if wrong:
            detail = f"Container {container.name} of {target} does not have {', '.join(wrong)} as asked for."
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=False)
        return (await progress(target.cluster, current)).model_copy(update={"applied": True})

    def undo(self, args: SetResourcesArgs, preview: Preview) -> Call | None:
        if not preview.changes:
            return None
        return Call(tool=self.id, args={"kind": args.kind, "name": args.name, **preview.before})

    async def _workload(self, args: SetResourcesArgs, scope: Scope) -> Target:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        target.must_allow(*ROLLED_OUT)
        if not args.requests and not args.limits:
            raise Invalid(f"It is not said which requests or limits of {target} to set.")
        return target


def _sides(args: SetResourcesArgs) -> tuple[tuple[str, dict[str, str | None]], ...]:
    return ("requests", args.requests), ("limits", args.limits)


def _patch(container: Container, args: SetResourcesArgs) -> list[JsonValue]:
    resources = mapping(container.spec, "resources")
    for side, asked in _sides(args):
        merged: Json = {**mapping(resources, side), **asked}
        kept: Json = {name: entry for name, entry in merged.items() if entry is not None}
        resources = {key: entry for key, entry in resources.items() if key != side}
        if kept:
            resources[side] = kept
    return container.replacing("resources", resources)
