"""What is there now, in parts: the first rows come before the last ones are asked for.

Tables without objects are the cheapest way there is (10,000 pods in a fifth of a second), and name no
namespace; so each namespace is asked for its own. Where a kind's first column is not its name
(events), or namespaces may not be listed, pages with metadata are read instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tools.errors import Forbidden
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.live.layout import Layout
from tools.kubernetes.live.tables import AS_TABLE, Table, read_table
from tools.kubernetes.live.watch_wire import (
    Metadata,
    WireTable,
    cell_text,
    decode_labels,
    decode_table,
)
from tools.kubernetes.reads.find import ENVIRONMENT_LABELS, SYNONYMS
from tools.rows import Row

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

PAGE = 1_000
"""Rows asked for at once; also the most that one part holds."""

_METADATA_PAGE = 500
_NAMESPACES_AT_ONCE = 8
_TOGETHER_SECONDS = 0.05
_AS_METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
_KNOWN_ENVIRONMENTS = frozenset({*SYNONYMS, *SYNONYMS.values()})


class Wanted(NamedTuple):
    """What is looked at: a kind in one namespace, or everywhere for an empty one."""

    cluster: Cluster
    kind: ResourceType
    namespace: str = ""
    labels: str = ""

    @property
    def everywhere(self) -> bool:
        return self.kind.namespaced and not self.namespace

    @property
    def word(self) -> str:
        """What rows call the kind: `Pod`, or `Service.serving.knative.dev` where the name alone means another."""
        kind = self.kind
        return kind.kind if self.cluster.kinds.spelling(kind) == kind.word else f"{kind.kind}.{kind.group}"

    @property
    def plain(self) -> bool:
        """A Secret's metadata may contain its values, so it is never asked for."""
        return self.kind.resource == "secrets"


class Part(NamedTuple):
    """Some of the rows."""

    layout: Layout
    rows: list[Row]
    version: int
    """The resource version of these rows; 0 when the server told none."""
    environments: Mapping[str, str]


async def snapshot(wanted: Wanted, now: datetime) -> AsyncGenerator[Part]:
    """All rows, in parts of at most `PAGE`. At least one part, if only to name the columns.

    Args:
        wanted: what to look at.
        now: the moment that ages count from, UTC.

    Raises: a `ToolError`; nothing else.
    """
    environments: dict[str, str] | None = {}
    if wanted.everywhere:
        environments = await _namespaces(wanted.cluster)
    by_name = wanted.kind.plural != "events"
    if by_name and environments is not None:
        parts = _spread(wanted, environments, now) if wanted.everywhere else _apart(wanted, now)
        try:
            async for part in parts:
                yield part
            return
        except _Nameless:
            pass
        finally:
            await parts.aclose()
    async for part in _with_metadata(wanted, environments or {}, now):
        yield part


class _Nameless(Exception):
    """The first column does not hold the names."""


async def _apart(wanted: Wanted, now: datetime) -> AsyncGenerator[Part]:
    async for table in _pages(wanted, wanted.namespace):
        layout = _layout(wanted, table, {})
        yield Part(
            layout, _rows(wanted, wanted.namespace, table, layout, {}, now), _number(table.version), {}
        )


async def _spread(wanted: Wanted, environments: Mapping[str, str], now: datetime) -> AsyncGenerator[Part]:
    """Namespace by namespace, several at once, in the order of their answers."""
    slots = asyncio.Semaphore(_NAMESPACES_AT_ONCE)

    async def one(namespace: str) -> list[Part]:
        async with slots:
            found = []
            async for table in _pages(wanted, namespace):
                layout = _layout(wanted, table, environments)
                rows = _rows(wanted, namespace, table, layout, environments, now)
                found.append(Part(layout, rows, _number(table.version), environments))
            return found

    running = {asyncio.create_task(one(name)) for name in sorted(environments)}
    patience, until = None, asyncio.FIRST_COMPLETED
    try:
        while running:
            done, running = await asyncio.wait(running, timeout=patience, return_when=until)
            parts = [part for task in done for part in task.result()]
            for part in _joined(parts):
                yield part
            # The first answer is shown at once, later ones a few at a time.
            patience, until = _TOGETHER_SECONDS, asyncio.ALL_COMPLETED
    finally:
        for task in running:
            task.cancel()


