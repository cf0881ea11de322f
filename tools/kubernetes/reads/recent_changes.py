"""kubernetes_recent_changes: what changed in a window of time, the newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from tools.errors import Invalid, ToolError
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.fields import Json, mapping, mappings, number, strings, text
from tools.kubernetes.finding import Kind, OnClusters, working_namespace
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.events import moment, read_events
from tools.kubernetes.reads.looking import Looking
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
_MOST_FIELDS = 12
_MOST_CUSTOM = 40
"""Custom kinds that are looked at unasked."""
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
    controllers: Annotated[bool, Field(description="Also status changes and what controllers wrote.")] = False
    events: Annotated[bool, Field(description="Also events.")] = True
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class RecentChange(BaseModel):
    """One thing that happened to one object."""

    at: datetime
    object: str
    namespace: str
    what: str
    """In words: created, changed, new revision, event."""
    who: str = ""
    """The field manager or reporter: `kubectl-client-side-apply`, `helm`, `argocd`."""
    fields: tuple[str, ...] = ()
    """What that manager owns now, of which at least something changed then."""
    generation: int = 0
    """How often the object's intent has changed in all; 0 where the cluster does not count."""
    warning: bool = False


class RecentChangesOutput(BaseModel):
    """Newest first."""

    context: str
    namespace: str
    start: datetime
    end: datetime
    changes: tuple[RecentChange, ...]
    left_out: int = 0
    note: str = (
        "The cluster keeps the last change of each field manager only, events for about an hour,"
        " and nothing about objects that are gone."
    )
    unseen: tuple[str, ...] = ()


class KubernetesRecentChanges(OnClusters, Tool[RecentChangesArgs, RecentChangesOutput]):
    """Joins field managers' times, creations, deletions, revisions and events into one list.

    Args:
        clusters: all contexts.
        now: the wall clock in UTC, for the window.
    """

    name = "kubernetes_recent_changes"
    summary = (
        "What changed in a window of time, newest first: who changed which object and fields,"
        " new revisions, creations, deletions, events."
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
        if args.events:
            listed.append(await _events(looking, namespace, args.name))
        found = sorted(
            (
                entry
                for entries in listed
                for entry in entries
                # A window that ends now is open: the cluster's clock may be ahead of ours.
                if start <= entry.at and (entry.at <= end or not args.until)
            ),
            key=lambda entry: (entry.at, entry.object),
            reverse=True,
        )
        return RecentChangesOutput(
            context=cluster.context,
            namespace=namespace,
            start=start,
            end=end,
            changes=tuple(found[: args.limit]),
            left_out=max(0, len(found) - args.limit),
            unseen=tuple(looking.unseen),
        )


def object_changes(obj: Json, *, controllers: bool) -> list[RecentChange]:
    """What an object's metadata tells of its past.

    Args:
        obj: the object, its kind included.
        controllers: also what is written to subresources such as `status`.
    """
    metadata = mapping(obj, "metadata")
    generation = number(metadata, "generation")
    created = moment(text(metadata, "creationTimestamp"))
    found = []
    if created is not None:
        found.append(_told(obj, created, "created"))
    if leaving := moment(text(metadata, "deletionTimestamp")):
        found.append(_told(obj, leaving, "marked for deletion, not gone yet"))
    for owner in mappings(metadata, "managedFields"):
        at = moment(text(owner, "time"))
        sub = text(owner, "subresource")
        if at is None or (created is not None and at <= created and not sub):
            if at is not None and found:  # the creation itself: it tells by whom
                found[0] = found[0].model_copy(update={"who": plain(text(owner, "manager"))})
            continue
        by_controller = sub == "status" or "controller" in text(owner, "manager")
        if by_controller and not controllers:
            continue
        fields = owned_fields(mapping(owner, "fieldsV1"))
        shown = tuple(fields[:_MOST_FIELDS])
        more = (f"and {len(fields) - _MOST_FIELDS} more",) if len(fields) > _MOST_FIELDS else ()
        change = _told(
            obj, at, f"{text(owner, 'operation').lower() or 'change'}{f' of {sub}' if sub else ''}"
        )
        found.append(
            change.model_copy(
                update={
                    "who": plain(text(owner, "manager")),
                    "fields": shown + more,
                    "generation": generation,
                }
            )
        )
    return found


def owned_fields(fields: Json) -> list[str]:
    """The paths in a `fieldsV1` set, such as `spec.template.spec.containers[app].image`; leaves only."""
    found: list[str] = []
    _descend("", fields, found)
    return sorted(found)


def _descend(path: str, inside: JsonValue, found: list[str]) -> None:
    below = [key for key in inside if key != "."] if isinstance(inside, dict) else []
    if not below and path:
        found.append(plain(path))
        return
    for key in below:
        mark, _, name = key.partition(":")
        if mark == "f":
            odd = "." in name or "/" in name
            step = f"[{name}]" if odd else f".{name}" if path else name
        elif mark == "k":
            step = f"[{_key_words(name)}]"
        else:
            step = f"[{name}]"
        _descend(path + step, inside.get(key) if isinstance(inside, dict) else None, found)


def _key_words(key: str) -> str:
    """`{"name":"app"}` as `app`, several keys joined."""
    pairs = [part.partition(":")[2].strip('"') for part in key.strip("{}").split(",")]
    return "/".join(pairs)


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
        change = _told(entry, at, plain(words))
        found.append(change.model_copy(update={"object": f"deployment/{text(owner, 'name')}"}))
    return found


async def _events(looking: Looking, namespace: str, name: str) -> list[RecentChange]:
    try:
        events = await looking.patiently(lambda: read_events(looking.cluster, namespace))
    except ToolError as error:
        looking.unseen.append(f"events: {error.message}")
        return []
    found = []
    for entry in events:
        own = entry.object.partition("/")[2]
        if entry.last is None or (name and own != name and not own.startswith(f"{name}-")):
            continue
        times = f", {entry.count} times" if entry.count > 1 else ""
        found.append(
            RecentChange(
                at=entry.last,
                object=entry.object,
                namespace=entry.namespace,
                what=f"event {entry.reason}{times}: {entry.message}",
                warning=entry.warning,
            )
        )
    return found


def _told(obj: Json, at: datetime, what: str) -> RecentChange:
    return RecentChange(
        at=at,
        object=f"{text(obj, 'kind').lower()}/{text(obj, 'metadata', 'name')}",
        namespace=text(obj, "metadata", "namespace"),
        what=what,
        generation=number(obj, "metadata", "generation"),
    )
