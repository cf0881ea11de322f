"""kubernetes_apply: one manifest, by server-side apply, never taking fields from their owners."""

from __future__ import annotations

from tools.errors import Conflict
from tools.kubernetes.fields import Json, mapping, number
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.objects import changes
from tools.kubernetes.writes.field_ownership import owned_values, restricted
from tools.kubernetes.writes.manifests import (
    Manifest,
    as_created,
    deletion_of,
    fulfilment,
    meant_by,
    present,
    sent,
)
from tools.kubernetes.writes.writing import (
    APPLY_PATCH,
    FIELD_MANAGER,
    Written,
    perform,
    preview_of,
    rehearse,
    scaling_warnings,
)
from tools.tool import Arguments, Call, Observation, OptionalNamespace, Preview, Scope, Verdict, WriteTool


class ApplyArgs(Arguments):
    manifest: Manifest
    namespace: OptionalNamespace = ""


class KubernetesApply(OnClusters, WriteTool[ApplyArgs, Written]):
    """Creates or changes one object of any kind (Kubernetes, "Server-Side Apply")."""

    name = "kubernetes_apply"
    summary = "Apply one manifest of any kind by server-side apply; conflicts with other owners are refused."
    Args = ApplyArgs
    Output = Written

    async def run(self, args: ApplyArgs, scope: Scope) -> Written:
        target = await self._target(args, scope)
        try:
            return await perform(target, "PATCH", sent(args.manifest, target), content_type=APPLY_PATCH)
        except Conflict as error:
            raise _owned_elsewhere(error) from error

    async def preview(self, args: ApplyArgs, scope: Scope) -> Preview:
        target = await self._target(args, scope)
        current = await present(target)
        body = sent(args.manifest, target)
        try:
            answer = await rehearse(target, "PATCH", body, content_type=APPLY_PATCH)
        except Conflict as error:
            raise _owned_elsewhere(error) from error
        rehearsed = answer.json()
        before: Json = {"created": current is None}
        warnings = answer.warnings
        if current is not None:
            owned = owned_values(current, FIELD_MANAGER)
            before["manifest"] = restricted(current, body, owned)
            if "replicas" in mapping(body, "spec") and number(current, "spec", "replicas") != number(
                rehearsed, "spec", "replicas"
            ):
                replicas = number(rehearsed, "spec", "replicas")
                warnings += await scaling_warnings(target, replicas)
        shown = rehearsed if current is not None else as_created(rehearsed, body)
        return await preview_of(
            target, current, changes(current, shown), before=before, warnings=warnings, content=answer.content
        )

    async def observe(self, args: ApplyArgs, scope: Scope, preview: Preview) -> Observation:
        """Applied once a rehearsal of the same manifest would change nothing."""
        target = await self._target(args, scope)
        current = await present(target)
        if current is None:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} is not there.", applied=False)
        try:
            rehearsed = await rehearse(target, "PATCH", sent(args.manifest, target), content_type=APPLY_PATCH)
        except Conflict as error:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=error.message, applied=False)
        missing = changes(current, rehearsed.json())
        if missing:
            paths = ", ".join(change.path for change in missing[:3])
            lacking = {change.path for change in missing}
            begun = preview.before.get("created") is True or any(
                change.path not in lacking for change in preview.changes
            )
            return Observation(
                verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} still differs in {paths}.", applied=begun
            )
        return await fulfilment(target, current)

    def undo(self, args: ApplyArgs, preview: Preview) -> Call | None:
        """Delete what was created; otherwise apply what our fields were before."""
        namespace = preview.before.get("namespace", "")
        if preview.before.get("created") is True:
            return deletion_of(args.manifest, preview.name, namespace)
        manifest = preview.before.get("manifest")
        if not isinstance(manifest, dict) or not preview.changes:
            return None
        return Call(tool=self.id, args={"manifest": manifest, "namespace": namespace})

    async def _target(self, args: ApplyArgs, scope: Scope) -> Target:
        return await meant_by(self._clusters, args.manifest, args.namespace, scope, doing="apply")


def _owned_elsewhere(error: Conflict) -> Conflict:
    hint = "Leave these fields out of the manifest, or change them through their owner."
    return Conflict(error.message, hint=hint, raw=error.raw)
