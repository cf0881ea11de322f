"""kubernetes_set_image: which image a container runs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.errors import Invalid, NotFound
from tools.kubernetes.fields import Json, text
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.objects import changes
from tools.kubernetes.rollout import progress
from tools.kubernetes.writes.container_change import ContainerArgs
from tools.kubernetes.writes.containers import ROLLED_OUT, container_of
from tools.kubernetes.writes.writing import STRATEGIC_PATCH, Written, perform, pinned, preview_of, rehearse
from tools.tool import (
    Call,
    Observation,
    Preview,
    Scope,
    Verdict,
    WriteTool,
)


class SetImageArgs(ContainerArgs):
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
        container = container_of(target, current, args.container)
        before: Json = {"container": container.name, "image": text(container.spec, "image")}
        return await preview_of(
            target,
            current,
            changes(current, answer.json()),
            before=before,
            warnings=answer.warnings,
            content=answer.content,
        )

    async def observe(self, args: SetImageArgs, scope: Scope, preview: Preview) -> Observation:
        target = await self._workload(args, scope)
        try:
            current = await target.read()
            container = container_of(target, current, args.container)
        except (NotFound, Invalid) as error:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=error.message, applied=False)
        image = text(container.spec, "image")
        if image != args.image:
            detail = f"Container {container.name} of {target} runs {image}, not {args.image}."
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=False)
        return (await progress(target.cluster, current)).model_copy(update={"applied": True})

    def undo(self, args: SetImageArgs, preview: Preview) -> Call | None:
        image = preview.before.get("image")
        if not image or image == args.image:
            return None
        return Call(tool=self.id, args={**args.model_dump(), **preview.before})

    async def _workload(self, args: SetImageArgs, scope: Scope) -> Target:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        target.must_allow(*ROLLED_OUT)
        return target


def _patch(target: Target, current: Json, args: SetImageArgs) -> Json:
    container = container_of(target, current, args.container)
    changed: Json = {"name": container.name, "image": args.image}
    return {"spec": {"template": {"spec": {container.part: [changed]}}}}
