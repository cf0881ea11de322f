"""An API server that answers as a test tells it, and remembers what reached it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from aiohttp import web

from tools.gate import Gate, Mint
from tools.kubernetes.connection.cluster import Cluster
from tools.kubernetes.connection.clusters import Clusters

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class ApiServer:
    """A server on loopback. Without an answer for a path it says 404 in plain text."""

    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    seen: list[web.Request] = field(default_factory=list)

    def says(self, path: str, status: int, body: object, **headers: str) -> None:
        """Answer a path with JSON from now on."""

        async def answer(_: web.Request) -> web.Response:
            return web.json_response(body, status=status, headers=headers)

        self.answers[path] = answer

    def fails(
        self,
        path: str,
        code: int,
        reason: str,
        message: str,
        causes: tuple[dict[str, str], ...] = (),
        **headers: str,
    ) -> None:
        """Answer a path with a Status object."""
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "details": {"causes": [*causes]}}
        self.says(path, code, {**body, "reason": reason, "message": message, "code": code}, **headers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        answer = self.answers.get(request.path)
        return await answer(request) if answer else web.Response(status=404, text="nothing here")


@asynccontextmanager
async def api_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[ApiServer]:
    """The server, running."""
    app = web.Application()
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    server = ApiServer("")
    app.router.add_route("*", "/{path:.*}", server.handle)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connected(url: str, folder: Path, **user: object) -> AsyncIterator[tuple[Cluster, Mint]]:
    """A cluster under the context `lab` of a kubeconfig that names the url."""
    gate, mint = Gate.build()
    clusters = Clusters(kubeconfig(folder / "kubeconfig", url, **user), gate, {})
    try:
        yield await clusters.cluster("lab"), mint
    finally:
        await clusters.close()


def kubeconfig(path: Path, url: str, **user: object) -> Path:
    """Write a kubeconfig with one context, `lab`."""
    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": user or {"token": "secret-token"}}],
        "contexts": [{"name": "lab", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
    }
    path.write_text(yaml.safe_dump(body), encoding="utf-8")
    return path
