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

from msgspec.structs import replace

from tools.errors import NotConfigured, NotFound, ToolError
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.live.watching import watch
from tools.rows import FeedState, Health, Row, RowsChanged

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

_RETRY_SECONDS = 5.0
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

    Raises: `NotFound` with near names when a single kind is known to no cluster, `NotConfigured` for
        a context there is not. Everything else is said in the rows' state.
    """
    kinds = GROUPS.get(what, (what,))
    parts: list[tuple[str, AsyncIterator[RowsChanged]]] = []
    for context, word in product(contexts, kinds):
        cluster = await clusters.cluster(context)
        kind = None
        while kind is None:
            try:
                kind = await cluster.kinds.resolve(word)
            except NotFound:
                if len(kinds) == len(contexts) == 1:
                    raise
                break  # not every cluster serves every kind of a group
            except NotConfigured:
                raise
            except ToolError as error:  # the cluster is away: it may come back
                yield RowsChanged((), state=FeedState.STALE, detail=str(error), at=now())
                await asyncio.sleep(_RETRY_SECONDS)
        for namespace in namespaces if kind is not None and kind.namespaced else ("",):
            if kind is not None:
                parts.append(
                    (f"{word} of {cluster.context}", watch(cluster, kind, namespace, labels=labels, now=now))
                )
    if not parts:
        near = next(iter(contexts), "")
        raise NotFound(f"None of the kinds of {what} is served by {near or 'the cluster'}.")
    if len(parts) == 1 and what != "unhealthy":
        async for change in parts[0][1]:
            yield change
        return
    joined = _Together(
        [name for name, _ in parts],
        by_context=len(contexts) > 1,
        by_kind=len(kinds) > 1,
        by_namespace=len(namespaces) > 1 or "" in namespaces,
        only=_SICK if what == "unhealthy" else None,
    )
    async for change in joined.run([changes for _, changes in parts]):
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

    async def run(self, parts: Sequence[AsyncIterator[RowsChanged]]) -> AsyncGenerator[RowsChanged]:
        queue: asyncio.Queue[tuple[int, RowsChanged]] = asyncio.Queue(maxsize=2 * len(parts))

        async def forward(place: int, changes: AsyncIterator[RowsChanged]) -> None:
            async for change in changes:
                await queue.put((place, change))

        tasks = [asyncio.create_task(forward(place, part)) for place, part in enumerate(parts)]
        try:
            while True:
                yield self.take(*await queue.get())
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks, return_exceptions=True)

    def take(self, place: int, change: RowsChanged) -> RowsChanged:
        """One part's change as a change of the whole."""
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
