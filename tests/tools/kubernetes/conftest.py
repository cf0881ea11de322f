"""The same contract tests for the practice cluster and, with `-m cluster`, for a real one."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.tools.kubernetes.lab import PATIENCE, Lab
from tools.gate import Gate, Permit
from tools.kubernetes.connection.cluster import Cluster
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.fields import condition, mappings, text
from tools.tool import Scope

REAL = "PILOTHOUSE_TEST_KUBECONFIG"
REAL_IMAGE = "PILOTHOUSE_TEST_IMAGE"
"""An image the real cluster can pull, which keeps running and writes a log; without it no pods are awaited."""

PRACTICE_IMAGE = "web:1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A real cluster is only touched when somebody asks for it with `-m cluster`."""
    if "cluster" in config.option.markexpr:
        return
    real = [item for item in items if item.get_closest_marker("cluster")]
    if real:
        config.hook.pytest_deselected(items=real)
        items[:] = [item for item in items if item not in real]


@pytest.fixture(scope="session")
def practice_kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A practice cluster in a process of its own, five times as fast as life, shared by all tests."""
    folder = tmp_path_factory.mktemp("practice")
    kubeconfig, ready = folder / "kubeconfig", folder / "ready"
    command = [sys.executable, "-m", "tools.sandbox.cluster", "--speed", "5", "--exit-with-stdin"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--kubeconfig", str(kubeconfig), "--ready-file", str(ready)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    try:
        give_up = time.monotonic() + PATIENCE
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > give_up:
                pytest.fail(f"The practice cluster did not start: {(folder / 'log').read_text()}")
            time.sleep(0.02)
        yield kubeconfig
    finally:
        process.communicate()


@pytest.fixture
async def practice(practice_kubeconfig: Path) -> AsyncIterator[Lab]:
    """A namespace of its own on a practice cluster, for what no real cluster does on demand."""
    async with _opened(practice_kubeconfig, PRACTICE_IMAGE) as found:
        yield found


@pytest.fixture(params=["practice", pytest.param("real", marks=pytest.mark.cluster)])
async def lab(request: pytest.FixtureRequest) -> AsyncIterator[Lab]:
    """A namespace of its own, removed afterwards; on the practice cluster or a real one."""
    if request.param == "practice":
        kubeconfig, image = request.getfixturevalue("practice_kubeconfig"), PRACTICE_IMAGE
    elif os.environ.get(REAL):
        kubeconfig, image = Path(os.environ[REAL]), os.environ.get(REAL_IMAGE, "")
    else:
        pytest.skip(f"{REAL} names no cluster")
    async with _opened(kubeconfig, image) as found:
        yield found


class _opened:
    """Clusters of a kubeconfig, and a fresh namespace in the current context."""

    def __init__(self, kubeconfig: Path, image: str) -> None:
        self._image = image
        self._gate, self._mint = Gate.build()
        self._clusters = Clusters(kubeconfig, self._gate, os.environ)
        self._namespace = f"pilothouse-test-{secrets.token_hex(4)}"

    async def __aenter__(self) -> Lab:
        cluster = await self._clusters.cluster()
        scope = Scope(context=cluster.context, namespace=self._namespace)
        runs_pods = bool(self._image) and await _has_ready_node(cluster)
        image = self._image or "registry.invalid/web:1"
        lab = Lab(self._clusters, cluster, self._mint, scope, self._namespace, runs_pods, image)
        self._lab = lab
        labels = {"team": "shop", "tier": "test", "environment": "drill"}
        body = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": self._namespace, "labels": labels},
        }
        await lab.create("namespaces", "/api/v1/namespaces", body)
        return lab

    async def __aexit__(self, *_: object) -> None:
        cluster = await self._clusters.cluster()
        for resource, name in [("namespaces", self._namespace), *(("nodes", n) for n in self._lab.nodes)]:
            permit = Permit(
                system="kubernetes", place=cluster.context, verb="delete", resource=resource, name=name
            )
            with self._mint.grant("teardown", [permit], seconds=30):
                await cluster.request("DELETE", f"/api/v1/{resource}/{name}")
        await self._clusters.close()


async def _has_ready_node(cluster: Cluster) -> bool:
    nodes = mappings(await cluster.json("GET", "/api/v1/nodes"), "items")
    return any(text(condition(node, "Ready"), "status") == "True" for node in nodes)


@pytest.fixture
def pods(lab: Lab) -> Lab:
    """The lab, for tests that need their pods to run."""
    if not lab.runs_pods:
        pytest.skip(f"this cluster runs no pods, or {REAL_IMAGE} names no image it can run")
    return lab