def _joined(parts: list[Part]) -> list[Part]:
    """Fewer parts of the same layout, none above `PAGE` rows. The oldest version counts."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if last is None or last.layout != part.layout or len(last.rows) + len(part.rows) > PAGE:
            joined.append(part)
        else:
            versions = [version for version in (last.version, part.version) if version]
            joined[-1] = last._replace(rows=last.rows + part.rows, version=min(versions, default=0))
    return joined


async def _pages(wanted: Wanted, namespace: str) -> AsyncGenerator[Table]:
    after = ""
    while True:
        table = await read_table(
            wanted.cluster, wanted.kind, namespace, labels=wanted.labels, limit=PAGE, after=after
        )
        yield table
        after = table.more
        if not after:
            return


async def _with_metadata(
    wanted: Wanted, environments: Mapping[str, str], now: datetime
) -> AsyncGenerator[Part]:
    """Heavier: every row brings its object's metadata."""
    layout, after = Layout(), ""
    while True:
        query: dict[str, str | int] = {"limit": _METADATA_PAGE, "includeObject": "Metadata"}
        query |= {"labelSelector": wanted.labels} if wanted.labels else {}
        query |= {"continue": after} if after else {}
        path = wanted.kind.path(wanted.namespace)
        body = await wanted.cluster.request("GET", path, query=query, accept=AS_TABLE)
        table = await asyncio.to_thread(decode_table, body)
        layout = layout_of(wanted, table, environments) or layout
        rows = rows_of(wanted, table, layout, environments, now)
        yield Part(layout, rows, _number(table.metadata.version), environments)
        after = table.metadata.more
        if not after:
            return


def layout_of(wanted: Wanted, table: WireTable, environments: Mapping[str, str]) -> Layout | None:
    """The columns a table brought along; watches name them once."""
    if not table.columns:
        return None
    names = [(at, column.name) for at, column in enumerate(table.columns) if column.priority == 0]
    return Layout.of(names, spread=wanted.everywhere, environments=any(environments.values()))


def rows_of(
    wanted: Wanted, table: WireTable, layout: Layout, environments: Mapping[str, str], now: datetime
) -> list[Row]:
    """The rows of a table with metadata; what has none is left out."""
    return [
        layout.row(
            [cell_text(cell) for cell in wire.cells],
            wire.object.metadata,
            context=wanted.cluster.context,
            kind=wanted.word,
            environments=environments,
            now=now,
        )
        for wire in table.rows or ()
        if wire.object is not None
    ]


def _layout(wanted: Wanted, table: Table, environments: Mapping[str, str]) -> Layout:
    if table.columns and table.columns[0] != "Name":
        raise _Nameless
    return Layout.of(
        list(enumerate(table.columns)), spread=wanted.everywhere, environments=any(environments.values())
    )


def _rows(
    wanted: Wanted,
    namespace: str,
    table: Table,
    layout: Layout,
    environments: Mapping[str, str],
    now: datetime,
) -> list[Row]:
    context, kind = wanted.cluster.context, wanted.word
    return [
        layout.row(
            cells,
            Metadata(name=cells[0], namespace=namespace),
            context=context,
            kind=kind,
            environments=environments,
            now=now,
        )
        for cells in table.rows
        if cells
    ]


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0


async def _namespaces(cluster: Cluster) -> dict[str, str] | None:
    """The environment of every namespace, empty where none is known; None when they may not be listed."""
    kind = await cluster.kinds.resolve("namespaces")
    try:
        body = await cluster.request("GET", kind.path(), accept=_AS_METADATA)
    except Forbidden:
        return None
    found = await asyncio.to_thread(decode_labels, body)
    return {space.name: environment_of(space.name, space.labels or {}) for space in found}


def environment_of(namespace: str, labels: Mapping[str, str]) -> str:
    """The environment a namespace's labels name, or else a word of its name (`shop-staging`)."""
    for key in ENVIRONMENT_LABELS:
        if labels.get(key):
            return labels[key]
    words = namespace.lower().replace("_", "-").split("-")
    return next((word for word in words if word in _KNOWN_ENVIRONMENTS), "")
