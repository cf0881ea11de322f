"""kubernetes_roll_back: a Deployment's pod template as an earlier revision had it."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from pydantic import Field

from tools.errors import Invalid, NotFound
from tools.kubernetes.fields import Json, mapping, strings, value
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.objects import changes
from tools.kubernetes.rollout import progress, replica_sets_of, revision
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

TEMPLATE_HASH = "pod-template-hash"


class RollBackArgs(Arguments):
    name: Name
    namespace: OptionalNamespace = ""
    to_revision: Annotated[int, Field(ge=0, description="Revision to return to; 0 for the previous one.")] = 0


class KubernetesRollBack(OnClusters, WriteTool[RollBackArgs, Written]):
    """Puts the pod template of an earlier ReplicaSet back, as `kubectl rollout undo` does."""

    name = "kubernetes_roll_back"
    summary = "Roll a Deployment back to its previous revision, or to a given one."
    Args = RollBackArgs
    Output = Written

    async def run(self, args: RollBackArgs, scope: Scope) -> Written:
        target = await self._deployment(args, scope)
        current = await target.read()
        wanted = await _earlier(target, current, args.to_revision)
        patch = at_version([_patch(wanted)], current)
        return await perform(target, "PATCH", patch, content_type=JSON_PATCH)

    async def preview(self, args: RollBackArgs, scope: Scope) -> Preview:
        target = await self._deployment(args, scope)
        current = await target.read()
        if value(current, "spec", "paused") is True:
            raise Invalid(f"{target} is paused and cannot be rolled back.", hint="Resume its rollout first.")
        wanted = await _earlier(target, current, args.to_revision)
        answer = await rehearse(target, "PATCH", [_patch(wanted)], content_type=JSON_PATCH)
        before: Json = {
            "revision": revision(current),
            "to_revision": revision(wanted),
            "to_template": _digest(_template(wanted)),
        }
        return await preview_of(
            target,
            current,
            changes(current, answer.json()),
            before=before,
            warnings=answer.warnings,
            content=answer.content,
        )

    async def observe(self, args: RollBackArgs, scope: Scope, preview: Preview) -> Observation:
        target = await self._deployment(args, scope)
        try:
            current = await target.read()
        except NotFound:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{target} is gone.", applied=False)
        if _digest(_template(current)) != preview.before.get("to_template"):
            detail = (
                f"{target} does not have the pod template of revision {preview.before.get('to_revision')}."
            )
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=False)
        return (await progress(target.cluster, current)).model_copy(update={"applied": True})

    def undo(self, args: RollBackArgs, preview: Preview) -> Call | None:
        """Back to the revision it had: its ReplicaSet keeps the number."""
        before = preview.before
        if not before.get("revision") or not preview.changes:
            return None
        back: Json = {"name": args.name, "namespace": before["namespace"], "to_revision": before["revision"]}
        return Call(tool=self.id, args=back)

    async def _deployment(self, args: RollBackArgs, scope: Scope) -> Target:
        return await self.target("deployments.apps", args.name, args.namespace, scope)


async def _earlier(target: Target, current: Json, number: int) -> Json:
    """The ReplicaSet of that revision. Raises `Invalid` naming the revisions there are."""
    known = [entry for entry in await replica_sets_of(target.cluster, current) if revision(entry)]
    present = revision(current)
    for entry in known:
        if revision(entry) == number or (not number and revision(entry) < present):
            return entry
    revisions = ", ".join(str(revision(entry)) for entry in reversed(known)) or "none"
    which = f"revision {number}" if number else "earlier revision"
    raise Invalid(f"{target} has no {which} to go back to.", hint=f"It keeps: {revisions}.")


def _template(workload: Json) -> Json:
    """The pod template without the label the Deployment controller adds."""
    template = mapping(workload, "spec", "template")
    metadata = dict(mapping(template, "metadata"))
    labels = {key: entry for key, entry in strings(metadata, "labels").items() if key != TEMPLATE_HASH}
    metadata.pop("creationTimestamp", None)
    return {**template, "metadata": {**metadata, "labels": dict(labels)}}


def _digest(template: Json) -> str:
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()


def _patch(wanted: Json) -> Json:
    return {"op": "replace", "path": "/spec/template", "value": _template(wanted)}
