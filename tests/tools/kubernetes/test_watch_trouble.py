"""Whatever a server refuses, delays or breaks: the view says so, keeps its rows, and heals."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.tools.kubernetes.api_server import Answer, ApiServer, api_server, connected
from tests.tools.kubernetes.test_watching import (
    PATH,
    PODS,
    Pods,
    at_once,
    bookmark,
    follow,
    gone,
    line,
    row,
    table,
)
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.live.watching import watch
from tools.rows import FeedState

NAMESPACES = ResourceType("", "v1", "namespaces", "Namespace", False, ("get", "list", "watch"), "namespace")
EVENTS = ResourceType("", "v1", "events", "Event", True, ("get", "list", "watch"), "event")
SECRETS = ResourceType("", "v1", "secrets", "Secret", True, ("get", "list", "watch"), "secret")


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with api_server() as running:
        yield running


@pytest.fixture
async def pods(server: ApiServer) -> AsyncIterator[Pods]:
    found = Pods(server)
    found.lists = [table(row("a", "3"))]
    yield found
    found.ended.set()


def refusing(real: Answer, times: int, code: int, reason: str, *, watches: bool, **headers: str) -> Answer:
    """`real`, after that many refusals of its lists, or of its watches."""
    left = [times]

    async def answer(request: web.Request) -> web.StreamResponse:
        if ("watch" in request.query) is watches and left[0]:
            left[0] -= 1
            body = {"kind": "Status", "reason": reason, "message": f"{reason} it is", "code": code}
            return web.json_response(body, status=code, headers=headers)
        return await real(request)

    return answer


async def serve_namespaces(server: ApiServer, *names: str) -> None:
    resource = {
        "resource": "namespaces",
        "responseKind": {"kind": "Namespace"},
        "scope": "Cluster",
        "verbs": ["list"],
    }
    group = {"metadata": {}, "versions": [{"version": "v1", "resources": [resource]}]}
    server.says("/api", 200, {"items": [group]})
    server.says("/apis", 200, {"items": []})
    items = [{"metadata": {"name": name, "labels": {"env": f"{name}-env"}}} for name in names]
    server.says("/api/v1/namespaces", 200, {"items": items})


async def test_while_the_server_is_away_the_view_never_says_live(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.watches = [[line("ADDED", row("b", "11"))], [line("ADDED", row("c", "12"))]]
    real, seen = pods.answer, 0

    async def away(request: web.Request) -> web.StreamResponse:
        nonlocal seen
        if "watch" in request.query:
            seen += 1
            if 1 < seen < 6:
                return web.Response(status=503, text="restarting")
        return await real(request)

    server.answers[PATH] = away
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, PODS, "shop", sleep=at_once)
        view = await follow(changes, lambda view: "c" in view.names)
    assert view.states[-3:] == [FeedState.LIVE, FeedState.STALE, FeedState.LIVE]
    assert view.resets == 1 and view.names == {"a", "b", "c"}


async def test_a_token_that_ran_out_is_renewed_without_a_word(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.watches = [[line("ADDED", row("b", "11"))]]
    server.answers[PATH] = refusing(pods.answer, 1, 401, "Unauthorized", watches=True)
    async with connected(server.url, tmp_path) as (cluster, _):
        view = await follow(watch(cluster, PODS, "shop", sleep=at_once), lambda view: "b" in view.names)
    assert FeedState.FAILED not in view.states


async def test_a_server_that_asks_for_patience_gets_it(server: ApiServer, pods: Pods, tmp_path: Path) -> None:
    refused = refusing(pods.answer, 1, 429, "TooManyRequests", watches=False, **{"Retry-After": "77"})
    server.answers[PATH] = refused
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with connected(server.url, tmp_path) as (cluster, _):
        view = await follow(
            watch(cluster, PODS, "shop", sleep=sleep), lambda view: FeedState.LIVE in view.states
        )
    assert FeedState.STALE in view.states and waits == [77.0]


async def test_a_server_that_forgets_again_and_again_is_not_asked_without_pause(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.watches = [[gone()], [gone()], [gone()], [line("ADDED", row("b", "11"))]]
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with connected(server.url, tmp_path) as (cluster, _):
        view = await follow(watch(cluster, PODS, "shop", sleep=sleep), lambda view: "b" in view.names)
    assert waits and view.states[-1] is FeedState.LIVE


async def test_a_page_token_that_expires_makes_the_list_begin_again(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.lists = [table(row("a", "3"), more="next"), table(row("a", "3"), row("b", "4"))]
    real = pods.answer

    async def expired(request: web.Request) -> web.StreamResponse:
        if "continue" in request.query:
            body = {"kind": "Status", "reason": "Expired", "message": "too old", "code": 410}
            return web.json_response(body, status=410)
        return await real(request)

    server.answers[PATH] = expired
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, PODS, "shop", sleep=at_once)
        view = await follow(changes, lambda view: FeedState.LIVE in view.states)
    assert view.names == {"a", "b"} and FeedState.STALE not in view.states


async def test_a_broken_conversion_webhook_is_said_and_the_rows_stay(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.watches = [[gone()]]
    real, lists = pods.answer, 0

    async def broken(request: web.Request) -> web.StreamResponse:
        nonlocal lists
        if "watch" not in request.query:
            lists += 1
            if lists == 2:
                message = "conversion webhook for example.com/v1, Kind=Widget failed: connection refused"
                body = {"kind": "Status", "reason": "InternalError", "message": message, "code": 500}
                return web.json_response(body, status=500)
        return await real(request)

    server.answers[PATH] = broken
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, PODS, "shop", sleep=at_once)
        view = await follow(
            changes, lambda view: view.states[-2:] == [FeedState.STALE, FeedState.LIVE] and lists == 3
        )
    assert any("conversion webhook" in detail for detail in view.details)
    assert view.names == {"a"} and view.resets == 1


async def test_a_kind_that_cannot_be_watched_is_polled_and_says_so(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    kind = ResourceType("", "v1", "pods", "Pod", True, ("get", "list"), "pod")
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, kind, "shop", sleep=at_once)
        view = await follow(changes, lambda view: FeedState.POLLING in view.states)
    assert view.details[-1] == "pods cannot be watched: looking every 5 seconds"
    assert not pods.resumed


async def test_where_namespaces_may_not_be_listed_all_rows_come_all_the_same(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    await serve_namespaces(server)
    server.fails("/api/v1/namespaces", 403, "Forbidden", "not yours")
    server.answers["/api/v1/pods"] = pods.answer
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, PODS, sleep=at_once)
        view = await follow(changes, lambda view: FeedState.LIVE in view.states)
    assert [(r.name, r.namespace) for r in view.rows.values()] == [("a", "shop")]
    assert view.columns == ("Name", "Namespace", "Ready", "Status", "Age")


async def test_the_first_namespaces_rows_are_shown_while_another_still_waits(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    await serve_namespaces(server, "shop", "slow")
    waiting = asyncio.Event()
    other = Pods(server)
    other.lists = [table(row("z", "4"), version="7")]

    async def slow(request: web.Request) -> web.StreamResponse:
        await waiting.wait()
        return await other.answer(request)

    server.answers["/api/v1/namespaces/slow/pods"] = slow
    server.answers[PATH] = pods.answer
    server.answers["/api/v1/pods"] = pods.answer

    def done(view: Any) -> bool:
        if view.names == {"a"}:
            waiting.set()
        return FeedState.LIVE in view.states

    async with connected(server.url, tmp_path) as (cluster, _):
        view = await follow(watch(cluster, PODS, sleep=at_once), done)
    assert {(r.name, r.namespace, r.cells[4]) for r in view.rows.values()} == {
        ("a", "shop", "shop-env"),
        ("z", "slow", "slow-env"),
    }
    assert view.columns == ("Name", "Namespace", "Ready", "Status", "Env", "Age")
    assert pods.resumed[:1] in ([], ["7"])  # from the older of the two lists, so that nothing is missed


async def test_events_are_told_apart_by_their_names(server: ApiServer, pods: Pods, tmp_path: Path) -> None:
    columns = [{"name": name, "priority": 0} for name in ("Last Seen", "Type", "Reason")]
    entries = [row(name, "3") for name in ("e1", "e2")]
    for entry in entries:
        entry["cells"] = ["5m", "Normal", "Pulled"]
    pods.lists = [{**table(*entries), "columnDefinitions": columns}]
    server.answers["/api/v1/namespaces/shop/events"] = pods.answer
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, EVENTS, "shop", sleep=at_once)
        view = await follow(changes, lambda view: FeedState.LIVE in view.states)
    assert view.names == {"e1", "e2"} and view.columns == ("Last Seen", "Type", "Reason")


async def test_secrets_are_never_asked_for_their_metadata(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    server.answers["/api/v1/namespaces/shop/secrets"] = pods.answer
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, SECRETS, "shop", sleep=at_once)
        view = await follow(changes, lambda view: FeedState.POLLING in view.states)
    assert view.names == {"a"}
    assert {query.get("includeObject") for query in pods.asked} == {"None"}


async def test_a_label_selector_is_the_servers_to_apply(
    server: ApiServer, pods: Pods, tmp_path: Path
) -> None:
    pods.watches = [[line("ADDED", row("b", "11"))]]
    async with connected(server.url, tmp_path) as (cluster, _):
        changes = watch(cluster, PODS, "shop", labels="app=web", sleep=at_once)
        await follow(changes, lambda view: "b" in view.names)
    assert {query["labelSelector"] for query in pods.asked} == {"app=web"}


async def test_a_quiet_watch_stays_fresh_by_bookmarks(server: ApiServer, pods: Pods, tmp_path: Path) -> None:
    pods.watches = [[bookmark("40")]]
    stamps = []
    async with connected(server.url, tmp_path) as (cluster, _):
        async for change in watch(cluster, PODS, "shop", sleep=at_once):
            stamps.append((change.state, change.at))
            if len(stamps) == 4:
                break
    assert stamps[-1][0] is FeedState.LIVE and stamps[-1][1] is not None
