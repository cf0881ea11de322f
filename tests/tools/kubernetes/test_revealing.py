"""Reveals at the wire: one request, under its own grant, and an answer that prints nowhere by accident."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web

from agent.policy import REVEALS
from tests.tools.kubernetes.api_server import ApiServer, api_server, kubeconfig
from tools.errors import GateRefused, Invalid, NotFound, ServerFailed, TimedOut
from tools.gate import Gate, Mint
from tools.kubernetes.connection import running
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.registry import kubernetes_tools
from tools.kubernetes.revealed import Value
from tools.kubernetes.revealing import AccountToken, ContainerOutput, Revealing, SecretValues, revealing
from tools.tool import Registry, Scope

VALUE = "vO1uM3-of-the-sea"
SCOPE = Scope(context="lab", namespace="shop")
KINDS = {"secrets": "Secret", "pods": "Pod", "serviceaccounts": "ServiceAccount", "services": "Service"}
CORE = [
    {
        "resource": plural,
        "responseKind": {"group": "", "version": "v1", "kind": kind},
        "scope": "Namespaced",
        "singularResource": kind.lower(),
        "verbs": ["get", "list"],
    }
    for plural, kind in KINDS.items()
]


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[tuple[ApiServer, Clusters, Mint]]:
    async with api_server() as server:
        core = {"metadata": {"name": ""}, "versions": [{"version": "v1", "resources": CORE}]}
        server.says("/api", 200, {"items": [core]})
        server.says("/apis", 200, {"items": []})
        server.says("/api/v1/namespaces/shop/secrets/db", 200,
                    {"data": {"password": base64.b64encode(VALUE.encode()).decode(), "raw": "//79"}})  # fmt: skip
        gate, mint = Gate.build()
        clusters = Clusters(kubeconfig(folder / "kubeconfig", server.url), gate, {})
        try:
            yield server, clusters, mint
        finally:
            await clusters.close()


async def meant(clusters: Clusters, what: str, key: str = "", command: tuple[str, ...] = ()) -> Revealing:
    return await revealing(clusters, what, "db", SCOPE, key=key, command=command, container="")


def sensitive(server: ApiServer) -> list[str]:
    words = ("secrets/db", "/token", "/exec")
    return [request.path for request in server.seen if request.path.endswith(words)]


async def test_a_secrets_values_come_under_their_own_grant_and_only_once(tmp_path: Path) -> None:
    async with world(tmp_path) as (server, clusters, mint):
        wanted = await meant(clusters, "secret")
        with pytest.raises(GateRefused, match="reveal"):
            await wanted.fetch()
        with mint.grant("reveal", (), seconds=10, reveals=[wanted.permit]):
            values = await wanted.fetch()
            with pytest.raises(GateRefused, match="reveal"):
                await wanted.fetch()
        assert {value.name: value.text for value in values} == {
            "password": VALUE,
            "raw": "(not text; in base64) //79",
        }
        assert VALUE not in repr(values)
        assert sensitive(server) == ["/api/v1/namespaces/shop/secrets/db"]


async def test_one_key_shows_nothing_of_the_others(tmp_path: Path) -> None:
    async with world(tmp_path) as (_, clusters, mint):
        wanted = await meant(clusters, "secret", key="password")
        with mint.grant("reveal", (), seconds=10, reveals=[wanted.permit]):
            assert [value.name for value in await wanted.fetch()] == ["password"]
        unknown = await meant(clusters, "secret", key="nope")
        with (
            mint.grant("reveal", (), seconds=10, reveals=[unknown.permit]),
            pytest.raises(NotFound) as missing,
        ):
            await unknown.fetch()
        assert VALUE not in str(missing.value)


async def test_an_answer_that_cannot_be_read_is_not_told(tmp_path: Path) -> None:
    async with world(tmp_path) as (server, clusters, mint):

        async def garbled(_: web.Request) -> web.Response:
            return web.Response(text=f"not json: {VALUE}")

        server.answers["/api/v1/namespaces/shop/secrets/db"] = garbled
        wanted = await meant(clusters, "secret")
        with (
            mint.grant("reveal", (), seconds=10, reveals=[wanted.permit]),
            pytest.raises(ServerFailed) as failed,
        ):
            await wanted.fetch()
        assert VALUE not in f"{failed.value} {failed.value.raw} {failed.value.hint}"
        assert failed.value.__cause__ is None


async def test_a_token_is_made_by_exactly_the_request_that_was_granted(tmp_path: Path) -> None:
    async with world(tmp_path) as (server, clusters, mint):
        path = "/api/v1/namespaces/shop/serviceaccounts/db/token"
        server.says(path, 201, {"kind": "TokenRequest", "status": {"token": VALUE}})
        wanted = await meant(clusters, "serviceaccount")
        cluster = await clusters.cluster("lab")
        with mint.grant("reveal", (), seconds=10, reveals=[wanted.permit]):
            with pytest.raises(GateRefused):
                await cluster.request("POST", path, body={"spec": {"expirationSeconds": 31_536_000}})
            assert await wanted.fetch() == (Value("token", VALUE),)
        assert sensitive(server) == [path]


def exec_server(server: ApiServer, *messages: bytes, ends: bool = True) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
        await socket.prepare(request)
        for message in messages:
            await socket.send_bytes(message)
        if not ends:
            async for message in socket:
                assert message.type is not WSMsgType.BINARY
        await socket.close()
        return socket

    server.answers["/api/v1/namespaces/shop/pods/db/exec"] = answer


SUCCESS = b"\x03" + json.dumps({"kind": "Status", "status": "Success"}).encode()


async def test_a_commands_output_comes_through_the_gate_as_the_command_that_was_granted(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as (server, clusters, mint):
        exec_server(server, b"\x01", b"\x01" + VALUE.encode(), b"\x02warned", SUCCESS)
        wanted = await meant(clusters, "pod", command=("printenv", "PASSWORD"))
        other = await meant(clusters, "pod", command=("printenv", "OTHER"))
        with pytest.raises(GateRefused, match="reveal"):
            await wanted.fetch()
        with mint.grant("reveal", (), seconds=10, reveals=[wanted.permit]):
            with pytest.raises(GateRefused, match="reveal"):
                await other.fetch()
            assert await wanted.fetch() == (Value("stdout", VALUE), Value("stderr", "warned"))
            with pytest.raises(GateRefused, match="reveal"):
                await wanted.fetch()
        (asked,) = [request for request in server.seen if request.path.endswith("/exec")]
        assert asked.query.getall("command") == ["printenv", "PASSWORD"]


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (b"\x03" + json.dumps({"status": "Failure", "message": "exit code 2"}).encode(), "exit code 2"),
        (b"\x03nonsense", "an end that could not be read"),
        (b"", "the connection broke off before the command said how it ended"),
    ],
)
async def test_how_a_command_ended_is_told(tmp_path: Path, end: bytes, words: str) -> None:
    async with world(tmp_path) as (server, clusters, mint):
        exec_server(server, *([end] if end else []))
        wanted = await meant(clusters, "pod", command=("false",))
        with mint.grant("reveal", (), seconds=10, reveals=[wanted.permit]):
            assert Value("ended with", words) in await wanted.fetch()


async def test_a_command_without_an_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SECONDS", 0.2)
    async with world(tmp_path) as (server, clusters, mint):
        exec_server(server, b"\x01more", ends=False)
        wanted = await meant(clusters, "pod", command=("sleep", "1000"))
        with mint.grant("reveal", (), seconds=10, reveals=[wanted.permit]), pytest.raises(TimedOut):
            await wanted.fetch()


async def test_endless_output_is_cut(tmp_path: Path) -> None:
    async with world(tmp_path) as (server, clusters, mint):
        exec_server(server, *([b"\x01" + b"y" * 60_000] * 10), SUCCESS)
        wanted = await meant(clusters, "pod", command=("yes",))
        with mint.grant("reveal", (), seconds=10, reveals=[wanted.permit]):
            (shown,) = await wanted.fetch()
        assert len(shown.text) < running.LONGEST + 100
        assert shown.text.endswith("(and more, left out)")


@pytest.mark.parametrize(
    ("what", "key", "command"),
    [("service", "", ()), ("pod", "", ()), ("secret", "", ("env",)), ("serviceaccount", "key", ())],
)
async def test_what_has_nothing_to_reveal_says_so(
    tmp_path: Path, what: str, key: str, command: tuple[str, ...]
) -> None:
    async with world(tmp_path) as (server, clusters, _):
        with pytest.raises(Invalid):
            await meant(clusters, what, key, command)
        assert sensitive(server) == []


async def test_no_tool_reveals_and_policy_knows_every_reveal(tmp_path: Path) -> None:
    async with world(tmp_path) as (_, clusters, _mint):
        names = {tool.name for tool in Registry(kubernetes_tools(clusters))}
    words = {kind.word for kind in (SecretValues, AccountToken, ContainerOutput)}
    assert words == set(REVEALS)
    assert not names & words
