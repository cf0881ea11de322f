from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tools.sandbox.conftest import ADMIN, FRONTEND, Client, pod_spec

PODS = "/api/v1/namespaces/lab/pods"
LOG = f"{PODS}/web/log"


def pod(**more: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web", **more.pop("metadata", {})}, "spec": {**pod_spec(), **more}}


async def running(client: Client) -> None:
    await client.make(PODS, pod())
    await client.until(f"{PODS}/web", lambda found: found["status"]["phase"] == "Running")


async def test_the_tail_is_the_end_of_the_log(client: Client) -> None:
    await running(client)
    await client.until(LOG, lambda text: "serving" in text)
    tail = await client.get(f"{LOG}?tailLines=1&timestamps=true")
    stamp, _, line = tail.strip().partition(" ")
    assert (datetime.now(UTC) - datetime.fromisoformat(stamp[:19] + "+00:00")).total_seconds() < 120
    assert line in await client.get(LOG)
    assert await client.get(f"{LOG}?tailLines=0") == ""


async def test_following_shows_new_lines_and_ends_with_the_pod(client: Client) -> None:
    await running(client)
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with client.session.get(f"{client.cluster.url}{LOG}?follow=true", headers=headers) as response:
        first = await asyncio.wait_for(response.content.readline(), 10)
        assert first.startswith(b"INFO  frontend 5.0.0 serving")
        await client.send("DELETE", f"{PODS}/web", {"gracePeriodSeconds": 0})
        await asyncio.wait_for(response.content.read(), 10)


async def test_a_container_must_be_chosen_among_several(client: Client) -> None:
    two = [{"name": name, "image": f"{FRONTEND}:5.0.0"} for name in ("web", "side")]
    await client.make(PODS, {"metadata": {"name": "web"}, "spec": {"containers": two}})
    await client.until(f"{PODS}/web", lambda found: found["status"]["phase"] == "Running")
    answer = await client.send("GET", LOG)
    assert (answer.status, answer.message) == (
        400,
        "a container name must be specified for pod web, choose one of: [web side]",
    )
    assert (await client.send("GET", f"{LOG}?container=side")).status == 200
    wrong = await client.send("GET", f"{LOG}?container=none")
    assert wrong.message == "container none is not valid for pod web"


async def test_a_pod_that_cannot_start_has_no_log(client: Client) -> None:
    await client.make(PODS, {"metadata": {"name": "web"}, "spec": pod_spec(f"{FRONTEND}:0.0.0")})
    waiting = 'container "web" in pod "web" is waiting to start: trying and failing to pull image'
    answer = await client.until_answer(
        "GET", LOG, lambda found: found.status == 400 and found.message == waiting
    )
    assert answer.body["reason"] == "BadRequest"


async def test_previous_shows_the_run_that_crashed(client: Client) -> None:
    await client.make(PODS, pod(metadata={"annotations": {"sandbox.pilothouse/behaviour": "crash"}}))
    refused = await client.send("GET", f"{LOG}?previous=true")
    assert refused.message == 'previous terminated container "web" in pod "web" not found'
    await client.until(
        f"{PODS}/web",
        lambda found: any(s["restartCount"] for s in found["status"].get("containerStatuses", [])),
    )
    assert "FATAL told to crash by annotation" in await client.get(f"{LOG}?previous=true")


@pytest.mark.parametrize("healthy", [1, 0])
async def test_an_eviction_respects_the_disruption_budget(client: Client, healthy: int) -> None:
    await client.make(PODS, {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": pod_spec()})
    spec = {"minAvailable": healthy, "selector": {"matchLabels": {"app": "web"}}}
    budgets = "/apis/policy/v1/namespaces/lab/poddisruptionbudgets"
    await client.make(budgets, {"metadata": {"name": "guard"}, "spec": spec})
    await client.until(f"{budgets}/guard", lambda b: b.get("status", {}).get("currentHealthy") == 1)
    answer = await client.send("POST", f"{PODS}/web/eviction", {"metadata": {"name": "web"}})
    if healthy:
        assert answer.status == 429
        assert answer.message == "Cannot evict pod as it would violate the pod's disruption budget."
    else:
        assert answer.status == 201
        gone = await client.until_answer("GET", f"{PODS}/web", lambda found: found.status == 404)
        assert gone.message == 'pods "web" not found'
