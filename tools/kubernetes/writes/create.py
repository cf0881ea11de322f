"""kubernetes_create: one new object, and an error if there is one of that name already."""

from __future__ import annotations

from tools.errors import AlreadyExists
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.objects import changes
from tools.kubernetes.writes.manifests import (
    Manifest,
    as_created,
    deletion_of,
    fulfilment,
    lacking,
    meant_by,
    present,
    sent,
)
from tools.kubernetes.writes.writing import JSON, Written, perform, preview_of, rehearse
from tools.tool import Arguments, Call, Observation, OptionalNamespace, Preview, Scope, Verdict, WriteTool


class CreateArgs(Arguments):
    manifest: Manifest
    namespace: OptionalNamespace = ""


class KubernetesCreate(OnClusters, WriteTool[CreateArgs, Written]):
    """Creates an object of any kind; it never changes one that exists."""

    name = "kubernetes_create"
    summary = "Create one new object of any kind from its manifest; refused if it exists already."
    Args = CreateArgs
    Output = Written

    async def run(self, args: CreateArgs, scope: Scope) -> Written:
        target = await self._target(args, scope)
        try:
            return await perform(target, "POST", sent(args.manifest, target), content_type=JSON)
        except AlreadyExists as error:
            raise _taken(target, error) from error

    async def preview(self, args: CreateArgs, scope: Scope) -> Preview:
        target = await self._target(args, scope)
        body = sent(args.manifest, target)
        try:
            answer = await rehearse(target, "POST", body, content_type=JSON)
        except AlreadyExists as error:
            raise _taken(target, error) from error
        changed = changes(None, as_created(answer.json(), body))
        return await preview_of(
            target, None, changed, before={}, verb="create", warnings=answer.warnings, content=answer.content
        )

    async def observe(self, args: CreateArgs, scope: Scope, preview: Preview) -> Observation:
        target = await self._target(args, scope)
        current = await present(target)
        if current is None:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} is not there.", applied=False)
        if lost := lacking(current, sent(args.manifest, target), preview):
            detail = f"{target} is there without {', '.join(lost[:3])}."
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=True)
        return await fulfilment(target, current)

    def undo(self, args: CreateArgs, preview: Preview) -> Call | None:
        return deletion_of(args.manifest, preview.name, preview.before.get("namespace", ""))

    async def _target(self, args: CreateArgs, scope: Scope) -> Target:
        return await meant_by(self._clusters, args.manifest, args.namespace, scope, doing="create")


def _taken(target: Target, error: AlreadyExists) -> AlreadyExists:
    return AlreadyExists(
        f"There is a {target} on {target.cluster.context} already.",
        hint="Choose another name, or change the one there is with kubernetes_apply or kubernetes_patch.",
        raw=error.raw,
    )
