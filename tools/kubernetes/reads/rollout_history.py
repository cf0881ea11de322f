"""kubernetes_rollout_history: a workload's revisions, what changed between them, and how far the last one is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from tools.errors import ToolError
from tools.kubernetes.fields import Json, mapping, mappings, number, strings, text
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.masking import shown_change
from tools.kubernetes.objects import changes
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.events import moment
from tools.kubernetes.reads.looking import Looking
from tools.kubernetes.rollout import owned_by, progress, revision, selector_text
from tools.tool import Arguments, Change, Name, OptionalNamespace, Scope, Tool

CHANGE_CAUSE = "kubernetes.io/change-cause"
_CONTROLLER_LABELS = ("pod-template-hash", "controller-revision-hash")


class RolloutHistoryArgs(Arguments):
    kind: Annotated[Kind, Field(description="deployment, statefulset or daemonset.")] = "deployment"
    name: Name
    namespace: OptionalNamespace = ""
    limit: Annotated[int, Field(ge=1, le=100, description="Revisions at most, the newest first.")] = 10


class Revision(BaseModel):
    """One revision of the pod template, and how it differs from the one before it."""

    number: int
    current: bool
    """Whether new pods are made from it."""
    created: datetime | None
    cause: str
    """The change-cause annotation; empty when nobody wrote one."""
    images: dict[str, str]
    """Image by container."""
    changes: tuple[Change, ...]
    """Against the revision before it; empty for the oldest that is kept."""
    object: str
    """The ReplicaSet or ControllerRevision that keeps it."""
    replicas: int | None = None
    """Pods of this revision that are there now, where the cluster counts them."""


class RolloutHistoryOutput(BaseModel):
    target: str
    context: str
    verdict: str
    """`holds` when the rollout is complete, `not yet`, `does not hold` when it cannot be, or `unknown`."""
    status: str
    revisions: tuple[Revision, ...]
    left_out: int = 0
    unseen: tuple[str, ...] = ()


class KubernetesRolloutHistory(OnClusters, Tool[RolloutHistoryArgs, RolloutHistoryOutput]):
    """Deployments keep their revisions in ReplicaSets, StatefulSets and DaemonSets in ControllerRevisions."""

    name = "kubernetes_rollout_history"
    summary = (
        "Rollout status and revisions of a Deployment, StatefulSet or DaemonSet:"
        " what changed from one to the next, why, when, and which is current."
    )
    Args = RolloutHistoryArgs
    Output = RolloutHistoryOutput

    async def run(self, args: RolloutHistoryArgs, scope: Scope) -> RolloutHistoryOutput:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        target.must_allow("Deployment", "StatefulSet", "DaemonSet")
        workload = {**await target.read(), "kind": target.kind.kind}
        looking = Looking(target.cluster)
        keepers = await revision_keepers(looking, workload)
        verdict, status = await _status(target, workload)
        listed = _revisions(workload, keepers)
        return RolloutHistoryOutput(
            target=str(target),
            context=target.cluster.context,
            verdict=verdict,
            status=status,
            revisions=listed[: args.limit],
            left_out=max(0, len(listed) - args.limit),
            unseen=tuple(looking.unseen),
        )


async def revision_keepers(looking: Looking, workload: Json) -> list[Json]:
    """The ReplicaSets or ControllerRevisions that keep a workload's revisions, the oldest first."""
    of_deployment = text(workload, "kind") == "Deployment"
    found = await looking.objects(
        "replicasets.apps" if of_deployment else "controllerrevisions.apps",
        text(workload, "metadata", "namespace"),
        labels=selector_text(mapping(workload, "spec", "selector")),
    )
    uid = text(workload, "metadata", "uid")
    return sorted((entry for entry in found if owned_by(entry, uid)), key=revision_number)


def revision_number(keeper: Json) -> int:
    """The number of the revision that a ReplicaSet or ControllerRevision keeps."""
    return number(keeper, "revision") or revision(keeper)


async def _status(target: Target, workload: Json) -> tuple[str, str]:
    try:
        seen = await progress(target.cluster, workload)
    except ToolError as error:
        return "unknown", f"How far the rollout is could not be seen: {error.message}"
    return seen.verdict.value, plain(seen.detail)


def _revisions(workload: Json, keepers: list[Json]) -> tuple[Revision, ...]:
    current = _current(workload, keepers)
    found: list[Revision] = []
    before: Json | None = None
    for keeper in keepers:
        template = _template(keeper)
        differing = () if before is None else changes(before, template)
        found.append(
            Revision(
                number=revision_number(keeper),
                current=text(keeper, "metadata", "name") == current,
                created=moment(text(keeper, "metadata", "creationTimestamp")),
                cause=plain(strings(keeper, "metadata", "annotations").get(CHANGE_CAUSE, "")),
                images={
                    text(entry, "name"): plain(text(entry, "image"))
                    for part in ("initContainers", "containers")
                    for entry in mappings(template, "spec", part)
                },
                changes=tuple(shown_change(change) for change in differing),
                object=f"{text(keeper, 'kind').lower()}/{text(keeper, 'metadata', 'name')}",
                replicas=number(keeper, "status", "replicas") if "status" in keeper else None,
            )
        )
        before = template
    return tuple(reversed(found))


def _current(workload: Json, keepers: list[Json]) -> str:
    """The name of the keeper that new pods are made from."""
    if updating := text(workload, "status", "updateRevision"):
        return next(
            (
                name
                for keeper in keepers
                if (name := text(keeper, "metadata", "name")) == updating or name.endswith(f"-{updating}")
            ),
            "",
        )
    wanted = _bare(mapping(workload, "spec", "template"))
    same = [keeper for keeper in keepers if not changes(_template(keeper), wanted)]
    return text(same[-1], "metadata", "name") if same else ""


def _template(keeper: Json) -> Json:
    """The pod template a ReplicaSet (`spec`) or ControllerRevision (`data.spec`) keeps."""
    inside = mapping(keeper, "data") if "data" in keeper else keeper
    return _bare(mapping(inside, "spec", "template"))


def _bare(template: Json) -> Json:
    """Without what controllers add to it."""
    metadata = dict(mapping(template, "metadata"))
    labels = {
        key: entry for key, entry in mapping(metadata, "labels").items() if key not in _CONTROLLER_LABELS
    }
    metadata.pop("creationTimestamp", None)
    metadata["labels"] = labels
    return {
        **{key: entry for key, entry in template.items() if key != "$patch"},
        "metadata": metadata,
    }
