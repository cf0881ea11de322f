"""The practice cluster: start it in a program, or alone with `python -m tools.sandbox.cluster`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from aiohttp import web

from tools.sandbox.controllers.assembly import expire_events, start_controllers
from tools.sandbox.faults import Fault, Faults
from tools.sandbox.kubeconfig import write_kubeconfig
from tools.sandbox.plane import ControlPlane
from tools.sandbox.server import Server
from tools.sandbox.timeline import Timeline
from tools.sandbox.tls import make_certificate
from tools.sandbox.world.crowd import add_crowd
from tools.sandbox.world.model import World
from tools.sandbox.world.seed import Seeder, beginning, shop

LOOPBACK = "127.0.0.1"
_FIRST_VERSION = 100_000
_DEPENDS_ON_TIME = frozenset({"events", "jobs", "cronjobs", "pods"})
_SHUTDOWN_SECONDS = 0.5


def _utc_now() -> datetime:
    return datetime.now(UTC)


class PracticeCluster:
    """A Kubernetes cluster in this process, on the loopback interface only.

        async with PracticeCluster() as cluster:
            path = cluster.kubeconfig(folder / "kubeconfig")

    Args:
        port: of the server; 0 takes a free one.
        seed: decides uids, generated names and resourceVersions.
        speed: divides all waiting times; 10 means that a ten-second back-off takes one second.
        pods: idle pods to add, for measurements.
        world: the cluster's past and present; the shop company when left out.
        tls: serve HTTPS. Without it kubectl sends no tokens, and every request is anonymous.
        history: how many changes a watch may look back on before it is told 410 Gone.
        clock: the wall clock, in UTC.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        seed: int = 1,
        speed: float = 1.0,
        pods: int = 0,
        world: World | None = None,
        tls: bool = True,
        history: int = 20_000,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._port = port
        self._seed = seed
        self._speed = speed
        self._pods = pods
        self._world = world
        self._tls = tls
        self._history = history
        self._clock = clock
        self._plane: ControlPlane | None = None
        self._server: Server | None = None
        self._runner: web.AppRunner | None = None
        self._running: asyncio.Task[None] | None = None
        self._authority: bytes | None = None

    async def __aenter__(self) -> PracticeCluster:
        now = self._clock()
        timeline = Timeline(beginning(now), self._speed)
        plane = self._plane = ControlPlane(timeline, self._seed, self._history)
        kubelet = start_controllers(plane)
        Seeder(plane, self._world or shop(), now.replace(microsecond=0)).play()
        add_crowd(plane, kubelet, self._pods)
        plane.events.expire()
        plane.store.renumber(_FIRST_VERSION, _DEPENDS_ON_TIME)
        timeline.go_live(self._clock)
        expire_events(plane)
        self._server = Server(plane, kubelet)
        certificate = make_certificate(now) if self._tls else None
        self._authority = certificate.authority if certificate else None
        self._runner = web.AppRunner(
            self._server.application(),
            access_log=None,
            shutdown_timeout=_SHUTDOWN_SECONDS,
            handler_cancellation=True,
        )
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, LOOPBACK, self._port, ssl_context=certificate.context if certificate else None
        )
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._running = asyncio.create_task(timeline.run(), name="practice cluster")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where the API server listens."""
        scheme = "https" if self._authority else "http"
        return f"{scheme}://{LOOPBACK}:{self._port}"

    @property
    def authority(self) -> bytes | None:
        """The certificate clients have to trust, PEM; None for plain HTTP."""
        return self._authority

    @property
    def plane(self) -> ControlPlane:
        """The objects behind the server, for tests that look past HTTP."""
        if self._plane is None:
            raise RuntimeError("The practice cluster has not been started.")
        return self._plane

    @property
    def faults(self) -> Faults:
        """The faults in force and the log of mutating requests."""
        if self._server is None:
            raise RuntimeError("The practice cluster has not been started.")
        return self._server.faults

    def inject(self, fault: Fault) -> None:
        """Cause trouble from now on."""
        self.faults.add(fault)

    def kubeconfig(self, path: Path, namespace: str = "default") -> Path:
        """Write a kubeconfig with the contexts `sandbox` and `sandbox-viewer`; returns its path."""
        return write_kubeconfig(path, self.url, self._authority, namespace)


async def serve(options: argparse.Namespace) -> None:
    """Run a practice cluster until a signal, or until stdin closes if asked to."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    cluster = PracticeCluster(
        port=options.port,
        seed=options.seed,
        speed=options.speed,
        pods=options.pods,
        tls=not options.plain_http,
    )
    async with cluster:
        if options.kubeconfig:
            cluster.kubeconfig(options.kubeconfig)
        if options.ready_file:
            announce(options.ready_file, cluster)
        watcher = asyncio.create_task(_until_stdin_closes(stop)) if options.exit_with_stdin else None
        await stop.wait()
        if watcher is not None:
            watcher.cancel()


def announce(path: Path, cluster: PracticeCluster) -> None:
    """Write url and certificate to a file that appears complete or not at all."""
    authority = cluster.authority.decode() if cluster.authority else None
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(json.dumps({"url": cluster.url, "certificate_authority": authority}), "utf-8")
    unfinished.replace(path)


async def _until_stdin_closes(stop: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while await reader.read(4096):
        pass
    stop.set()


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="tools.sandbox.cluster", description="Run a practice Kubernetes cluster."
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--ready-file", type=Path, help="write url and certificate here once it answers")
    parser.add_argument("--kubeconfig", type=Path, help="write a kubeconfig here")
    parser.add_argument("--pods", type=int, default=0, help="add that many idle pods")
    parser.add_argument("--seed", type=int, default=1, help="decides names and uids")
    parser.add_argument("--speed", type=float, default=1.0, help="divides all waiting times")
    parser.add_argument("--plain-http", action="store_true", help="no TLS")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when stdin closes")
    asyncio.run(serve(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
