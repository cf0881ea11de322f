"""A live view stays right whatever happens to the connection."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.tools.kubernetes.api_server import ApiServer, api_server, connected
from tests.tools.kubernetes.lab import PATIENCE, Lab
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.live.watching import watch
from tools.rows import FeedState, Health, Row, RowsChanged

PODS = ResourceType("", "v1", "pods", "Pod", True, ("get", "list", "watch"), "pod")
PATH = "/api/v1/namespaces/shop/pods"
COLUMNS = [{"name": name, "priority": 0} for name in ("Name", "Ready", "Status", "Age")]


class View:
    """What a console would hold: rows by uid, and the states it went through."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.states: list[FeedState] = []
        self.details: list[str] = []
        self.columns: tuple[str, ...] = ()
        self.resets = 0

    def take(self, change: RowsChanged) -> None:
        if change.reset:
            self.rows.clear()
            self.resets += 1
        for uid in change.removed:
            self.rows.pop(uid, None)
        for row in change.upserts:
            self.rows[row.uid] = row
        self.columns = change.columns or self.columns
        self.details.append(change.detail)
        if self.states[-1:] != [change.state]:
            self.states.append(change.state)

    @property
    def names(self) -> set[str]:
        return {row.name for row in self.rows.values()}


async def follow(changes: AsyncIterator[RowsChanged], done: Callable[[View], bool]) -> View:
    """Take changes until the view is as wished."""
    view = View()
    async with asyncio.timeout(PATIENCE), aclosing(changes):  # type: ignore[type-var]
        async for change in changes:
            view.take(change)
            if done(view):
                break
    return view


async def at_once(_: float) -> None:
    await asyncio.sleep(0)


def row(name: str, version: str, status: str = "Running") -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": f"uid-{name}",
        "resourceVersion": version,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    return {"cells": [name, "1/1", status, "5m"], "object": {"metadata": metadata}}


def table(*rows: dict[str, Any], version: str = "10", more: str = "") -> dict[str, Any]:
    metadata = {"resourceVersion": version, **({"continue": more} if more else {})}
    return {"kind": "Table", "columnDefinitions": COLUMNS, "metadata": metadata, "rows": list(rows)}


def line(kind: str, *rows: dict[str, Any]) -> bytes:
    body = {"kind": "Table", "columnDefinitions": None, "rows": list(rows), "metadata": {}}
    return json.dumps({"type": kind, "object": body}).encode() + b"\n"


def bookmark(version: str) -> bytes:
    body = {
        "kind": "Table",
        "columnDefinitions": None,
        "metadata": {"resourceVersion": version},
        "rows": None,
    }
    return json.dumps({"type": "BOOKMARK", "object": body}).encode() + b"\n"


def gone() -> bytes:
    body = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old", "metadata": {}}
    return json.dumps({"type": "ERROR", "object": body}).encode() + b"\n"


