from __future__ import annotations

from typing import Any

from tests.tools.sandbox.conftest import Answer, Client, deployment

WEB = "/apis/apps/v1/namespaces/lab/deployments/web"


async def apply(client: Client, body: Any, manager: str, query: str = "") -> Answer:
    path = f"{WEB}?fieldManager={manager}{query}"
    return await client.send("PATCH", path, body, type_="application/apply-patch+yaml")


def replicas_only(count: int) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "lab"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": count}}


async def test_apply_creates_what_is_not_there_and_owns_it(client: Client) -> None:
    answer = await apply(client, deployment(), "alice")
    assert answer.status == 201
    (entry,) = answer.body["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("alice", "Apply")
    assert entry["fieldsV1"]["f:spec"]["f:replicas"] == {}
    containers = entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert containers['k:{"name":"web"}']["."] == {}


async def test_a_field_of_another_manager_conflicts_by_name(client: Client) -> None:
    await apply(client, deployment(), "alice")
    answer = await apply(client, replicas_only(9), "bob")
    assert answer.status == 409
    assert answer.message == 'Apply failed with 1 conflict: conflict with "alice": .spec.replicas'
    assert answer.body["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "alice"', "field": ".spec.replicas"}
    ]


async def test_a_manager_that_updated_is_named_with_its_version_and_subresource(client: Client) -> None:
    await apply(client, deployment(), "alice")
    await client.merge(f"{WEB}/scale?fieldManager=carol", {"spec": {"replicas": 5}})
    answer = await apply(client, replicas_only(9), "bob")
    assert answer.message == (
        'Apply failed with 1 conflict: conflict with "carol" with subresource "scale" using apps/v1: .spec.replicas'
    )


async def test_force_takes_the_field_over(client: Client) -> None:
    await apply(client, deployment(), "alice")
    answer = await apply(client, replicas_only(9), "bob", "&force=true")
    assert answer.body["spec"]["replicas"] == 9
    owners = {
        entry["manager"]
        for entry in answer.body["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    }
    assert owners == {"bob"}


async def test_equal_values_are_owned_together(client: Client) -> None:
    await apply(client, deployment(replicas=2), "alice")
    answer = await apply(client, replicas_only(2), "bob")
    assert answer.status == 200
    assert (await apply(client, deployment(replicas=3), "alice")).status == 409


async def test_a_field_no_longer_applied_goes_unless_others_own_it(client: Client) -> None:
    body = deployment()
    body["metadata"]["labels"] = {"app": "web", "mine": "1", "shared": "1"}
    await apply(client, body, "alice")
    other = replicas_only(2)
    other["metadata"]["labels"] = {"shared": "1"}
    await apply(client, other, "bob")
    body["metadata"]["labels"] = {"app": "web"}
    answer = await apply(client, body, "alice")
    assert answer.body["metadata"]["labels"] == {"app": "web", "shared": "1"}


async def test_applying_the_same_twice_changes_nothing(client: Client) -> None:
    await apply(client, deployment(replicas=0), "alice")
    settled = await client.until(WEB, lambda d: d["status"].get("observedGeneration") == 1)
    answer = await apply(client, deployment(replicas=0), "alice")
    assert answer.body["metadata"]["generation"] == settled["metadata"]["generation"]
    assert answer.body["metadata"]["managedFields"] == settled["metadata"]["managedFields"]


async def test_apply_needs_a_field_manager(client: Client) -> None:
    answer = await client.send("PATCH", WEB, deployment(), type_="application/apply-patch+yaml")
    assert answer.status == 422
    assert "fieldManager: Required value: is required for apply patch" in answer.message


async def test_a_dry_run_of_apply_changes_nothing(client: Client) -> None:
    await apply(client, deployment(), "alice")
    answer = await apply(client, deployment(replicas=5), "alice", "&dryRun=All")
    assert answer.body["spec"]["replicas"] == 5
    assert (await client.get(WEB))["spec"]["replicas"] == 2
