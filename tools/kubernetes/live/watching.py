"""A kind, live: listed once, then watched for ever, whatever happens to the connection.

The loop follows kopf's: a trivial watch inside, and outside it the patience. It first paints from a
Table without objects, which takes a fifth of a second even for 10,000 pods, then lists pages with
metadata and watches from there. Where watching is not allowed it polls, and says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools.errors import Forbidden, Invalid, NotConfigured, NotFound, ToolError, Unauthorized
from tools.kubernetes.connection.api_path import ApiRequest
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.live.health import health
from tools.kubernetes.live.tables import Table, read_all_namespaces, read_table
from tools.kubernetes.live.watch_wire import (
    AS_TABLE,
    Layout,
    WireEvent,
    WireRow,
    WireTable,
    decode_events,
    decode_table,
)
from tools.rows import FeedState, Row, RowsChanged

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

PAGE = 500
GATHER_SECONDS = 0.05
POLL_SECONDS = 5.0
WATCH_SECONDS = 290
IDLE_SECONDS = 90.0
"""Without even a bookmark for so long, the connection counts as dead."""

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
_INLINE_BYTES = 200_000
"""More than this is decoded in a thread."""


async def watch(
    cluster: Cluster,
    kind: ResourceType,
    namespace: str = "",
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[RowsChanged]:
    """Rows of a kind as they change. Never ends by itself and raises nothing; close it to stop.

    Args:
        cluster: where.
        kind: what.
        namespace: empty for all namespaces, and for kinds without one.
        now: the wall clock in UTC, stamped on every batch.
        sleep: waits that many seconds between attempts.
    """
    feed = _Feed(cluster, kind, namespace if kind.namespaced else "", now)
    yield feed.change(FeedState.CONNECTING)
    wait = _FIRST_WAIT
    painted = False
    while True:
        try:
            if not painted:
                yield await feed.first_paint()
                painted = True
            if not feed.watchable:
                yield await feed.polled()
                await sleep(POLL_SECONDS)
                continue
            if not feed.version:
                yield await feed.listed()
            elif feed.state is not FeedState.LIVE:
                yield feed.change(FeedState.LIVE)
            quiet = True
            async for change in feed.watched():
                yield change
                quiet, wait = False, _FIRST_WAIT
            if quiet:  # ended without a word: a server in trouble ends watches at once
                await sleep(_FIRST_WAIT)
        except ToolError as error:
            if feed.relists(error) or feed.polls(error):
                continue
            failed = isinstance(error, Forbidden | NotFound | NotConfigured | Unauthorized | Invalid)
            yield feed.change(FeedState.FAILED if failed else FeedState.STALE, detail=str(error))
            await sleep(wait * random.uniform(0.7, 1.3))
            wait = min(wait * 2, _LONGEST_WAIT)


class _Feed:
    """One kind's rows so far, and how to get on."""

    def __init__(
        self, cluster: Cluster, kind: ResourceType, namespace: str, now: Callable[[], datetime]
    ) -> None:
        self._cluster = cluster
        self._kind = kind
        self._namespace = namespace
        self._now = now
        self._spread = kind.namespaced and not namespace
        self._layout = Layout((), ())
        self._polled: dict[str, Row] = {}
        self._why_polling = ""
        # A Secret's metadata may contain its values, so its rows are polled without it.
        self.watchable = "watch" in kind.verbs and kind.resource != "secrets"
        self.version = ""
        self.state = FeedState.CONNECTING

    def change(
        self,
        state: FeedState,
        *,
        upserts: tuple[Row, ...] = (),
        removed: tuple[str, ...] = (),
        reset: bool = False,
        detail: str = "",
    ) -> RowsChanged:
        self.state = state
        columns = self._layout.columns
        return RowsChanged(columns, upserts, removed, reset, state, detail, self._now())

    async def first_paint(self) -> RowsChanged:
        """All rows at once, without identities yet."""
        rows = await self._cells_only()
        return self.change(FeedState.LISTING, upserts=tuple(rows), reset=True)

    async def listed(self) -> RowsChanged:
        """All rows with their identities; from here a watch can go on."""
        rows: list[Row] = []
        more = version = ""
        while True:
            query: dict[str, str | int] = {"limit": PAGE, "includeObject": "Metadata"}
            if more:
                query["continue"] = more
            path = self._kind.path(self._namespace)
            body = await self._cluster.request("GET", path, query=query, accept=AS_TABLE)
            table, found = await asyncio.to_thread(self._page, body)
            rows += found
            version, more = table.metadata.version, table.metadata.more
            if not more:
                break
        self.version = version
        return self.change(FeedState.LIVE, upserts=tuple(rows), reset=True)

    def _page(self, body: bytes) -> tuple[WireTable, list[Row]]:
        table = decode_table(body)
        if table.columns:
            names = [(at, column.name) for at, column in enumerate(table.columns) if column.priority == 0]
            self._layout = Layout.of(names, spread=self._spread)
        return table, [row for wire in table.rows or () if (row := self._row(wire)) is not None]

    async def watched(self) -> AsyncIterator[RowsChanged]:
        """Batches of changes until the server ends the watch, as it does every few minutes."""
        query: dict[str, str | int] = {
            "watch": "true",
            "resourceVersion": self.version,
            "allowWatchBookmarks": "true",
            "includeObject": "Metadata",
            "timeoutSeconds": WATCH_SECONDS,
        }
        path = self._kind.path(self._namespace)
        async with self._cluster.stream(path, query=query, accept=AS_TABLE, idle=IDLE_SECONDS) as chunks:
            async for lines in _gathered(chunks):
                events = (
                    decode_events(lines)
                    if sum(map(len, lines)) < _INLINE_BYTES
                    else await asyncio.to_thread(decode_events, lines)
                )
                change = self._taken(events)
                if change is not None:
                    yield change

    async def polled(self) -> RowsChanged:
        """What changed since the last look."""
        rows = {row.uid: row for row in await self._cells_only()}
        before, self._polled = self._polled, rows
        return self.change(
            FeedState.POLLING,
            upserts=tuple(row for uid, row in rows.items() if before.get(uid) != row),
            removed=tuple(uid for uid in before if uid not in rows),
            reset=not before,
            detail=self._why_polling,
        )

    def relists(self, error: ToolError) -> bool:
        """True when the server forgot where we were (410): then the next round lists anew."""
        from tools.kubernetes.connection.failures import Gone

        if isinstance(error, Gone) and self.version:
            self.version = ""
            return True
        return False

    def polls(self, error: ToolError) -> bool:
        """True when we may list but not watch, or not with metadata: then we poll."""
        if isinstance(error, Forbidden) and self.watchable:
            self.watchable = False
            self._why_polling = (
                f"Watching is not allowed: looking every {POLL_SECONDS:g} seconds. {error.message}"
            )
            return True
        return False

    def _taken(self, events: list[WireEvent]) -> RowsChanged | None:
        upserts: dict[str, Row] = {}
        removed: dict[str, None] = {}
        for event in events:
            if event.type == "ERROR":
                raise self._failure(event)
            self.version = event.object.version or self.version
            if event.type == "BOOKMARK":
                continue
            for wire in event.object.rows or ():
                row = self._row(wire)
                if row is None:
                    continue
                if event.type == "DELETED":
                    upserts.pop(row.uid, None)
                    removed[row.uid] = None
                else:
                    removed.pop(row.uid, None)
                    upserts[row.uid] = row
        if not upserts and not removed:
            return None
        return self.change(FeedState.LIVE, upserts=tuple(upserts.values()), removed=tuple(removed))

    def _failure(self, event: WireEvent) -> ToolError:
        from tools.kubernetes.connection.failures import Status, from_decoded

        asked = ApiRequest(
            verb="watch", group=self._kind.group, plural=self._kind.plural, namespace=self._namespace
        )
        status = Status(reason=event.object.reason, message=event.object.message, code=event.object.code)
        return from_decoded(asked, self._cluster.context, event.object.code, status)

    def _row(self, wire: WireRow) -> Row | None:
        return self._layout.row(wire, self._cluster.context, self._kind.kind)

    async def _cells_only(self) -> list[Row]:
        if self._namespace or not self._kind.namespaced:
            table = await read_table(self._cluster, self._kind, self._namespace)
            return self._rows_of(table, self._namespace)
        table = await read_all_namespaces(self._cluster, self._kind)
        return self._rows_of(table, "")

    def _rows_of(self, table: Table, namespace: str) -> list[Row]:
        """Rows whose uid is their place, since cells do not say more."""
        spread = table.columns[:1] == ("Namespace",) and not namespace and self._kind.namespaced
        shift = int(spread)
        layout = self._layout = Layout.of(list(enumerate(table.columns))[shift:], spread=self._spread)
        rows: list[Row] = []
        for cells in table.rows:
            where = cells[0] if spread else namespace
            kept = tuple(cells[place] for place in layout.places)
            name = kept[0] if kept else ""
            rows.append(
                Row(
                    uid=f"{where}/{name}",
                    scope=self._cluster.context,
                    namespace=where,
                    name=name,
                    kind=self._kind.kind,
                    cells=layout.cells(kept, where),
                    health=health(layout.names, kept),
                )
            )
        return rows


async def _gathered(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Whole lines, those of one `GATHER_SECONDS` together."""
    rest = b""
    ended = False
    while not ended:
        try:
            rest += await anext(chunks)
        except StopAsyncIteration:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS):
                try:
                    while True:
                        rest += await anext(chunks)
                except StopAsyncIteration:
                    ended = True
        *lines, rest = rest.split(b"\n")
        lines = [line for line in lines if line.strip()]
        if lines:
            yield lines
