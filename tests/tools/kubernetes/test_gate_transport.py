"""No tool, however hostile, gets a byte past the gate."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.tools.kubernetes.api_server import ApiServer, api_server, connected
from tools.errors import GateRefused, Invalid, ServerFailed
from tools.gate import Access, Gate, Mint, Permit
from tools.kubernetes.connection.cluster import Cluster
from tools.kubernetes.connection.content import content_of
from tools.kubernetes.connection.gate_transport import GatedConnector

NOTHING = content_of([], "", b"")
WEB = "/apis/apps/v1/namespaces/shop/deployments/web"


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with api_server() as running:
        running.says(WEB, 200, {"metadata": {"name": "web"}})
        yield running


@pytest.fixture
async def opened(server: ApiServer, tmp_path: Path) -> AsyncIterator[tuple[Cluster, Mint]]:
    async with connected(server.url, tmp_path) as pair:
        yield pair


def permit(verb: str) -> Permit:
    return Permit(
        system="kubernetes",
        place="lab",
        verb=verb,
        resource="deployments.apps",
        namespace="shop",
        name="web",
    )


async def session(cluster: Cluster, method: str) -> aiohttp.ClientSession:
    """What a hostile tool would reach for: the bare HTTP session."""
    found, _ = await cluster._session(method)
    return found


async def test_a_write_needs_its_grant(server: ApiServer, opened: tuple[Cluster, Mint]) -> None:
    cluster, mint = opened
    with pytest.raises(GateRefused):
        await cluster.request("PATCH", WEB, body={})
    assert server.seen == []
    with mint.grant("s1", [permit("patch")], seconds=10):
        await cluster.request("PATCH", WEB, body={})
        with pytest.raises(GateRefused):
            await cluster.request("PATCH", WEB, body={})
        with pytest.raises(GateRefused):
            await cluster.request("DELETE", WEB)
    assert [request.method for request in server.seen] == ["PATCH"]


@pytest.mark.parametrize("options", [{}, {"middlewares": ()}, {"allow_redirects": True}])
async def test_the_bare_session_is_gated_whatever_options_it_is_given(
    server: ApiServer, opened: tuple[Cluster, Mint], options: dict[str, Any]
) -> None:
    cluster, _ = opened
    for method in ("GET", "PATCH"):
        bare = await session(cluster, method)
        with pytest.raises(GateRefused):
            await bare.request("DELETE", server.url + WEB, **options)
    assert server.seen == []


async def test_a_dry_run_deletion_with_a_body_does_not_leave(
    server: ApiServer, opened: tuple[Cluster, Mint]
) -> None:
    cluster, _ = opened
    bare = await session(cluster, "DELETE")
    url = f"{server.url}{WEB}?dryRun=All"
    for sent in ({"json": {"propagationPolicy": "Orphan"}}, {"data": b"{}"}, {"data": _stream()}):
        with pytest.raises(GateRefused):
            await bare.delete(url, **sent)
    assert server.seen == []
    async with bare.delete(url) as answer:
        assert answer.status == 200


async def _stream() -> AsyncIterator[bytes]:
    yield b"{}"


async def test_a_redirect_to_a_write_or_elsewhere_is_not_followed(
    server: ApiServer, opened: tuple[Cluster, Mint]
) -> None:
    cluster, _ = opened
    async with api_server() as elsewhere:
        for target in (f"{elsewhere.url}/api/v1/pods", "/api/v1/namespaces/shop/secrets"):

            async def redirect(_: web.Request, target: str = target) -> web.Response:
                return web.Response(status=302, headers={"Location": target})

            server.answers["/api/v1/pods"] = redirect
            with pytest.raises(ServerFailed, match="redirect"):
                await cluster.request("GET", "/api/v1/pods")
            bare = await session(cluster, "GET")
            with pytest.raises(GateRefused):
                await bare.get(f"{server.url}/api/v1/pods")
        assert elsewhere.seen == []
    assert {request.path for request in server.seen} == {"/api/v1/pods"}


async def test_credentials_never_go_to_another_host(server: ApiServer, opened: tuple[Cluster, Mint]) -> None:
    cluster, _ = opened
    async with api_server() as elsewhere:
        bare = await session(cluster, "GET")
        with pytest.raises(GateRefused):
            await bare.get(f"{elsewhere.url}/api/v1/pods")
        assert elsewhere.seen == []


@pytest.mark.parametrize("path", ["/api/v1//secrets", "/api/v1/secrets%2fx", "/api/v1/watch/secrets"])
async def test_a_path_the_gate_cannot_read_does_not_leave(
    server: ApiServer, opened: tuple[Cluster, Mint], path: str
) -> None:
    cluster, _ = opened
    with pytest.raises(Invalid):
        await cluster.request("GET", path)
    bare = await session(cluster, "GET")
    from yarl import URL

    with pytest.raises(GateRefused):
        await bare.get(URL(server.url + path, encoded=True))
    assert server.seen == []


async def test_a_secret_needs_a_reveal_grant(server: ApiServer, opened: tuple[Cluster, Mint]) -> None:
    cluster, mint = opened
    path = "/api/v1/namespaces/shop/secrets/db"
    server.says(path, 200, {"data": {}})
    with pytest.raises(GateRefused, match="reveal"):
        await cluster.request("GET", path)
    assert server.seen == []
    looking = secret("get", "db", content=content_of([], "", b""))
    with mint.grant("s1", [], seconds=10, reveals=[looking]):
        await cluster.request("GET", path)
    assert len(server.seen) == 1


def secret(verb: str, name: str, content: str = NOTHING) -> Permit:
    return Permit(
        system="kubernetes", place="lab", verb=verb, resource="secrets", namespace="shop", name=name,
        content=content,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", "/api/v1/namespaces/shop/secrets/other", {}),
        ("GET", "/api/v1/namespaces/prod/secrets/db", {}),
        ("GET", "/api/v1/namespaces/shop/secrets", {}),
        ("GET", "/api/v1/namespaces/shop/secrets/db", {"watch": "true"}),
        ("GET", "/api/v1/namespaces/shop/secrets/db", {"resourceVersion": "0"}),
        ("DELETE", "/api/v1/namespaces/shop/secrets/db", {}),
        ("PATCH", "/api/v1/namespaces/shop/secrets/db", {"dryRun": "All"}),
        ("GET", "/api/v1/namespaces/shop/pods/db/exec", {"command": "env"}),
        ("POST", "/api/v1/namespaces/shop/serviceaccounts/db/token", {}),
    ],
)
async def test_a_reveal_grant_opens_for_no_other_path_verb_or_question(
    server: ApiServer, opened: tuple[Cluster, Mint], method: str, path: str, query: dict[str, str]
) -> None:
    cluster, mint = opened
    with mint.grant("reveal", [], seconds=10, reveals=[secret("get", "db")]):
        body = {} if method in ("PATCH", "POST") else None
        with pytest.raises(GateRefused):
            await cluster.request(method, path, query=query, body=body)
        bare = await session(cluster, "GET")
        with pytest.raises(GateRefused):
            await bare.request(method, server.url + path, params=query)
    assert server.seen == []


async def test_a_reveal_grant_opens_once(server: ApiServer, opened: tuple[Cluster, Mint]) -> None:
    cluster, mint = opened
    path = "/api/v1/namespaces/shop/secrets/db"
    server.says(path, 200, {"data": {}})
    with mint.grant("reveal", [], seconds=10, reveals=[secret("get", "db")]):
        await cluster.request("GET", path)
        bare = await session(cluster, "GET")
        for _ in range(2):
            with pytest.raises(GateRefused, match="reveal a secret"):
                await cluster.request("GET", path)
            with pytest.raises(GateRefused, match="reveal a secret"):
                await bare.get(server.url + path)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("query", "content_type", "body"),
    [
        ({"fieldManager": "pilothouse"}, "application/merge-patch+json", {"spec": {"replicas": 300}}),
        ({"fieldManager": "pilothouse"}, "application/merge-patch+json",
         {"spec": {"replicas": 3, "paused": True}}),
        ({"fieldManager": "pilothouse"}, "application/apply-patch+yaml", {"spec": {"replicas": 3}}),
        ({"fieldManager": "pilothouse", "force": "true"}, "application/merge-patch+json",
         {"spec": {"replicas": 3}}),
        ({}, "application/merge-patch+json", {"spec": {"replicas": 3}}),
        ({"fieldManager": "pilothouse"}, "application/merge-patch+json",
         {"spec": {"replicas": 3}, "metadata": {"labels": {"a": "b"}, "resourceVersion": "7"}}),
    ],
)  # fmt: skip
async def test_a_permit_covers_what_was_rehearsed_and_no_other_body(
    server: ApiServer,
    opened: tuple[Cluster, Mint],
    query: dict[str, str],
    content_type: str,
    body: dict[str, Any],
) -> None:
    cluster, mint = opened
    shown = {"spec": {"replicas": 3}}
    plain = {"fieldManager": "pilothouse"}
    merge = "application/merge-patch+json"
    rehearsed = await cluster.send(
        "PATCH", WEB, query={"dryRun": "All"} | plain, body=shown, content_type=merge
    )
    exact = permit("patch").model_copy(update={"content": rehearsed.content})
    with mint.grant("s1", [exact], seconds=10):
        with pytest.raises(GateRefused, match="does not cover it with this content"):
            await cluster.send("PATCH", WEB, query=query, body=body, content_type=content_type)
        assert len(server.seen) == 1
        # The version it insists on is no part of the change.
        insisting = {**shown, "metadata": {"resourceVersion": "7"}}
        await cluster.send("PATCH", WEB, query=plain, body=insisting, content_type=merge)
    assert len(server.seen) == 2


async def test_a_body_that_is_not_plain_bytes_does_not_leave(
    server: ApiServer, opened: tuple[Cluster, Mint]
) -> None:
    cluster, mint = opened

    async def growing() -> AsyncIterator[bytes]:
        yield b"{}"

    with mint.grant("s1", [permit("patch")] * 3, seconds=10):
        bare = await session(cluster, "PATCH")
        with pytest.raises(GateRefused, match="could not judge"):
            await bare.patch(server.url + WEB, data=growing())
    assert server.seen == []


async def test_a_server_below_a_path_is_judged_by_what_comes_after(tmp_path: Path) -> None:
    async with api_server() as server, connected(f"{server.url}/k8s/clusters/c-1", tmp_path) as (cluster, _):
        server.says("/k8s/clusters/c-1/version", 200, {"gitVersion": "v1.36.2"})
        assert (await cluster.json("GET", "/version"))["gitVersion"] == "v1.36.2"
        with pytest.raises(GateRefused):
            await cluster.request("DELETE", WEB)
        bare = await session(cluster, "GET")
        with pytest.raises(GateRefused):
            await bare.get(f"{server.url}/version")


@pytest.mark.parametrize(
    "header", ["Impersonate-User", "impersonate-group", "Impersonate-Extra-x", "X-HTTP-Method-Override"]
)
async def test_no_tool_says_who_asks_or_that_one_method_is_another(
    server: ApiServer, opened: tuple[Cluster, Mint], header: str
) -> None:
    cluster, _ = opened
    bare = await session(cluster, "GET")
    with pytest.raises(GateRefused, match="header"):
        await bare.get(server.url + WEB, headers={header: "system:masters"})
    assert server.seen == []


async def test_what_the_gate_cannot_judge_does_not_leave(
    server: ApiServer, opened: tuple[Cluster, Mint]
) -> None:
    cluster, _ = opened

    class Broken(Gate):
        def judge(self, access: Access, permit: Permit) -> None:
            raise ZeroDivisionError

    bare = await session(cluster, "GET")
    assert isinstance(bare.connector, GatedConnector)
    bare.connector._gate = Broken(time.monotonic)
    with pytest.raises(GateRefused, match="could not judge"):
        await bare.get(server.url + WEB)
    assert server.seen == []
