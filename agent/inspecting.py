"""One object from all sides: what it is, its YAML, its events, what belongs to it, who touched it before.

The sides come one by one, as soon as each is there, and again when the object changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import msgspec
from pydantic import JsonValue

from agent.checking import fill
from agent.commands import Inspect
from agent.events import Inspected
from agent.looking.pages import (
    EventsPage,
    Page,
    PastSession,
    RelatedPage,
    Section,
    SessionsPage,
    Side,
    SummaryPage,
)
from agent.looking.summary import summary_page
from agent.looking.yaml_text import object_page, yaml_page
from agent.mentions import mention_of
from agent.reading import Reader
from agent.recovery import classify
from agent.touching import CHANGED, PLANNED
from memory.journal import Journal
from memory.touched import TouchedBy, sessions_touching
from tools.errors import NotFound
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.fields import Json, text
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.live.object_changes import changes_of
from tools.kubernetes.reads.events import read_events
from tools.kubernetes.relations import relations_of
from tools.tool import Call, Registry, Scope

BREATH = 1.0
"""Seconds at least between two looks at an object that keeps changing."""

Show = Callable[[Inspected], None]


class Inspector:
    """Looks at objects: of a cluster live, at those of a cloud once, through the tool that describes them.

    Args:
        registry, reader: the tools there are.
        clusters: the way to the clusters, if there are any.
        journal: remembers which sessions touched what.
        now: the time, with zone.
        sleep: waits that many seconds.
    """

    def __init__(
        self,
        registry: Registry,
        reader: Reader,
        clusters: Clusters | None,
        journal: Journal,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._registry = registry
        self._reader = reader
        self._clusters = clusters
        self._journal = journal
        self._now = now
        self._sleep = sleep

    async def inspect(self, command: Inspect, session: Scope, show: Show) -> None:
        """Show every side of the object, and again whenever it changes; until it is gone.

        A side that cannot be read says why in its own place.
        """
        scope = fill(command.scope, session)
        service, _, kind = command.what.rpartition(":")
        try:
            if service or self._clusters is None:
                await self._described(command, kind, scope, show)
                return
            # The object's own namespace, or none: not the one the operator happens to work in.
            target = await OnClusters(self._clusters).target(kind, command.name, "", scope)
            if target.kind.resource == "secrets":
                await self._secret(command.request, target, scope, show)
            else:
                await self._object(command.request, target, show)
        except Exception as caught:
            error = classify(caught, f"Looking at {kind}/{command.name}")
            gone = isinstance(error, NotFound)
            show(Inspected(request=command.request, side="summary", failure=str(error), gone=gone))

    async def _object(self, request: str, target: Target, show: Show) -> None:
        obj = self._reader.redactor.mapping(await _read(target))
        await self._sides(request, target, obj, show, first=True)
        uid, version = text(obj, "metadata", "uid"), text(obj, "metadata", "resourceVersion")
        async for happened in changes_of(target, uid, version, sleep=self._sleep):
            if happened == "deleted":
                when = f"{self._now().astimezone():%H:%M:%S}"
                words = f"{target} was deleted at {when}. What is shown is how it was last seen."
                show(Inspected(request=request, side="summary", failure=words, gone=True))
                return
            try:
                obj = self._reader.redactor.mapping(await _read(target))
            except NotFound:
                continue  # the watch says so in a moment
            await self._sides(request, target, obj, show, first=False)
            await self._sleep(BREATH)

    async def _sides(self, request: str, target: Target, obj: Json, show: Show, *, first: bool) -> None:
        async def summary() -> Page:
            word, context = target.word, target.cluster.context
            return await asyncio.to_thread(summary_page, obj, word=word, context=context)

        async def related() -> Page:
            relations = await relations_of(target, obj)
            return RelatedPage(relations.found, relations.troubles)

        sides: dict[Side, Callable[[], Awaitable[Page]]] = {
            "summary": summary,
            "yaml": lambda: asyncio.to_thread(object_page, obj),
            "events": lambda: self._events(target, text(obj, "metadata", "uid")),
            "related": related,
        }
        if first:
            sides["sessions"] = lambda: self._sessions(target)
        await asyncio.gather(*(self._side(request, side, make, show) for side, make in sides.items()))

    async def _side(self, request: str, side: Side, make: Callable[[], Awaitable[Page]], show: Show) -> None:
        try:
            show(Inspected(request=request, side=side, page=await make()))
        except Exception as caught:
            failure = str(classify(caught, f"Reading the {side}"))
            show(Inspected(request=request, side=side, failure=failure))

    async def _secret(self, request: str, target: Target, scope: Scope, show: Show) -> None:
        """A Secret's name, type and size. Its values never leave the server, and so nothing else of it does."""
        args: dict[str, JsonValue] = {"kind": "secret", "name": target.name, "namespace": target.namespace}
        output = await self._reader.run(Call(tool="kubernetes_get", args=args), scope)
        found = output.model_dump(mode="json").get("object")
        printed = found.get("printed") if isinstance(found, dict) else None
        cells = printed if isinstance(printed, dict) else {}
        rows = [("kind", "Secret  v1"), ("context", target.cluster.context), ("namespace", target.namespace)]
        rows += [(str(key).lower(), str(cell)) for key, cell in cells.items() if key != "Name"]
        page = SummaryPage(
            mention_of("secret", target.namespace, target.name),
            (Section("", tuple(rows)), Section("values", (("not read", _SECRET),))),
        )
        show(Inspected(request=request, side="summary", page=page))
        show(Inspected(request=request, side="yaml", failure=f"The YAML of a Secret is not read. {_SECRET}"))
        failure = "What belongs to a Secret is not looked for: that would need its metadata."
        show(Inspected(request=request, side="related", failure=failure))
        await asyncio.gather(
            self._side(request, "events", lambda: self._events(target, ""), show),
            self._side(request, "sessions", lambda: self._sessions(target), show),
        )

    async def _described(self, command: Inspect, kind: str, scope: Scope, show: Show) -> None:
        tool = f"aws_{kind}_describe"
        if tool not in self._registry:
            words = f"There is no closer look at {command.what}."
            show(Inspected(request=command.request, side="summary", failure=words))
            return
        output = await self._reader.run(Call(tool=tool, args={"id": command.name}), scope)
        page = await asyncio.to_thread(yaml_page, output.model_dump(mode="json"))
        show(Inspected(request=command.request, side="summary", page=page))

    async def _events(self, target: Target, uid: str) -> Page:
        kind = target.kind.kind
        if kind == "Node":
            uid = ""  # the kubelet writes its node's name there
        found = await read_events(target.cluster, target.namespace, kind=kind, name=target.name, uid=uid)
        oldest = datetime.min.replace(tzinfo=UTC)
        latest = sorted(found, key=lambda event: event.last or oldest, reverse=True)
        return EventsPage(tuple(latest), self._now())

    async def _sessions(self, target: Target) -> Page:
        found = await sessions_touching(self._journal.database, target.cluster.context, str(target))
        return SessionsPage(
            tuple(PastSession(item.session, item.title, item.at, _did(item)) for item in found)
        )


_SECRET = (
    "Values of Secrets stay on the server; so do keys and annotations, which can hold copies of them."
    " X reveals the values to you, once."
)


async def _read(target: Target) -> Json:
    """The whole object; a large one is decoded beside everything else.

    Raises:
        NotFound: with the names that resemble it.
        ToolError: as the server says.
    """
    try:
        body = await target.cluster.request("GET", target.path())
    except NotFound:
        return await target.read()
    decoded: Json = await asyncio.to_thread(msgspec.json.decode, body)
    return decoded


def _did(item: TouchedBy) -> str:
    if CHANGED in item.how:
        return "changed it"
    return "planned to change it" if PLANNED in item.how else "looked at it"