class Pods:
    """Lists and watches of pods, one after the other as given; the last watch stays open."""

    def __init__(self, server: ApiServer) -> None:
        self.lists: list[dict[str, Any]] = []
        self.watches: list[list[bytes]] = []
        self.asked: list[dict[str, str]] = []
        self.ended = asyncio.Event()
        server.answers[PATH] = self.answer

    async def answer(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        self.asked.append(query)
        if "watch" not in query:
            found = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
            if query.get("includeObject") == "None":
                found = {**found, "rows": [{"cells": entry["cells"]} for entry in found["rows"]]}
            return web.json_response(found)
        response = web.StreamResponse()
        await response.prepare(request)
        if not self.watches:
            await self.ended.wait()
            return response
        for part in self.watches.pop(0):
            await response.write(part)
        return response

    @property
    def resumed(self) -> list[str]:
        return [query["resourceVersion"] for query in self.asked if "watch" in query]


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with api_server() as running:
        yield running


@pytest.fixture
async def pods(server: ApiServer) -> AsyncIterator[Pods]:
    found = Pods(server)
    yield found
    found.ended.set()


async def test_all_rows_need_one_light_request_and_are_live_at_once(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.lists = [table(row("a", "3"), row("b", "4"))]
    async with connected(server.url, tmp_path) as (cluster, _):
        view = await follow(watch(cluster, PODS, "shop"), lambda view: FeedState.LIVE in view.states)
    assert view.states == [FeedState.CONNECTING, FeedState.LISTING, FeedState.LIVE]
    assert pods.asked[0]["includeObject"] == "None"
    assert not [query for query in pods.asked if "watch" not in query][1:]
    assert len(view.rows) == 2
    assert view.columns == ("Name", "Ready", "Status", "Age")
    found = next(row for row in view.rows.values() if row.name == "a")
    assert (found.scope, found.namespace, found.kind, found.health) == ("lab", "shop", "Pod", Health.OK)
    assert found.created is not None


async def test_all_pages_of_a_list_are_read(server: ApiServer, pods: Pods, tmp_path: Path) -> None:
    pods.lists = [table(row("a", "3"), more="next"), table(row("b", "4"))]
    async with connected(server.url, tmp_path) as (cluster, _):
        view = await follow(watch(cluster, PODS, "shop"), lambda view: FeedState.LIVE in view.states)
    assert view.names == {"a", "b"}
    assert [query.get("continue") for query in pods.asked[:2]] == [None, "next"]


async def test_changes_arrive_and_events_cut_anywhere_are_put_together(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.lists = [table(row("a", "3"))]
    stream = (
        line("ADDED", row("b", "11"))
        + line("MODIFIED", row("a", "12", "Error"))
        + line("DELETED", row("b", "13"))
    )
    pods.watches = [[stream[:100], stream[100:105], stream[105:]]]
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, PODS, "shop", sleep=at_once)
        view = await follow(changes, lambda view: any(r.health is Health.BAD for r in view.rows.values()))
    assert [row.cells for row in view.rows.values()] == [("a", "1/1", "Error", "")]


async def test_a_watch_that_ends_goes_on_from_the_last_bookmark(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.lists = [table(row("a", "3"), version="10")]
    pods.watches = [[line("ADDED", row("b", "11")), bookmark("40")], [line("ADDED", row("c", "41"))]]
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, PODS, "shop", sleep=at_once)
        view = await follow(changes, lambda view: view.names == {"a", "b", "c"})
    assert pods.resumed[:2] == ["10", "40"]
    assert FeedState.STALE not in view.states


async def test_a_forgotten_version_means_listing_anew_without_ghosts(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.lists = [
        table(row("a", "3"), row("ghost", "4")),
        table(row("a", "3"), row("new", "90"), version="91"),
    ]
    pods.watches = [[gone()]]
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, PODS, "shop", sleep=at_once)
        view = await follow(changes, lambda view: "new" in view.names)
    assert view.names == {"a", "new"}
    assert FeedState.STALE not in view.states
    assert view.resets == 1  # the screen was never emptied


async def test_a_dropped_connection_is_said_and_heals(server: ApiServer, pods: Pods, tmp_path: Path) -> None:
    pods.lists = [table(row("a", "3"), version="10")]
    pods.watches = [[line("ADDED", row("b", "11"))], [line("ADDED", row("c", "12"))]]
    refuse = [2]
    real = pods.answer

    async def flaky(request: web.Request) -> web.StreamResponse:
        if "watch" in request.query and refuse[0] and len(pods.watches) == 1:
            refuse[0] -= 1
            assert request.transport is not None
            request.transport.abort()
        return await real(request)

    server.answers[PATH] = flaky
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, PODS, "shop", sleep=at_once)
        view = await follow(changes, lambda view: view.names == {"a", "b", "c"})
    assert FeedState.STALE in view.states
    assert view.states[-1] is FeedState.LIVE


async def test_without_the_right_to_watch_it_polls_and_says_so(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.lists = [table(row("a", "3"))]
    real = pods.answer

    async def no_watching(request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            return await real(request)
        body = {"kind": "Status", "reason": "Forbidden", "message": "cannot watch", "code": 403}
        return web.json_response(body, status=403)

    server.answers[PATH] = no_watching
    rounds = 0

    async def next_round(_: float) -> None:
        nonlocal rounds
        rounds += 1
        pods.lists = [table(row("b", "5"))]
        await asyncio.sleep(0)

    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, PODS, "shop", sleep=next_round)
        view = await follow(changes, lambda view: rounds > 0 and view.names == {"b"})
    assert view.states[-1] is FeedState.POLLING
    assert "not allowed" in view.details[-1]


async def test_an_unreachable_server_is_stale_and_a_forbidden_list_failed(
    server: ApiServer, tmp_path: Path
) -> None:
    server.fails(PATH, 503, "ServiceUnavailable", "starting")
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, PODS, "shop", sleep=at_once)
        view = await follow(changes, lambda view: FeedState.STALE in view.states)
        assert "starting" in view.details[-1]
        server.fails(PATH, 401, "Unauthorized", "token expired")
        changes = watch(cluster, PODS, "shop", sleep=at_once)
        view = await follow(changes, lambda view: FeedState.FAILED in view.states)
        assert "log in again" in view.details[-1]


async def test_what_happens_on_a_cluster_is_seen_live(lab: Lab) -> None:
    kind = await lab.cluster.kinds.resolve("configmaps")
    await lab.config_map("before", {})
    changes = watch(lab.cluster, kind, lab.namespace)

    async def add_when_live() -> View:
        view = View()
        added = False
        async with asyncio.timeout(PATIENCE), aclosing(changes):  # type: ignore[type-var]
            async for change in changes:
                view.take(change)
                if change.state is FeedState.LIVE and not added:
                    assert "before" in view.names
                    await lab.config_map("after", {})
                    added = True
                if "after" in view.names:
                    break
        return view

    view = await add_when_live()
    assert {"before", "after"} <= view.names
    assert len({found.uid for found in view.rows.values()}) == len(view.rows)


async def test_a_flooded_watch_can_be_cancelled_at_any_moment(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.lists = [table(row("a", "3"))]
    real = pods.answer

    async def flood(request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            return await real(request)
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while not pods.ended.is_set():
                await response.write(line("MODIFIED", row("a", "4")))
                await asyncio.sleep(0)
        return response

    server.answers[PATH] = flood
    async with connected(server.url, tmp_path) as (cluster, _):
        for steps in range(20):
            live = asyncio.Event()

            async def consume(live: asyncio.Event = live) -> None:
                async for change in watch(cluster, PODS, "shop"):
                    if change.state is FeedState.LIVE:
                        live.set()

            task = asyncio.create_task(consume())
            async with asyncio.timeout(PATIENCE):
                await live.wait()
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
