"""Logs as they are written: of one container, of many as one, through restarts, refusals and binary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.tools.kubernetes.api_server import ApiServer, api_server, connected
from tests.tools.kubernetes.lab import PATIENCE, Lab, until
from tools.errors import Invalid
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.live.pod_logs import line_text
from tools.kubernetes.live.workload_logs import LogBatch, LogLine, LogSource, SourceState, follow_logs

PODS = ResourceType("", "v1", "pods", "Pod", True, ("get", "list", "watch"), "pod")
POD = "/api/v1/namespaces/shop/pods/web"
LOG = f"{POD}/log"


class Reader:
    """What a log view would hold."""

    def __init__(self) -> None:
        self.lines: list[LogLine] = []
        self.sources: tuple[LogSource, ...] = ()
        self.batches = 0

    def take(self, batch: LogBatch) -> None:
        self.lines += batch.lines
        self.sources = batch.sources
        self.batches += 1

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines if not line.note]

    @property
    def notes(self) -> list[str]:
        return [line.text for line in self.lines if line.note]


@asynccontextmanager
async def following(target: Target, **more: bool) -> AsyncIterator[tuple[Reader, asyncio.Task[None]]]:
    """Follow in the background, without waiting between attempts."""
    reader = Reader()

    async def at_once(seconds: float) -> None:
        await asyncio.sleep(0.01)

    task = asyncio.create_task(follow_logs(target, reader.take, sleep=at_once, **more))
    try:
        yield reader, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def see(reader: Reader, holds: Callable[[Reader], bool]) -> None:
    async def held() -> bool:
        return holds(reader)

    await until(held)


def pod(state: dict[str, object], phase: str = "Running", **more: object) -> dict[str, object]:
    return {
        "metadata": {"name": "web", "namespace": "shop", "uid": "u1"},
        "spec": {"containers": [{"name": "app"}]},
        "status": {"phase": phase, "containerStatuses": [{"name": "app", "state": state, **more}]},
    }


@asynccontextmanager
async def one_pod(
    folder: Path, log: Callable[[web.Request], object]
) -> AsyncIterator[tuple[ApiServer, Target]]:
    async with api_server() as server, connected(server.url, folder) as (cluster, _):
        server.says(POD, 200, pod({"running": {}}))
        server.answers[LOG] = log  # type: ignore[assignment]
        yield server, Target(cluster, PODS, "shop", "web")


def stamped(*lines: str, second: int = 0) -> bytes:
    return b"".join(
        f"2026-03-14T12:00:{second + at:02}.5Z {line}\n".encode() for at, line in enumerate(lines)
    )


async def test_after_a_restart_the_log_goes_on_without_a_line_twice_or_lost(tmp_path: Path) -> None:
    begun: list[str] = []

    async def log(request: web.Request) -> web.Response:
        begun.append(request.query.get("sinceTime", ""))
        if len(begun) == 1:
            return web.Response(body=stamped("one", "two"))
        return web.Response(body=stamped("two", "three", second=1))

    async with one_pod(tmp_path, log) as (_, target), following(target) as (reader, _):
        await see(reader, lambda seen: "three" in seen.texts)
        assert reader.texts == ["one", "two", "three"]
        assert begun[:2] == ["", "2026-03-14T12:00:01Z"]


async def test_a_container_that_is_over_ends_the_log_with_how_it_ended(tmp_path: Path) -> None:
    async def log(_: web.Request) -> web.Response:
        return web.Response(body=stamped("done"))

    async with one_pod(tmp_path, log) as (server, target), following(target) as (reader, task):
        server.says(POD, 200, pod({"terminated": {"reason": "Error", "exitCode": 3}}, "Failed"))
        async with asyncio.timeout(PATIENCE):
            await task
        assert reader.texts == ["done"]
        assert reader.notes[-1] == "It ended: Error, exit code 3."
        assert reader.sources[0].state is SourceState.ENDED


async def test_a_pod_that_is_gone_ends_its_log_with_a_sentence(tmp_path: Path) -> None:
    async def log(_: web.Request) -> web.Response:
        server.fails(POD, 404, "NotFound", 'pods "web" not found')
        return web.Response(body=stamped("last words"))

    async with one_pod(tmp_path, log) as (server, target), following(target) as (reader, task):
        async with asyncio.timeout(PATIENCE):
            await task
        assert reader.notes == ["Pod web is gone."]


async def test_a_refused_log_says_who_may_not_read_it_and_is_not_asked_for_again(tmp_path: Path) -> None:
    async with one_pod(tmp_path, None) as (server, target):  # type: ignore[arg-type]
        server.fails(LOG, 403, "Forbidden", 'pods "web" is forbidden: User "ada" cannot get pods/log')
        async with following(target) as (reader, task), asyncio.timeout(PATIENCE):
            await task
        assert reader.sources[0].state is SourceState.REFUSED
        assert "pods/log" in reader.notes[0]
        assert [request.path for request in server.seen].count(LOG) == 1


async def test_a_container_that_has_not_started_is_waited_for(tmp_path: Path) -> None:
    async with one_pod(tmp_path, None) as (server, target):  # type: ignore[arg-type]
        server.fails(LOG, 400, "BadRequest", 'container "app" is waiting to start: ContainerCreating')
        server.says(POD, 200, pod({"waiting": {"reason": "ContainerCreating"}}))
        async with following(target) as (reader, _):
            await see(reader, lambda seen: bool(seen.notes))
            before = sum(request.path == LOG for request in server.seen)
            await see(reader, lambda _: sum(request.path == LOG for request in server.seen) > before + 20)
            assert reader.notes == ["It waits: ContainerCreating."]

            async def log(_: web.Request) -> web.Response:
                return web.Response(body=stamped("up"))

            server.answers[LOG] = log
            await see(reader, lambda seen: "up" in seen.texts)


async def test_a_flood_is_handed_on_in_order_and_whole(tmp_path: Path) -> None:
    count = 30_000

    async def log(_: web.Request) -> web.Response:
        server.says(POD, 200, pod({"terminated": {"reason": "Completed", "exitCode": 0}}, "Succeeded"))
        return web.Response(body=b"".join(b"2026-03-14T12:00:00Z line %d\n" % n for n in range(count)))

    async with one_pod(tmp_path, log) as (server, target), following(target) as (reader, task):
        async with asyncio.timeout(PATIENCE):
            await task
        assert reader.texts == [f"line {number}" for number in range(count)]
        assert reader.batches < 200


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\x1b[31mred\x1b[0m \x07bell", "red bell"),
        (b"\x1b]0;title\x07text", "text"),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9 au lait, almost all of it text", "caf\N{REPLACEMENT CHARACTER} au lait, almost all of it text"),
        (bytes(range(256)) * 4, "(1,024 bytes that are no text)"),
        (b"\0" * 50, "(50 bytes that are no text)"),
        (b"", ""),
    ],
)  # fmt: skip
def test_control_codes_vanish_and_binary_is_named(raw: bytes, shown: str) -> None:
    assert line_text(raw) == shown


def test_an_endless_line_is_cut_and_its_rest_is_counted() -> None:
    assert line_text(b"x" * 10_000).endswith("… (8000 more characters)")


async def target_of(lab: Lab, kind: str, name: str) -> Target:
    return await OnClusters(lab.clusters).target(kind, name, "", lab.scope)


async def test_the_pods_of_a_workload_are_followed_as_one_and_new_ones_join(practice: Lab) -> None:
    await practice.deployment("web", replicas=2)
    target = await target_of(practice, "deployment", "web")
    async with following(target) as (reader, _):
        await see(reader, lambda seen: len({line.source for line in seen.lines if not line.note}) == 2)
        await practice.carry_out("kubernetes_scale", kind="deployment", name="web", replicas=3)
        await see(reader, lambda seen: len({line.source for line in seen.lines if not line.note}) == 3)
        assert {source.container for source in reader.sources} == {"app"}


async def test_the_instance_before_the_last_restart_can_be_read_to_its_end(practice: Lab) -> None:
    await practice.deployment("web", replicas=1, **{"sandbox.pilothouse/behaviour": "crash"})
    target = await target_of(practice, "deployment", "web")

    async def crashed() -> bool:
        async with following(target, previous=True) as (reader, task):
            await asyncio.wait({task}, timeout=PATIENCE)
        return bool(reader.texts) and "This is all the instance before wrote." in reader.notes

    await until(crashed)


async def test_a_kind_without_pods_says_that_it_has_no_logs(practice: Lab) -> None:
    await practice.config_map("settings", {"a": "1"})
    target = await target_of(practice, "configmap", "settings")
    with pytest.raises(Invalid, match=r"settings in .* has no pods, and so no logs"):
        await follow_logs(target, lambda batch: None)
