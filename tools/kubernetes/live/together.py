"""Several kinds, namespaces and clusters in one view; each row says what and whose it is.

Every part is watched for itself: one that fails is named in the view's state and takes nothing from
the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tools.errors import NotConfigured, NotFound, ToolError
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.live.watching import watch
from tools.rows import FeedState, Health, Row, RowsChanged

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

GROUPS: dict[str, tuple[str, ...]] = {
    "workloads": ("deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"),
    "batch": ("jobs", "cronjobs"),
    "network": ("services", "ingresses", "networkpolicies"),
    "config": ("configmaps", "secrets", "resourcequotas", "horizontalpodautoscalers"),
    "storage": ("persistentvolumeclaims", "persistentvolumes", "storageclasses"),
    "unhealthy": ("pods", "deployments", "statefulsets", "daemonsets", "jobs",
                  "persistentvolumeclaims", "nodes"),
}  # fmt: skip
"""Views of several kinds. `unhealthy` keeps only the rows that are not well."""

_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 5.0, 300.0
_SICK = frozenset({Health.BAD, Health.WARN})
_WORST = (FeedState.FAILED, FeedState.STALE, FeedState.CONNECTING, FeedState.LISTING, FeedState.POLLING)


async def watch_view(
    clusters: Clusters,
    what: str,
    *,
    contexts: Sequence[str] = ("",),
    namespaces: Sequence[str] = ("",),
    labels: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncGenerator[RowsChanged]:
    """Rows of one kind, or of a group of kinds, wherever they are asked for. Never ends by itself.

    Args:
        clusters: to look into.
        what: a kind as an operator says it, or a name in `GROUPS`.
        contexts: the kubeconfig's; empty for the current one.
        namespaces: the empty one means all.
        labels: a label selector.
        now: the wall clock in UTC.

    Raises: `NotFound` when no cluster serves any of the kinds, with near names when there is one of each;
        `NotConfigured` for a context there is not. Everything else is said in the rows' state, and one
        cluster that is away or asks for a login takes nothing from the others.
    """
    kinds = GROUPS.get(what, (what,))
    found = [await clusters.cluster(context) for context in contexts]
    if len(kinds) == len(found) == len(namespaces) == 1 and what != "unhealthy":
        async for change in _part(found[0], what, namespaces[0], labels, now, alone=True):
            yield change
        return
    parts = list(product(found, kinds, namespaces))
    joined = _Together(
        [f"{word} of {cluster.context}" for cluster, word, _ in parts],
        by_context=len(found) > 1,
        by_kind=len(kinds) > 1,
        by_namespace=len(namespaces) > 1 or "" in namespaces,
        only=_SICK if what == "unhealthy" else None,
    )
    alone = len(kinds) == len(found) == 1
    async for change in joined.run(
        [
            _part(cluster, word, namespace, labels, now, alone=alone, first=namespace == namespaces[0])
            for cluster, word, namespace in parts
        ]
    ):
        yield change
    served = ", ".join(cluster.context for cluster in found)
    raise NotFound(f"{what} is served by none of {served}.")


async def _part(
    cluster: Cluster,
    word: str,
    namespace: str,
    labels: str,
    now: Callable[[], datetime],
    *,
    alone: bool,
    first: bool = True,
) -> AsyncGenerator[RowsChanged]:
    """One kind of one cluster, in one namespace. Ends only where there is nothing to watch.

    Args:
        alone: no other part has rows: then a kind that is not known, or a login there is not, is raised.
        first: of the namespaces; what belongs to none is watched once.
    """
    kind, wait = None, _RETRY_SECONDS
    while kind is None:
        try:
            kind = await cluster.kinds.resolve(word)
        except NotFound:
            if alone:
                raise
            return  # not every cluster serves every kind
        except ToolError as error:  # the cluster is away: it may come back
            login = isinstance(error, NotConfigured)
            if login and alone:
                raise
            yield RowsChanged(
                (), state=FeedState.FAILED if login else FeedState.STALE, detail=str(error), at=now()
            )
            await asyncio.sleep(wait)
            # A login may run a program that asks the operator something: seldom, then.
            wait = min(wait * 2, _LONGEST_RETRY_SECONDS) if login else _RETRY_SECONDS
    if first or kind.namespaced:
        async for change in watch(cluster, kind, namespace, labels=labels, now=now):
            yield change


class _Together:
    """The rows of all parts under the columns of all parts."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        by_context: bool,
        by_kind: bool,
        by_namespace: bool,
        only: frozenset[Health] | None,
    ) -> None:
        self._names = names
        own = (("Context", by_context), ("Kind", by_kind), ("Namespace", by_namespace))
        self._own = tuple(name for name, wanted in own if wanted)
        self._only = only
        self._columns: list[tuple[str, ...]] = [()] * len(names)
        self._rows: list[dict[str, Row]] = [{} for _ in names]
        self._states: list[tuple[FeedState, str]] = [(FeedState.CONNECTING, "")] * len(names)
        self._shown: tuple[str, ...] = ()
        self._over: set[int] = set()
        self._moment: datetime | None = None

    async def run(self, parts: Sequence[AsyncIterator[RowsChanged]]) -> AsyncGenerator[RowsChanged]:
        """The changes of the whole. Ends, or raises what a part raised, when no part has anything to watch."""
        queue: asyncio.Queue[tuple[int, RowsChanged | Exception | None]] = asyncio.Queue(
            maxsize=2 * len(parts)
        )

        async def forward(place: int, changes: AsyncIterator[RowsChanged]) -> None:
            end: Exception | None = None
            try:
                async for change in changes:
                    await queue.put((place, change))
            except Exception as error:
                end = error
            await queue.put((place, end))

        tasks = [asyncio.create_task(forward(place, part)) for place, part in enumerate(parts)]
        try:
            while len(self._over) < len(parts):
                place, change = await queue.get()
                if isinstance(change, Exception):
                    raise change
                if change is not None:
                    yield self.take(place, change)
                    continue
                self._over.add(place)
                self._states[place] = (FeedState.LIVE, "")
                if self._moment is not None:  # the others may have waited for this one only
                    yield self.take(place, RowsChanged((), state=FeedState.LIVE, at=self._moment))
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks, return_exceptions=True)

    def take(self, place: int, change: RowsChanged) -> RowsChanged:
        """One part's change as a change of the whole."""
        self._moment = change.at or self._moment
        rows = self._rows[place]
        dropped = list(rows) if change.reset else list(change.removed)
        for uid in dropped:
            rows.pop(uid, None)
        if change.columns:
            self._columns[place] = change.columns
        self._states[place] = (change.state, change.detail)
        removed = dict.fromkeys(dropped)
        upserts: list[Row] = []
        for row in change.upserts:
            if self._only is not None and row.health not in self._only:
                if rows.pop(row.uid, None) is not None:
                    removed[row.uid] = None
                continue
            rows[row.uid] = row
            upserts.append(row)
        state, detail = self._state()
        columns = self._together()
        if columns != self._shown:  # everybody's cells move
            self._shown = columns
            every = [self._laid(at, row) for at, part in enumerate(self._rows) for row in part.values()]
            return RowsChanged(columns, tuple(every), (), True, state, detail, change.at)
        laid = tuple(self._laid(place, row) for row in upserts)
        return RowsChanged(columns, laid, tuple(removed), False, state, detail, change.at)

    def _together(self) -> tuple[str, ...]:
        """Name, whose it is, then every column of any part; the age last."""
        others = dict.fromkeys(name for columns in self._columns for name in columns[1:])
        for name in (*self._own, "Age"):
            others.pop(name, None)
        aged = ("Age",) if any("Age" in columns for columns in self._columns) else ()
        return ("Name", *self._own, *others, *aged)

    def _laid(self, place: int, row: Row) -> Row:
        cells = dict(zip(self._columns[place], row.cells, strict=False))
        own = {"Name": row.name, "Context": row.scope, "Kind": row.kind, "Namespace": row.namespace}
        return replace(
            row,
            cells=tuple(
                own[name] if name == "Name" or name in self._own else cells.get(name, "")
                for name in self._shown
            ),
        )

    def _state(self) -> tuple[FeedState, str]:
        """The worst there is, and whose it is. Rows of the others count, so only all of them can fail."""
        for worst in _WORST:
            hit = [
                (name, why)
                for name, (state, why) in zip(self._names, self._states, strict=True)
                if state is worst
            ]
            if hit:
                words = "; ".join(f"{name}: {why}" if why else name for name, why in hit)
                if worst is FeedState.FAILED and len(hit) < len(self._names):
                    return FeedState.STALE, words
                return worst, words if worst in (FeedState.FAILED, FeedState.STALE) else ""
        return FeedState.LIVE, ""
