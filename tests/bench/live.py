"""Live views of ten thousand pods, beside `kubectl get pods -A` against the same cluster in the same run.

The cluster is the practice cluster, its pods' metadata as heavy as a real server's; see `crowd`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from agent.agent import Agent
from agent.agent import Options as AgentOptions
from console.app import PilothouseApp
from console.options import Options
from console.widgets.demo_material import pods
from console.widgets.resource_rows import ResourceRows
from memory.home import Home
from tests.bench.crowd import PODS, crowd
from tests.bench.row import Row, percentile, row
from tools.gate import Gate
from tools.kubernetes.connection.clusters import Clusters

ROUNDS, KEYS = 3, 150
IDLE_SECONDS = 15
CHANGES = 500
CONTEXTS = 100
FILTERS = ("checkout", "pay 7", "!checkout", "-f chk7", "-e prod", "c", "nothing-has-this", "")


async def rows_of_a_large_cluster(folder: Path) -> list[Row]:
    """First rows, everything live, and the memory of it. Without kubectl there is nothing to compare with."""
    kubectl = shutil.which("kubectl")
    async with crowd(folder / "quiet") as kubeconfig:
        ours = [await _watcher(kubeconfig) for _ in range(ROUNDS)]
        if kubectl is None:
            return [
                row(name, ours[0][key], unit, "kubectl, which is not on this machine", 0.0, at_most=0.0)
                for name, key, unit in (("first rows", "first", "s"), ("everything live", "live", "s"))
            ]
        theirs = [await _kubectl(kubectl, kubeconfig, folder) for _ in range(ROUNDS)]
    assert all(found["rows"] >= PODS for found in ours)
    peer, middle = "kubectl get pods -A", ROUNDS // 2
    seconds, peak = (sorted(found[place] for found in theirs)[middle] for place in (0, 1))
    first, live, memory = (sorted(found[key] for found in ours)[middle] for key in ("first", "live", "peak"))
    return [
        row("first rows of 10,000 pods", first, "s", peer, seconds, at_most=1 / 20),
        row("10,000 pods live", live, "s", peer, seconds, at_most=1 / 2),
        row("10,000 pods live, peak memory", memory, "MB", peer, peak, at_most=1 / 5),
    ]


async def keys_under_changes(folder: Path) -> list[Row]:
    """A key to its frame in the whole console, with 500 changes a second in the view."""
    async with crowd(folder / "busy", changes=CHANGES) as kubeconfig, _console(folder, kubeconfig) as app:
        costs: list[float] = []
        table = app.main.resources.table
        assert table is not None
        for count in range(KEYS):
            await asyncio.sleep(0.02)
            drawn = asyncio.Event()
            began = time.process_time()
            table.action_page(1) if count % 10 == 9 else table.action_step(1)
            app.screen.call_after_refresh(drawn.set)
            await drawn.wait()
            costs.append((time.process_time() - began) * 1000)
    return [
        row(
            f"key to frame at {CHANGES} changes/s, p95",
            percentile(costs, 0.95),
            "ms CPU",
            "its own median",
            percentile(costs, 0.5),
            at_most=16,
            of="value",
        )
    ]


async def idle(folder: Path) -> list[Row]:
    """The whole console over ten thousand pods where nothing happens."""
    async with crowd(folder / "still") as kubeconfig, _console(folder, kubeconfig):
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(IDLE_SECONDS)
        share = (time.process_time() - cpu) / (time.perf_counter() - began) * 100
    return [row("idle over 10,000 pods", share, "% of a core", "3 %", 3.0, at_most=3, of="value")]


async def filtering(folder: Path) -> list[Row]:
    """Every filter there is over ten thousand rows; the slowest counts, each at its median."""
    rows = ResourceRows()
    rows.apply(pods(PODS))
    slowest = 0.0
    for text in FILTERS:
        times = []
        for _ in range(15):
            began = time.process_time()
            rows.refilter(text)
            times.append((time.process_time() - began) * 1000)
        slowest = max(slowest, percentile(times, 0.5))
    return [row("filter 10,000 rows, slowest kind", slowest, "ms CPU", "5 ms", 5.0, at_most=5, of="value")]


async def many_contexts(folder: Path) -> list[Row]:
    """From the kubeconfig to the kinds a cluster serves, with a hundred contexts and with one."""
    async with crowd(folder / "one") as kubeconfig:
        body = yaml.safe_load(kubeconfig.read_text())
        for place in ("contexts", "users", "clusters"):
            body[place] += [{**body[place][0], "name": f"other-{number}"} for number in range(CONTEXTS)]
        many = folder / "many"
        many.write_text(yaml.safe_dump(body))
        await _opened(kubeconfig)  # imports, which both have
        times: dict[Path, list[float]] = {kubeconfig: [], many: []}
        for _ in range(15):
            for path, taken in times.items():
                taken.append(await _opened(path))
    one, hundred = (percentile(taken, 0.5) for taken in times.values())
    return [row("open one of 100 contexts", hundred, "s", "the only one", one, at_most=1.1)]


async def _opened(kubeconfig: Path) -> float:
    began = time.perf_counter()
    clusters = Clusters(kubeconfig, Gate.build()[0], os.environ)
    cluster = await clusters.cluster()
    await cluster.kinds.resolve("pods")
    taken = time.perf_counter() - began
    await clusters.close()
    return taken


async def _watcher(kubeconfig: Path) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.watcher", str(kubeconfig), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    found: dict[str, float] = json.loads(out)
    return found


async def _kubectl(kubectl: str, kubeconfig: Path, folder: Path) -> tuple[float, float]:
    """Wall seconds and peak MB of one run."""

    def run() -> tuple[float, float]:
        began = time.perf_counter()
        with (folder / "listed").open("w") as out:
            command = [kubectl, "--kubeconfig", str(kubeconfig), "get", "pods", "-A"]
            files = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1)]
            process = os.posix_spawn(kubectl, command, {**os.environ}, file_actions=files)
            _, status, usage = os.wait4(process, 0)
        if status:
            raise RuntimeError("kubectl get pods -A failed.")
        return time.perf_counter() - began, usage.ru_maxrss / 1024

    return await asyncio.to_thread(run)


@asynccontextmanager
async def _console(folder: Path, kubeconfig: Path) -> AsyncIterator[PilothouseApp]:
    """The whole console at 160×48, all pods live in its sidebar."""
    environ = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    home = Home(folder / "home")

    async def connect() -> Agent:
        return await Agent.start(AgentOptions(home=home, operator="bench"), environ)

    app = PilothouseApp(connect, Options(home=folder / "home"), {})
    async with app.run_test(size=(160, 48)) as pilot:

        async def until(holds: object) -> None:
            while not holds():  # type: ignore[operator]
                await pilot.pause(0.05)

        async with asyncio.timeout(60):
            await until(lambda: app.is_built and app.main.live is not None and app.main.live.state.seq > 0)
            app.main.resources.action_all_namespaces()
            app.main.action_resources()
            table = app.main.resources.table
            await until(lambda: table is not None and table.line_count > PODS)
            await pilot.pause(1.0)
        yield app
