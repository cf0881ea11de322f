"""kubernetes_apply: one manifest, by server-side apply, never taking fields from their owners."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, JsonValue

from tools.errors import Conflict, Invalid, NotFound
from tools.kubernetes.fields import Json, mapping, number, text
from tools.kubernetes.finding import OnClusters, Target, working_namespace
from tools.kubernetes.objects import changes
from tools.kubernetes.rollout import progress
from tools.kubernetes.writes.field_ownership import owned_values, restricted
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

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_ALLOCATED = ("spec.clusterIP", "spec.clusterIPs", "spec.healthCheckNodePort")
"""A rehearsal allocates these anew each time; they say nothing about the write."""
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class ApplyArgs(Arguments):
    manifest: Annotated[
        dict[str, JsonValue],
        Field(description="One whole object: apiVersion, kind, metadata.name, and the fields to own."),
    ]
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
            return await perform(target, "PATCH", _body(args, target), content_type=APPLY_PATCH)
        except Conflict as error:
            raise _owned_elsewhere(error) from error

    async def preview(self, args: ApplyArgs, scope: Scope) -> Preview:
        target = await self._target(args, scope)
        current = await _current(target)
        body = _body(args, target)
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
        return await preview_of(
            target, current, changes(current, rehearsed), before=before, warnings=warnings
        )

    async def observe(self, args: ApplyArgs, scope: Scope, preview: Preview) -> Observation:
        """Applied once a rehearsal of the same manifest would change nothing."""
        target = await self._target(args, scope)
        current = await _current(target)
        if current is None:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} is not there.", applied=False)
        try:
            rehearsed = await rehearse(target, "PATCH", _body(args, target), content_type=APPLY_PATCH)
        except Conflict as error:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=error.message, applied=False)
        missing = changes(current, rehearsed.json())
        if missing:
            paths = ", ".join(change.path for change in missing[:3])
            return Observation(
                verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} still differs in {paths}.", applied=False
            )
        if target.kind.kind in _WORKLOADS:
            return (await progress(target.cluster, current)).model_copy(update={"applied": True})
        return Observation(verdict=Verdict.HOLDS, detail=f"{target} is as the manifest says.", applied=True)

    def undo(self, args: ApplyArgs, preview: Preview) -> Call | None:
        """Delete what was created; otherwise apply what our fields were before."""
        namespace = preview.before.get("namespace", "")
        if preview.before.get("created") is True:
            version = text(args.manifest, "apiVersion")
            group = version.partition("/")[0] if "/" in version else ""
            kind = text(args.manifest, "kind") + (f".{group}" if group else "")
            return Call(
                tool="kubernetes_delete@1", args={"kind": kind, "name": preview.name, "namespace": namespace}
            )
        manifest = preview.before.get("manifest")
        if not isinstance(manifest, dict) or not preview.changes:
            return None
        return Call(tool=self.id, args={"manifest": manifest, "namespace": namespace})

    async def _target(self, args: ApplyArgs, scope: Scope) -> Target:
        """Where the manifest goes. Raises `Invalid` for a manifest that is not one object."""
        manifest = args.manifest
        version, kind, name = (
            text(manifest, "apiVersion"),
            text(manifest, "kind"),
            text(manifest, "metadata", "name"),
        )
        if not version or not kind or not name:
            raise Invalid("A manifest needs apiVersion, kind and metadata.name.")
        if (version, kind) == ("v1", "Secret"):
            raise Invalid(
                "Secrets cannot be applied through a plan: their values would be shown and recorded.",
                hint="Use kubectl, or an external secret operator.",
            )
        inside = text(manifest, "metadata", "namespace")
        if args.namespace and inside and args.namespace != inside:
            raise Invalid(f"The manifest names the namespace {inside}, the call {args.namespace}.")
        namespace = inside or args.namespace
        if not _NAME.fullmatch(name) or (namespace and not _NAMESPACE.fullmatch(namespace)):
            raise Invalid(f"{name!r} in {namespace!r} is not the name of an object.")
        cluster = await self._clusters.cluster(scope.context)
        found = await cluster.kinds.by_kind(version, kind)
        return Target(cluster, found, working_namespace(namespace, scope) if found.namespaced else "", name)


async def _current(target: Target) -> Json | None:
    try:
        return await target.cluster.json("GET", target.path())
    except NotFound:
        return None


def _body(args: ApplyArgs, target: Target) -> Json:
    """The manifest as it is sent: in its namespace, without what only the server may write."""
    metadata = {key: entry for key, entry in mapping(args.manifest, "metadata").items() if key in _METADATA}
    if target.namespace:
        metadata["namespace"] = target.namespace
    body = {key: entry for key, entry in args.manifest.items() if key != "status"}
    return {**body, "metadata": metadata}


_METADATA = ("name", "namespace", "labels", "annotations", "finalizers", "ownerReferences")


def _owned_elsewhere(error: Conflict) -> Conflict:
    hint = "Leave these fields out of the manifest, or change them through their owner."
    return Conflict(error.message, hint=hint, raw=error.raw)
