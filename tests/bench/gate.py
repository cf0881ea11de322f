"""What the gate costs: the same requests through gated and through bare connections, turn by turn."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

from tests.bench.row import Row, row
from tools.gate import Gate, Permit
from tools.kubernetes.connection.content import content_of, encoded
from tools.kubernetes.connection.gate_transport import GatedConnector

WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
MERGE = "application/merge-patch+json"
TIMES = 400
WARM = 40
MOST = 0.2
"""Milliseconds that the gate may add to a request."""


async def gate(folder: Path) -> list[Row]:
    """Medians of the differences between neighbouring requests."""
    return [*await _kubernetes(), *_aws(folder)]


async def _kubernetes() -> list[Row]:
    app = web.Application(client_max_size=2**24)

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({})

    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    judge, mint = Gate.build()
    gated = GatedConnector(judge, "lab", URL(url), None, fresh=False)
    bodies = {"a write of 1 KB": 1_000, "a write of 50 KB": 50_000}
    try:
        async with (
            aiohttp.ClientSession(connector=gated) as through,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as bare,
        ):

            async def read(session: aiohttp.ClientSession) -> None:
                async with session.get(url + WEB) as response:
                    await response.read()

            rows = [await _row("a read", lambda: read(through), lambda: read(bare))]
            for name, size in bodies.items():
                body = encoded({"data": {f"key-{n}": "x" * 40 for n in range(size // 50)}})

                async def write(session: aiohttp.ClientSession, body: bytes = body) -> None:
                    async with session.patch(
                        url + WEB, data=body, headers={"Content-Type": MERGE}
                    ) as response:
                        await response.read()

                with mint.grant("bench", [_permit(body)] * (TIMES + WARM), seconds=600):
                    rows.append(await _row(name, lambda: write(through), lambda: write(bare)))
            return rows
    finally:
        await runner.cleanup()


def _permit(body: bytes) -> Permit:
    return Permit(
        system="kubernetes", place="lab", verb="patch", resource="deployments.apps", namespace="shop",
        name="web", content=content_of([], MERGE, body),
    )  # fmt: skip


async def _row(name: str, through: Callable[[], Awaitable[None]], bare: Callable[[], Awaitable[None]]) -> Row:
    added: list[float] = []
    plain: list[float] = []
    for number in range(TIMES + WARM):
        first = number % 2 == 0
        one = await _ms(through if first else bare)
        other = await _ms(bare if first else through)
        if number >= WARM:
            added.append(one - other if first else other - one)
            plain.append(other if first else one)
    return _told(f"the gate adds to {name}, Kubernetes", added, plain)


async def _ms(send: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await send()
    return (time.perf_counter() - began) * 1000


def _told(name: str, added: list[float], plain: list[float]) -> Row:
    return row(
        name, statistics.median(added), "ms", "the same request without it", statistics.median(plain),
        at_most=MOST, of="value",
    )  # fmt: skip


def _aws(folder: Path) -> list[Row]:
    from botocore.session import Session

    from tools.aws.profiles import Files, Place
    from tools.aws.sessions import GatedSession, settings

    with _endpoint() as url:
        for name in ("config", "credentials"):
            (folder / name).write_text(
                "[default]\nregion = eu-central-1\naws_access_key_id = bench\naws_secret_access_key = bench\n"
            )
        environ = {
            "HOME": str(folder), "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"), "AWS_ENDPOINT_URL": url,
        }  # fmt: skip
        judge, _ = Gate.build()
        place = Place("default", "eu-central-1")
        through = GatedSession(place, Files.locate(environ), environ, judge).client("ec2", writes=False)
        bare = Session().create_client(
            "ec2", region_name="eu-central-1", endpoint_url=url, config=settings(writes=False),
            aws_access_key_id="bench", aws_secret_access_key="bench",
        )  # fmt: skip
        added: list[float] = []
        plain: list[float] = []
        for number in range(TIMES // 2 + WARM):
            times = {}
            for client in (through, bare) if number % 2 else (bare, through):
                began = time.perf_counter()
                client.describe_instances(InstanceIds=["i-0123456789abcdef0"])
                times[client is through] = (time.perf_counter() - began) * 1000
            if number >= WARM:
                added.append(times[True] - times[False])
                plain.append(times[False])
        return [_told("the gate adds to a read, AWS", added, plain)]


@contextmanager
def _endpoint() -> Iterator[str]:
    """A server that answers every request of EC2 with an empty list."""
    words = b'<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet/>' \
        b"</DescribeInstancesResponse>"  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 2**16

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
