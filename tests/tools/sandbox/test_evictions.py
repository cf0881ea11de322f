"""Evictions, taints and metadata, as the API server and its controllers treat them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.sandbox.conftest import Client, pod_spec

PODS = "/api/v1/namespaces/lab/pods"
BUDGETS = "/apis/policy/v1/namespaces/lab/poddisruptionbudgets"
CONFIG_MAPS = "/api/v1/namespaces/lab/configmaps"


async def guarded(client: Client, *names: str, budgets: int = 1, **spec: Any) -> None:
    """Running pods under so many budgets, which have counted them."""
    for name in names:
        await client.make(PODS, {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": pod_spec()})
    for number in range(budgets):
        body = {"selector": {"matchLabels": {"app": "web"}}, **spec}
        await client.make(BUDGETS, {"metadata": {"name": f"guard-{number}"}, "spec": body})
    await client.until(
        f"{BUDGETS}/guard-0", lambda b: b.get("status", {}).get("currentHealthy") == len(names)
    )


async def evicted(client: Client, name: str, **options: Any) -> Any:
    body = {"metadata": {"name": name}, "deleteOptions": options}
    return await client.send("POST", f"{PODS}/{name}/eviction", body)


async def test_two_evictions_at_once_do_not_overdraw_a_budget(client: Client) -> None:
    await guarded(client, "one", "two", minAvailable=1)
    first, second = await evicted(client, "one"), await evicted(client, "two")
    assert (first.status, second.status) == (201, 429)


async def test_a_pod_under_two_budgets_cannot_be_evicted(client: Client) -> None:
    await guarded(client, "one", budgets=2, maxUnavailable=1)
    answer = await evicted(client, "one")
    assert answer.status == 500
    assert "more than one PodDisruptionBudget" in answer.message


async def test_an_eviction_of_another_pod_of_that_name_is_a_conflict(client: Client) -> None:
    await guarded(client, "one", minAvailable=0)
    answer = await evicted(client, "one", preconditions={"uid": "another"})
    assert answer.status == 409
    assert "Precondition failed: UID" in answer.message


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"labels": {"team": "a b"}}, "metadata.labels"),
        ({"labels": {"-team": "a"}}, "metadata.labels"),
        ({"labels": {"team": "x" * 64}}, "metadata.labels"),
        ({"annotations": {"UPPER.example/team": "a"}}, "metadata.annotations"),
        ({"annotations": {"big": "x" * 300_000}}, "metadata.annotations"),
    ],
)
async def test_keys_and_values_that_may_not_be_are_refused(
    client: Client, metadata: dict[str, Any], field: str
) -> None:
    answer = await client.send("POST", CONFIG_MAPS, {"metadata": {"name": "settings", **metadata}})
    assert answer.status == 422
    assert field in answer.message


async def test_labels_that_are_empty_are_left_out(client: Client) -> None:
    await client.make(CONFIG_MAPS, {"metadata": {"name": "settings", "labels": {"team": "shop"}}})
    path = f"{CONFIG_MAPS}/settings"
    patch = {"metadata": {"labels": {"team": None}}}
    await client.send("PATCH", path, patch, type_="application/merge-patch+json")
    assert "labels" not in (await client.get(path))["metadata"]


async def test_a_pod_leaves_a_node_with_a_taint_when_its_patience_ends(client: Client) -> None:
    node = {"metadata": {"name": "n1"}, "spec": {"taints": [{"key": "k", "effect": "NoExecute"}]}}
    await client.make("/api/v1/nodes", node)
    for name, tolerations in (
        ("leaves", []),
        ("leaves-later", [{"key": "k", "operator": "Exists", "tolerationSeconds": 1}]),
        ("stays", [{"key": "k", "operator": "Exists"}]),
    ):
        spec = {**pod_spec(), "nodeName": "n1", "terminationGracePeriodSeconds": 0}
        await client.make(PODS, {"metadata": {"name": name}, "spec": {**spec, "tolerations": tolerations}})
    for name in ("leaves", "leaves-later"):
        await client.until_answer("GET", f"{PODS}/{name}", lambda found: found.status == 404)
    assert (await client.get(f"{PODS}/stays"))["metadata"]["name"] == "stays"
