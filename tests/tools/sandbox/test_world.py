from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tools.sandbox.cluster import PracticeCluster
from tools.sandbox.columns import pod_state
from tools.sandbox.controllers.assembly import start_controllers
from tools.sandbox.kubelet.behaviour import image_exists
from tools.sandbox.manifest import moment_of, name_of
from tools.sandbox.plane import ControlPlane
from tools.sandbox.timeline import Timeline
from tools.sandbox.world.seed import Seeder, beginning, shop

Identity = tuple[str, str, int | None]


def identities(cluster: PracticeCluster, *without: str) -> dict[tuple[str, str, str], Identity]:
    store = cluster.plane.store
    return {
        (kind.plural, obj["metadata"].get("namespace", ""), name_of(obj)): (
            obj["metadata"]["uid"],
            obj["metadata"]["resourceVersion"],
            obj["metadata"].get("generation"),
        )
        for kind in cluster.plane.kinds.stored()
        if kind.plural not in without
        for obj in store.all(kind)
    }


@pytest.fixture
async def company() -> AsyncIterator[PracticeCluster]:
    async with PracticeCluster(tls=False) as cluster:
        yield cluster


def deployment(cluster: PracticeCluster, namespace: str, name: str) -> dict[str, Any]:
    return cluster.plane.read(cluster.plane.deployments, namespace, name)


def states(cluster: PracticeCluster, namespace: str, app: str) -> set[str]:
    pods = cluster.plane.store.all(cluster.plane.pods, namespace)
    return {pod_state(pod) for pod in pods if pod["metadata"]["labels"].get("app") == app}


async def test_two_fresh_sandboxes_agree_on_every_uid_and_version_whatever_the_hour() -> None:
    worlds = []
    for hours in (0, 5):
        moment = datetime(2026, 3, 2, 10, 7, 31, tzinfo=UTC) + timedelta(hours=hours, minutes=hours)
        async with PracticeCluster(tls=False, clock=lambda at=moment: at) as cluster:  # type: ignore[misc]
            worlds.append(identities(cluster, "events", "jobs", "cronjobs", "pods"))
    assert worlds[0] == worlds[1]
    assert ("deployments", "shop-staging", "checkout") in worlds[0]


async def test_another_seed_gives_other_uids(company: PracticeCluster) -> None:
    async with PracticeCluster(tls=False, seed=2) as other:
        ours, theirs = deployment(company, "payments", "payments"), deployment(other, "payments", "payments")
        assert ours["metadata"]["uid"] != theirs["metadata"]["uid"]


async def test_every_environment_runs_checkout(company: PracticeCluster) -> None:
    for environment, replicas in (("dev", 1), ("staging", 2), ("production", 4)):
        found = deployment(company, f"shop-{environment}", "checkout")
        assert found["status"]["readyReplicas"] == replicas
        assert found["metadata"]["labels"]["environment"] == environment


async def test_what_is_broken_is_broken_in_the_way_the_world_says(company: PracticeCluster) -> None:
    assert states(company, "payments", "payments") <= {"CrashLoopBackOff", "Error", "Running"}
    assert not deployment(company, "payments", "payments")["status"].get("readyReplicas")
    assert states(company, "shop-production", "analytics") == {"Pending"}
    assert states(company, "shop-production", "recommendations") & {"ImagePullBackOff", "ErrImagePull"}
    workers = [
        pod["status"]["containerStatuses"][0]
        for pod in company.plane.store.all(company.plane.pods, "payments")
        if pod["metadata"]["labels"].get("app") == "invoice-worker"
    ]
    assert [worker["restartCount"] > 50 for worker in workers] == [True]
    assert workers[0]["lastState"]["terminated"]["reason"] == "OOMKilled"
    search = deployment(company, "shop-production", "search")
    progressing = next(c for c in search["status"]["conditions"] if c["type"] == "Progressing")
    assert progressing["reason"] == "ProgressDeadlineExceeded"
    assert search["status"]["readyReplicas"] == 3


async def test_deployments_have_a_past_with_reasons(company: PracticeCluster) -> None:
    plane = company.plane
    owner = deployment(company, "shop-production", "checkout")
    sets = plane.store.children(owner["metadata"]["uid"], plane.replicasets)
    revisions = {
        entry["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: entry["metadata"][
            "annotations"
        ].get("kubernetes.io/change-cause")
        for entry in sets
    }
    assert revisions == {
        "1": None,
        "2": "tax by country",
        "3": "express checkout",
        "4": "fix rounding of totals",
    }
    age = datetime.now(UTC) - moment_of(owner["metadata"]["creationTimestamp"])
    assert age.days == 33


async def test_events_are_no_older_than_a_real_server_keeps_them(company: PracticeCluster) -> None:
    events = company.plane.store.sorted(company.plane.event_kind)
    ages = [datetime.now(UTC) - moment_of(event["lastTimestamp"]) for event in events]
    assert events and max(ages) < timedelta(minutes=62)


def test_every_image_of_the_world_that_should_exist_does() -> None:
    absent = {
        release.image
        for app in [*shop().deployments, *shop().stateful]
        for release in app.history
        if not image_exists(release.image)
    }
    assert absent == {"registry.shop.example/shop/recommendations:0.9.5"}


REMEDIES: list[tuple[str, str, dict[str, Any]]] = [
    ("payments", "payments", {"image": "registry.shop.example/payments/payments:1.8.2"}),
    (
        "payments",
        "payments",
        {
            "env": [
                {"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "payments-db", "key": "url"}}}
            ]
        },
    ),
    ("payments", "invoice-worker", {"resources": {"limits": {"memory": "320Mi"}}}),
    ("payments", "invoice-worker", {"image": "registry.shop.example/payments/invoice-worker:3.0.0"}),
    ("shop-production", "search", {"image": "registry.shop.example/shop/search:4.1.1"}),
    ("shop-production", "recommendations", {"image": "registry.shop.example/shop/recommendations:0.9.4"}),
    ("shop-production", "analytics", {"resources": {"requests": {"memory": "1Gi"}}}),
]


@pytest.mark.parametrize(("namespace", "name", "remedy"), REMEDIES)
def test_each_broken_workload_heals_when_its_object_is_mended(
    namespace: str, name: str, remedy: dict[str, Any]
) -> None:
    now = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    plane = ControlPlane(Timeline(beginning(now)))
    start_controllers(plane)
    Seeder(plane, shop(), now).play()

    def complete() -> bool:
        found = plane.read(plane.deployments, namespace, name)
        wanted, status = found["spec"]["replicas"], found["status"]
        return bool(status.get("readyReplicas") == status.get("updatedReplicas") == wanted)

    def mend(draft: dict[str, Any]) -> None:
        draft["spec"]["template"]["spec"]["containers"][0].update(remedy)

    assert not complete()
    plane.change(plane.deployments, plane.read(plane.deployments, namespace, name), mend)
    plane.timeline.advance(now + timedelta(minutes=3))
    assert complete()


async def test_a_crowd_runs_from_the_start_and_stands_still() -> None:
    async with PracticeCluster(tls=False, pods=500) as cluster:
        plane = cluster.plane
        crowd = [
            pod
            for number in range(50)
            for pod in plane.store.all(plane.pods, f"crowd-{number:02d}")
            if pod_state(pod) == "Running"
        ]
        assert len(crowd) == 500
        assert deployment(cluster, "crowd-00", "idle")["status"]["readyReplicas"] == 10
