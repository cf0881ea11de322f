"""Objects and groups that no ordinary cluster has: views and tools say what is so, and go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.kubernetes.lab import PATIENCE
from tests.tools.kubernetes.test_watching import View
from tests.tools.sandbox.conftest import EMPTY
from tools.errors import NotFound
from tools.gate import Gate
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.live.together import watch_view
from tools.kubernetes.reads.describe import DescribeArgs, KubernetesDescribe
from tools.rows import FeedState, Health
from tools.sandbox.cluster import PracticeCluster
from tools.tool import Scope

MEGABYTES = 1_000_000


@asynccontextmanager
async def practised(folder: Path) -> AsyncIterator[tuple[PracticeCluster, Clusters]]:
    async with PracticeCluster(world=EMPTY) as practice:
        clusters = Clusters(practice.kubeconfig(folder / "kubeconfig"), Gate.build()[0], {})
        yield practice, clusters
        await clusters.close()


def settings(name: str, *, data: int = 0, annotation: int = 0) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "lab",
            "annotations": {"shop.example/history": "x" * annotation},
        },
        "data": {"blob": "y" * data},
    }


async def test_objects_of_ten_megabytes_are_rows_like_others(tmp_path: Path) -> None:
    async with practised(tmp_path) as (practice, clusters):
        plane = practice.plane
        kind = plane.kinds.named("", "ConfigMap")
        plane.create(kind, settings("heavy", data=10 * MEGABYTES, annotation=10 * MEGABYTES))
        view, late = View(), False
        async with asyncio.timeout(PATIENCE), aclosing(watch_view(clusters, "configmaps")) as changes:
            async for change in changes:
                view.take(change)
                if change.state is FeedState.LIVE and not late:
                    late = True
                    plane.create(kind, settings("late", data=10 * MEGABYTES, annotation=10 * MEGABYTES))
                if {"heavy", "late"} <= view.names:
                    break
        assert {"heavy", "late"} <= view.names


@pytest.mark.parametrize(
    "user", [{"token": "t"}, {"exec": {"apiVersion": "v1", "command": "no-such-plugin"}}]
)
async def test_a_cluster_that_is_away_or_wants_a_login_takes_nothing_from_the_others(
    tmp_path: Path, user: dict[str, Any]
) -> None:
    async with PracticeCluster(world=EMPTY) as practice:
        file = practice.kubeconfig(tmp_path / "kubeconfig")
        known = yaml.safe_load(file.read_text())
        here = known["current-context"]
        known["clusters"].append({"name": "away", "cluster": {"server": "http://127.0.0.1:9"}})
        known["users"].append({"name": "away", "user": user})
        known["contexts"].append({"name": "away", "context": {"cluster": "away", "user": "away"}})
        file.write_text(yaml.safe_dump(known))
        clusters = Clusters(file, Gate.build()[0], {})
        view = View()
        changes = watch_view(clusters, "namespaces", contexts=["away", here])
        async with asyncio.timeout(PATIENCE), aclosing(changes):
            async for change in changes:
                view.take(change)
                if view.rows and change.state is FeedState.STALE:
                    break
        await clusters.close()
        assert {row.scope for row in view.rows.values()} == {here}
        assert change.detail.startswith("namespaces of away: ")


async def test_a_group_that_is_down_is_named_and_other_kinds_go_on(tmp_path: Path) -> None:
    async with practised(tmp_path) as (practice, clusters):
        for group in practice.plane.kinds.aggregated["/apis"]["items"]:
            if group["metadata"]["name"] == "metrics.k8s.io":
                group["versions"][0] |= {"freshness": "Stale", "resources": []}
        with pytest.raises(NotFound, match=r"metrics\.k8s\.io/v1beta1 does not answer"):
            await anext(watch_view(clusters, "nodes.metrics.k8s.io"))
        cluster = await clusters.cluster()
        assert (await cluster.kinds.resolve("nodes")).group == ""


async def test_a_namespace_stuck_in_terminating_is_seen_and_says_what_it_waits_for(tmp_path: Path) -> None:
    async with practised(tmp_path) as (practice, clusters):
        plane = practice.plane
        stuck = {
            "metadata": {"name": "stuck", "deletionTimestamp": "2026-01-05T08:00:00Z"},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {
                "phase": "Terminating",
                "conditions": [
                    {
                        "type": "NamespaceContentRemaining",
                        "status": "True",
                        "reason": "SomeResourcesRemain",
                        "message": "Some resources are remaining: widgets.example.com has 2 resource instances",
                        "lastTransitionTime": "2026-01-05T08:00:03Z",
                    }
                ],
            },
        }
        plane.create(plane.namespaces, {"metadata": {"name": "stuck"}})
        found = plane.store.get(plane.namespaces, "", "stuck")
        assert found is not None
        plane.store.put(
            plane.namespaces, {**found, **stuck, "metadata": {**found["metadata"], **stuck["metadata"]}}
        )
        view = View()
        async with asyncio.timeout(PATIENCE), aclosing(watch_view(clusters, "namespaces")) as changes:
            async for change in changes:
                view.take(change)
                if "stuck" in view.names:
                    break
        row = next(row for row in view.rows.values() if row.name == "stuck")
        assert row.health is Health.WARN and "Terminating" in row.cells
        described = await KubernetesDescribe(clusters).run(
            DescribeArgs(kind="namespace", name="stuck"), Scope()
        )
        assert "widgets.example.com has 2 resource instances" in described.model_dump_json()
