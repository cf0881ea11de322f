"""The same contract tests for the practice cluster and, with `-m cluster`, for a real one."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tools.sandbox.cluster import PracticeCluster

from tests.tools.kubernetes.lab import Lab
from tools.gate import Gate, Permit
from tools.kubernetes.cluster import Cluster
from tools.kubernetes.clusters import Clusters
from tools.kubernetes.fields import condition, mappings, text
from tools.tool import Scope

REAL = "PILOTHOUSE_TEST_KUBECONFIG"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A real cluster is only touched when somebody asks for it with `-m cluster`."""
    if "cluster" in config.option.markexpr:
        return
    real = [item for item in items if item.get_closest_marker("cluster")]
    if real:
        config.hook.pytest_deselected(items=real)
        items[:] = [item for item in items if item not in real]


@pytest.fixture
async def practice(tmp_path: Path) -> AsyncIterator[PracticeCluster]:
    """A practice cluster on a free port, with nothing in it."""
    async with PracticeCluster(kubeconfig=tmp_path / "kubeconfig") as cluster:
        yield cluster


@pytest.fixture(params=["practice", pytest.param("real", marks=pytest.mark.cluster)])
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lab]:
    """A namespace of its own, removed afterwards."""
    if request.param == "real":
        path = os.environ.get(REAL)
        if not path:
            pytest.skip(f"{REAL} names no cluster")
        async with _opened(Path(path)) as found:
            yield found
    else:
        async with (
            PracticeCluster(kubeconfig=tmp_path / "kubeconfig") as practice,
            _opened(practice.kubeconfig) as found,
        ):
            yield found


class _opened:
    """Clusters of a kubeconfig, and a fresh namespace in the current context."""

    def __init__(self, kubeconfig: Path) -> None:
        self._gate, self._mint = Gate.build()
        self._clusters = Clusters(kubeconfig, self._gate, os.environ)
        self._namespace = f"pilothouse-test-{secrets.token_hex(4)}"

    async def __aenter__(self) -> Lab:
        cluster = await self._clusters.cluster()
        scope = Scope(context=cluster.context, namespace=self._namespace)
        lab = Lab(self._clusters, cluster, self._mint, scope, self._namespace, await _runs_pods(cluster))
        labels = {"team": "shop", "tier": "test"}
        body = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": self._namespace, "labels": labels},
        }
        await lab.create("namespaces", "/api/v1/namespaces", body)
        return lab

    async def __aexit__(self, *_: object) -> None:
        cluster = await self._clusters.cluster()
        permit = Permit(
            system="kubernetes",
            place=cluster.context,
            verb="delete",
            resource="namespaces",
            name=self._namespace,
        )
        with self._mint.grant("teardown", [permit], seconds=30):
            await cluster.request("DELETE", f"/api/v1/namespaces/{self._namespace}")
        await self._clusters.close()


async def _runs_pods(cluster: Cluster) -> bool:
    nodes = mappings(await cluster.json("GET", "/api/v1/nodes"), "items")
    return any(text(condition(node, "Ready"), "status") == "True" for node in nodes)


@pytest.fixture
def pods(lab: Lab) -> Lab:
    """The lab, for tests that need their pods to run."""
    if not lab.runs_pods:
        pytest.skip("this cluster has no node that runs pods")
    return lab
