"""kubernetes_set_image: which image a container runs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.errors import Invalid, NotFound
from tools.kubernetes.fields import Json, mappings, text
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.objects import changes
from tools.kubernetes.rollout import progress
from tools.kubernetes.writes.writing import STRATEGIC_PATCH, Written, perform, pinned, preview_of, rehearse
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


class SetImageArgs(Arguments):
    kind: Kind = "deployment"
    name: Name
    namespace: OptionalNamespace = ""
    container: Annotated[
        str,
        Field(
            max_length=63,
            pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$",
            description="Container; empty when there is just one.",
        ),
    ] = ""
    image: Annotated[
        str, Field(max_length=500, pattern=r"^[a-zA-Z0-9][A-Za-z0-9._:/@-]*$", description="Image reference.")
    ]


class KubernetesSetImage(OnClusters, WriteTool[SetImageArgs, Written]):
    """Changes one container's image, which starts a rollout."""

    name = "kubernetes_set_image"
    summary = "Set the image of one container of a Deployment, StatefulSet or DaemonSet and roll it out."
    Args = SetImageArgs
    Output = Written

    async def run(self, args: SetImageArgs, scope: Scope) -> Written:
        target = await self._workload(args, scope)
        current = await target.read()
        patch = pinned(_patch(target, current, args), current)
        return await perform(target, "PATCH", patch, content_type=STRATEGIC_PATCH)

    async def preview(self, args: SetImageArgs, scope: Scope) -> Preview:
        target = await self._workload(args, scope)
        current = await target.read()
        patch = _patch(target, current, args)
        answer = await rehearse(target, "PATCH", patch, content_type=STRATEGIC_PATCH)
        _, container = _container(target, current, args.container)
        before: Json = {"container": text(container, "name"), "image": text(container, "image")}
        return await preview_of(
            target, current, changes(current, answer.json()), before=before, warnings=answer.warnings
        )

    async def observe(self, args: SetImageArgs, scope: Scope, preview: Preview) -> Observation:
        target = await self._workload(args, scope)
        try:
            current = await target.read()
            _, container = _container(target, current, args.container)
        except (NotFound, Invalid) as error:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=error.message, applied=False)
        image = text(container, "image")
        if image != args.image:
            detail = f"Container {text(container, 'name')} of {target} runs {image}, not {args.image}."
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=False)
        return (await progress(target.cluster, current)).model_copy(update={"applied": True})

    def undo(self, args: SetImageArgs, preview: Preview) -> Call | None:
        image = preview.before.get("image")
        if not image or image == args.image:
            return None
        return Call(tool=self.id, args={**args.model_dump(), **preview.before})

    async def _workload(self, args: SetImageArgs, scope: Scope) -> Target:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        target.must_allow("Deployment", "StatefulSet", "DaemonSet")
        return target


def _container(target: Target, workload: Json, name: str) -> tuple[str, Json]:
    """The list a container is in, and the container. Raises `Invalid` naming those there are."""
    spec = "containers", "initContainers"
    found = [(part, entry) for part in spec for entry in mappings(workload, "spec", "template", "spec", part)]
    named = [(part, entry) for part, entry in found if text(entry, "name") == name]
    if not name:
        named = [(part, entry) for part, entry in found if part == "containers"]
    if len(named) == 1:
        return named[0]
    names = ", ".join(text(entry, "name") for _, entry in found)
    problem = f"has no container called {name}" if name else "has several containers"
    raise Invalid(f"{target} {problem}.", hint=f"Its containers are: {names}.")


def _patch(target: Target, current: Json, args: SetImageArgs) -> Json:
    part, container = _container(target, current, args.container)
    return {"spec": {"template": {"spec": {part: [{"name": text(container, "name"), "image": args.image}]}}}}
