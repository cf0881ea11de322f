"""kubernetes_events: what the cluster itself reported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.fields import Json, mappings, number, text
from tools.kubernetes.finding import Kind, OnClusters, working_namespace
from tools.kubernetes.plain_text import plain
from tools.tool import Arguments, OptionalNamespace, Scope, Tool

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

_PAGE = 2_000


class Happening(BaseModel):
    """One event: what was reported about which object, how often, and when last."""

    model_config = ConfigDict(frozen=True)

    last: datetime | None
    warning: bool
    reason: str
    object: str
    namespace: str
    message: str
    count: int = 1
    uid: str = ""
    """Of the object it speaks of."""
    reporter: str = ""
    """The component that says it."""


class EventsArgs(Arguments):
    namespace: OptionalNamespace = ""
    all_namespaces: bool = False
    kind: Kind | None = None
    name: Annotated[
        str, Field(max_length=253, pattern=r"^([A-Za-z0-9][A-Za-z0-9._:-]*)?$", description="Of the object.")
    ] = ""
    since: Annotated[int, Field(ge=0, le=604_800, description="Seconds to look back; 0 for all.")] = 0
    warnings_only: bool = False
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class EventsOutput(BaseModel):
    """Warnings first, then the newest first."""

    context: str
    namespace: str
    events: tuple[Happening, ...]
    left_out: int = 0


class KubernetesEvents(OnClusters, Tool[EventsArgs, EventsOutput]):
    """Reads events of a namespace or of one object.

    Args:
        clusters: all contexts.
        now: the wall clock in UTC, for `since`.
    """

    name = "kubernetes_events"
    summary = "Read the events of a namespace or of one object, warnings first."
    Args = EventsArgs
    Output = EventsOutput

    def __init__(self, clusters: Clusters, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(clusters)
        self._now = now

    async def run(self, args: EventsArgs, scope: Scope) -> EventsOutput:
        cluster = await self._clusters.cluster(scope.context)
        namespace = "" if args.all_namespaces else working_namespace(args.namespace, scope)
        kind = (await cluster.kinds.resolve(args.kind)).kind if args.kind else ""
        found = await read_events(cluster, namespace, kind=kind, name=args.name)
        if args.since:
            oldest = self._now() - timedelta(seconds=args.since)
            found = [entry for entry in found if entry.last is None or entry.last >= oldest]
        if args.warnings_only:
            found = [entry for entry in found if entry.warning]
        return EventsOutput(
            context=cluster.context,
            namespace=namespace,
            events=tuple(found[: args.limit]),
            left_out=max(0, len(found) - args.limit),
        )


async def read_events(
    cluster: Cluster, namespace: str, *, kind: str = "", name: str = "", uid: str = ""
) -> list[Happening]:
    """Events, warnings first, then the newest first.

    Args:
        cluster: where.
        namespace: empty for all.
        kind: only about objects of this kind (`Pod`).
        name: only about objects of this name.
        uid: only about this very object, not about an earlier one of the same name.
    """
    terms = {"involvedObject.kind": kind, "involvedObject.name": name, "involvedObject.uid": uid}
    query: dict[str, str | int] = {"limit": _PAGE}
    chosen = ",".join(f"{key}={entry}" for key, entry in terms.items() if entry)
    if chosen:
        query["fieldSelector"] = chosen
    path = f"/api/v1/namespaces/{namespace}/events" if namespace else "/api/v1/events"
    found = [_happening(entry) for entry in mappings(await cluster.json("GET", path, query=query), "items")]
    return sorted(
        found, key=lambda entry: (not entry.warning, -(entry.last.timestamp() if entry.last else 0))
    )


def moment(stamp: str) -> datetime | None:
    """An API timestamp, or None for an empty or odd one."""
    try:
        return datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None


def _happening(event: Json) -> Happening:
    last = (
        text(event, "series", "lastObservedTime")
        or text(event, "lastTimestamp")
        or text(event, "eventTime")
        or text(event, "metadata", "creationTimestamp")
    )
    about = f"{text(event, 'involvedObject', 'kind').lower()}/{text(event, 'involvedObject', 'name')}"
    return Happening(
        last=moment(last),
        warning=text(event, "type") == "Warning",
        reason=text(event, "reason"),
        object=about,
        namespace=text(event, "metadata", "namespace"),
        message=plain(" ".join(text(event, "message").split())),
        count=max(number(event, "series", "count"), number(event, "count"), 1),
        uid=text(event, "involvedObject", "uid"),
        reporter=plain(text(event, "reportingComponent") or text(event, "source", "component")),
    )
