"""A kind, live: listed once, then watched for ever, whatever happens to the connection.

The loop follows kopf's: a trivial watch inside, and outside it the patience. What is there comes from
`snapshot`; the watch goes on from its version. Where watching is not allowed it polls, and says so.
A list that has to be made anew takes nothing from the screen: only what differs is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools.errors import Forbidden, Invalid, NotConfigured, NotFound, Throttled, ToolError, Unauthorized
from tools.kubernetes.connection.api_path import ApiRequest
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.live.layout import Layout, alike
from tools.kubernetes.live.snapshot import Wanted, layout_of, rows_of, snapshot
from tools.kubernetes.live.tables import AS_TABLE
from tools.kubernetes.live.watch_wire import WireEvent, decode_events
from tools.rows import FeedState, Row, RowsChanged

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

GATHER_SECONDS = 0.05
POLL_SECONDS = 5.0
POLL_SHARE = 0.05
"""A poll may keep the cluster busy for this share of the time."""
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
    labels: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[RowsChanged]:
    """Rows of a kind as they change. Never ends by itself and raises nothing; close it to stop.

    Args:
        cluster: where.
        kind: what.
        namespace: empty for all namespaces, and for kinds without one.
        labels: a label selector; the server chooses by it.
        now: the wall clock in UTC, stamped on every batch.
        sleep: waits that many seconds between attempts.
    """
    feed = _Feed(Wanted(cluster, kind, namespace if kind.namespaced else "", labels), now)
    yield feed.change(FeedState.CONNECTING)
    wait, refused = _FIRST_WAIT, False
    while True:
        try:
            if not feed.watchable or not feed.version:
                began = asyncio.get_running_loop().time()
                async for change in feed.listed():
                    yield change
                refused = False
                if not feed.watchable:
                    took = asyncio.get_running_loop().time() - began
                    await sleep(max(POLL_SECONDS, took / POLL_SHARE))
                    continue
            feed.heard = False
            async for change in feed.watched():
                yield change
                if feed.heard:
                    refused, wait = False, _FIRST_WAIT
            if feed.watchable and not feed.heard:  # a server in trouble ends watches at once
                await sleep(_FIRST_WAIT)
        except ToolError as error:
            if feed.relists(error):
                continue
            if isinstance(error, Unauthorized) and not refused:
                refused = True  # the token ran out; the next request logs in anew
                continue
            failed = isinstance(error, Forbidden | NotFound | NotConfigured | Unauthorized | Invalid)
            yield feed.change(FeedState.FAILED if failed else FeedState.STALE, detail=str(error))
            asked = error.retry_after if isinstance(error, Throttled) else None
            await sleep(max(wait * random.uniform(0.7, 1.3), asked or 0.0))
            wait = min(wait * 2, _LONGEST_WAIT)


class _Feed:
    """One kind's rows so far, and how to get on."""

    def __init__(self, wanted: Wanted, now: Callable[[], datetime]) -> None:
        self._wanted = wanted
        self._now = now
        self._layout = Layout()
        self._environments: dict[str, str] = {}
        self._rows: dict[str, Row] = {}
        self._started = False
        self._complete = False
        self._forgotten = False
        kind = wanted.kind
        self.watchable = "watch" in kind.verbs and not wanted.plain
        self._why_polling = ""
        if not self.watchable:
            self._why_polling = f"{kind.plural} cannot be watched{' unseen' if wanted.plain else ''}"
        self.version = ""
        self.state = FeedState.CONNECTING
        self.heard = False
        """Whether the watch said anything since this was last set to false."""

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
        return RowsChanged(self._layout.columns, upserts, removed, reset, state, detail, self._now())

    async def listed(self) -> AsyncIterator[RowsChanged]:
        """All rows. The first time they come as they are read; later only what differs is told."""
        anew = not self._complete and not self._rows  # what a broken list left is compared
        found: dict[str, Row] = {}
        version, before = 0, self._layout
        async for part in snapshot(self._wanted, self._now()):
            self._layout = part.layout if part.layout.names else self._layout
            self._environments = dict(part.environments)
            version = min(version, part.version) if version and part.version else version or part.version
            if not anew:
                found |= {row.uid: row for row in part.rows}
            else:
                self._rows |= {row.uid: row for row in part.rows}
                reset = not self._started or self._layout != before
                self._started, before = True, self._layout
                rows = tuple(self._rows.values()) if reset else tuple(part.rows)
                yield self.change(FeedState.LISTING, upserts=rows, reset=reset)
        self.version = str(version or "")
        if anew:
            yield self._settled()
        else:
            yield self._difference(found, reset=self._layout != before)
        self._complete = True

    def _difference(self, found: dict[str, Row], *, reset: bool) -> RowsChanged:
        """From the rows there were to those that were found."""
        removed = tuple(uid for uid in self._rows if uid not in found)
        changed = [row for uid, row in found.items() if not _same(self._rows.get(uid), row, self._now())]
        if reset:
            self._rows, changed, removed = found, list(found.values()), ()
        else:
            self._keep(changed, removed)
        return self._settled(tuple(changed), removed, reset)

    def _settled(
        self, upserts: tuple[Row, ...] = (), removed: tuple[str, ...] = (), reset: bool = False
    ) -> RowsChanged:
        """The end of a list."""
        if self.watchable:
            return self.change(FeedState.LIVE, upserts=upserts, removed=removed, reset=reset)
        detail = f"{self._why_polling}: looking every {POLL_SECONDS:g} seconds"
        return self.change(FeedState.POLLING, upserts=upserts, removed=removed, reset=reset, detail=detail)

    async def watched(self) -> AsyncIterator[RowsChanged]:
        """Batches of changes until the server ends the watch, as it does every few minutes."""
        wanted = self._wanted
        query: dict[str, str | int] = {
            "watch": "true",
            "resourceVersion": self.version,
            "allowWatchBookmarks": "true",
            "includeObject": "Metadata",
            "timeoutSeconds": WATCH_SECONDS,
            **({"labelSelector": wanted.labels} if wanted.labels else {}),
        }
        path = wanted.kind.path(wanted.namespace)
        try:
            async with wanted.cluster.stream(path, query=query, accept=AS_TABLE, idle=IDLE_SECONDS) as chunks:
                if self.state is not FeedState.LIVE:
                    yield self.change(FeedState.LIVE)
                async for lines in _gathered(chunks):
                    events = (
                        decode_events(lines)
                        if sum(map(len, lines)) < _INLINE_BYTES
                        else await asyncio.to_thread(decode_events, lines)
                    )
                    yield self._taken(events)
        except Forbidden as error:
            self.watchable = False
            self._why_polling = f"watching is not allowed ({error.message})"

    def relists(self, error: ToolError) -> bool:
        """True when the server forgot where we were (410), once: then the next round lists anew."""
        from tools.kubernetes.connection.failures import Gone

        if not isinstance(error, Gone):
            return False
        again, self.version = self._forgotten, ""
        self._forgotten = True
        return not again

    def _taken(self, events: list[WireEvent]) -> RowsChanged:
        upserts: dict[str, Row] = {}
        removed: dict[str, None] = {}
        now = self._now()
        for event in events:
            if event.type == "ERROR":
                raise self._failure(event)
            self.heard, self._forgotten = True, False
            self.version = event.object.version or self.version
            if event.type == "BOOKMARK":
                continue
            self._layout = self._layout if self._layout.names else self._first_layout(event)
            for row in rows_of(self._wanted, event.object, self._layout, self._environments, now):
                if event.type == "DELETED":
                    upserts.pop(row.uid, None)
                    removed[row.uid] = None
                else:  # one that is made anew under its name was gone in between
                    upserts[row.uid] = row
        self._keep(upserts.values(), removed)
        return self.change(FeedState.LIVE, upserts=tuple(upserts.values()), removed=tuple(removed))

    def _first_layout(self, event: WireEvent) -> Layout:
        return layout_of(self._wanted, event.object, self._environments) or self._layout

    def _keep(self, upserts: Iterable[Row], removed: Iterable[str]) -> None:
        for uid in removed:
            self._rows.pop(uid, None)
        for row in upserts:
            self._rows[row.uid] = row

    def _failure(self, event: WireEvent) -> ToolError:
        from tools.kubernetes.connection.failures import Status, from_decoded

        wanted, said = self._wanted, event.object
        asked = ApiRequest(
            verb="watch",
            group=wanted.kind.group,
            version=wanted.kind.version,
            plural=wanted.kind.plural,
            namespace=wanted.namespace,
        )
        status = Status(reason=said.reason, message=said.message, code=said.code)
        return from_decoded(asked, wanted.cluster.context, said.code, status)


def _same(old: Row | None, new: Row, now: datetime) -> bool:
    """Whether two looks saw the same, ages apart as far as they may be rounded."""
    if old is None or old.cells != new.cells or old.health is not new.health:
        return False
    if old.created is None or new.created is None:
        return old.created is new.created
    return alike(old.created, new.created, now)


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
