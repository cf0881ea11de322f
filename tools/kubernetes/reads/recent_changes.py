"""kubernetes_recent_changes: what changed in a window of time, the newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from tools.errors import Invalid, ToolError
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.fields import mappings, strings, text
from tools.kubernetes.finding import Kind, OnClusters, working_namespace
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.events import Happening, moment, read_events
from tools.kubernetes.reads.joined_warnings import JoinedWarning, joined_warnings
from tools.kubernetes.reads.looking import Looking
from tools.kubernetes.reads.metadata_changes import RecentChange, object_changes, told
from tools.kubernetes.reads.rollout_history import CHANGE_CAUSE
from tools.kubernetes.rollout import revision
from tools.tool import Arguments, OptionalNamespace, Scope, Tool

WATCHED = (
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "cronjobs.batch",
    "jobs.batch",
    "services",
    "configmaps",
    "ingresses.networking.k8s.io",
    "networkpolicies.networking.k8s.io",
    "horizontalpodautoscalers.autoscaling",
    "poddisruptionbudgets.policy",
    "persistentvolumeclaims",
    "resourcequotas",
    "limitranges",
    "serviceaccounts",
    "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
)
"""Kinds whose metadata is read when none are named, with the custom ones: what people and pipelines change."""

_SECRETS = "secrets: their field owners are not read, because the values would travel with them"
_MOST_CUSTOM = 40
"""Custom kinds that are looked at unasked."""
_CHANGING = frozenset(
    {
        "ScalingReplicaSet",
        "SuccessfulRescale",
        "Preempted",
        "Evicted",
        "NodeNotReady",
        "NodeReady",
        "NodeSchedulable",
        "NodeNotSchedulable",
        "TaintManagerEviction",
    }
)
"""Reasons of ordinary events that tell of a change; all others tell of what pods go through every day."""
_AT_ONCE = 6


class RecentChangesArgs(Arguments):
    namespace: OptionalNamespace = ""
    all_namespaces: bool = False
    kinds: Annotated[
        tuple[Kind, ...], Field(max_length=20, description="Only these kinds; empty for the usual ones.")
    ] = ()
    name: Annotated[
        str,
        Field(
            max_length=253,
            pattern=r"^([A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?)?$",
            description="Only objects of this name (and ReplicaSets and events that belong to it).",
        ),
    ] = ""
    since: Annotated[int, Field(ge=1, le=31_536_000, description="Seconds to look back.")] = 3600
    until: Annotated[
        int, Field(ge=0, le=31_536_000, description="Seconds ago the window ends; 0 for now.")
    ] = 0
    controllers: Annotated[
        bool, Field(description="Also status changes, and what controllers wrote or made.")
    ] = False
    events: Annotated[bool, Field(description="Also warnings, and what controllers report to have done.")] = (
        True
    )
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class RecentChangesOutput(BaseModel):
    """Newest first: what was changed by somebody, and apart from it what the cluster warned of."""

    summary: str
    context: str
    namespace: str
    start: datetime
    end: datetime
    changes: tuple[RecentChange, ...]
    warnings: tuple[JoinedWarning, ...] = ()
    """The same warning of several pods of one workload is one entry."""
    left_out: int = 0
    note: str = (
        "The cluster keeps the last change of each field manager only, events for about an hour,"
        " and nothing about objects that are gone."
    )
    unseen: tuple[str, ...] = ()


class KubernetesRecentChanges(OnClusters, Tool[RecentChangesArgs, RecentChangesOutput]):
    """Joins field managers' times, creations, deletions, revisions and what controllers report to have done.

    What a controller makes for another object (the Jobs of a CronJob) and what pods go through every day is
    left out; warnings are told apart from changes.

    Args:
        clusters: all contexts.
        now: the wall clock in UTC, for the window.
    """

    name = "kubernetes_recent_changes"
    summary = (
        "What changed in a window of time, newest first: who changed which object and fields,"
        " new revisions, creations, deletions, scaling; and the warnings of that time, joined."
    )
    Args = RecentChangesArgs
    Output = RecentChangesOutput
    timeout = 60.0

    def __init__(self, clusters: Clusters, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(clusters)
        self._now = now

    async def run(self, args: RecentChangesArgs, scope: Scope) -> RecentChangesOutput:
        now = self._now()
        start, end = now - timedelta(seconds=args.since), now - timedelta(seconds=args.until)
        if start >= end:
            raise Invalid("The window ends before it begins: `since` must be more than `until`.")
        cluster = await self._clusters.cluster(scope.context)
        namespace = "" if args.all_namespaces else working_namespace(args.namespace, scope)
        looking = Looking(cluster)
        resources = [(await cluster.kinds.resolve(word)).resource for word in args.kinds]
        resources = resources or [*WATCHED, *await _custom(looking, bool(namespace))]
        if "secrets" in resources:
            resources.remove("secrets")
            looking.unseen.append(_SECRETS)
        slots = asyncio.Semaphore(_AT_ONCE)

        async def read(resource: str) -> list[RecentChange]:
            async with slots:
                objects = await looking.objects(resource, namespace, metadata_only=True)
            meant = (entry for entry in objects if args.name in ("", text(entry, "metadata", "name")))
            return [found for entry in meant for found in object_changes(entry, controllers=args.controllers)]

        listed = list(await asyncio.gather(*(read(resource) for resource in resources)))
        if not args.kinds or "deployments.apps" in resources:
            listed.append(await _revisions(looking, namespace, args.name))
        events = await _events(looking, namespace, args.name) if args.events else []
        listed.append([change for change in map(_done, events) if change is not None])

        def within(at: datetime | None) -> bool:
            # A window that ends now is open: the cluster's clock may be ahead of ours.
            return at is not None and start <= at and (at <= end or not args.until)

        warnings = joined_warnings(entry for entry in events if within(entry.last))
        found = sorted(
            (entry for entries in listed for entry in entries if within(entry.at)),
            key=lambda entry: (entry.at, entry.object),
            reverse=True,
        )
        return RecentChangesOutput(
            context=cluster.context,
            namespace=namespace,
            start=start,
            end=end,
            summary=_summary(len(found), len(warnings)),
            changes=tuple(found[: args.limit]),
            warnings=tuple(warnings[: args.limit]),
            left_out=max(0, len(found) - args.limit) + max(0, len(warnings) - args.limit),
            unseen=tuple(looking.unseen),
        )


async def _custom(looking: Looking, namespaced: bool) -> list[str]:
    """The kinds that operators brought along; cluster-wide ones too where everything is asked for."""
    known = [
        kind.resource
        for kind in await looking.cluster.kinds.all()
        if kind.custom and "list" in kind.verbs and (kind.namespaced or not namespaced)
    ]
    resources = list(dict.fromkeys(known))
    if len(resources) > _MOST_CUSTOM:
        left = len(resources) - _MOST_CUSTOM
        looking.unseen.append(f"{left} of {len(resources)} custom kinds: name them to have them looked at")
    return resources[:_MOST_CUSTOM]


async def _revisions(looking: Looking, namespace: str, name: str) -> list[RecentChange]:
    """Each ReplicaSet of a Deployment is a revision that began when it was made."""
    found = []
    for entry in await looking.objects("replicasets.apps", namespace):
        owner = next((own for own in mappings(entry, "metadata", "ownerReferences")), {})
        at = moment(text(entry, "metadata", "creationTimestamp"))
        if text(owner, "kind") != "Deployment" or at is None or name not in ("", text(owner, "name")):
            continue
        cause = strings(entry, "metadata", "annotations").get(CHANGE_CAUSE, "")
        images = [text(part, "image") for part in mappings(entry, "spec", "template", "spec", "containers")]
        words = f"revision {revision(entry)} with {', '.join(images)}{f' ({cause})' if cause else ''}"
        change = told(entry, at, plain(words))
        found.append(change.model_copy(update={"object": f"deployment/{text(owner, 'name')}"}))
    return found


async def _events(looking: Looking, namespace: str, name: str) -> list[Happening]:
    try:
        events = await looking.patiently(lambda: read_events(looking.cluster, namespace))
    except ToolError as error:
        looking.unseen.append(f"events: {error.message}")
        return []
    return [entry for entry in events if not name or _belongs(entry.object.partition("/")[2], name)]


def _belongs(own: str, name: str) -> bool:
    return own == name or own.startswith(f"{name}-")


def _done(entry: Happening) -> RecentChange | None:
    """An event as a change, where a controller says in it that it changed something."""
    if entry.warning or entry.last is None or entry.reason not in _CHANGING:
        return None
    return RecentChange(
        at=entry.last,
        object=entry.object,
        namespace=entry.namespace,
        what=f"{entry.reason}: {entry.message}",
        who=entry.reporter,
    )


def _summary(changes: int, warnings: int) -> str:
    if not changes and not warnings:
        return "Nothing changed that the cluster remembers, and nothing was warned of."
    parts = [f"{changes or 'no'} change{'' if changes == 1 else 's'}"]
    if warnings:
        parts.append(f"{warnings} kind{'' if warnings == 1 else 's'} of warnings")
    return f"{', '.join(parts)}.".capitalize()
