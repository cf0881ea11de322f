from __future__ import annotations

from typing import Any

import pytest

from tests.tools.sandbox.conftest import Client, config_map, deployment

MAPS = "/api/v1/namespaces/lab/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/lab/deployments"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"


async def test_a_new_object_gets_what_the_server_adds(client: Client) -> None:
    made = await client.make(DEPLOYMENTS, deployment())
    assert made["metadata"]["uid"] and made["metadata"]["generation"] == 1
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    assert made["spec"]["template"]["spec"]["restartPolicy"] == "Always"
    assert made["metadata"]["managedFields"][0]["operation"] == "Update"


async def test_the_same_name_twice_is_refused(client: Client) -> None:
    await client.make(DEPLOYMENTS, deployment())
    answer = await client.send("POST", DEPLOYMENTS, deployment())
    assert (answer.status, answer.message) == (409, 'deployments.apps "web" already exists')


async def test_a_namespace_that_is_missing_is_named(client: Client) -> None:
    answer = await client.send("POST", "/api/v1/namespaces/nowhere/configmaps", config_map("one"))
    assert (answer.status, answer.message) == (404, 'namespaces "nowhere" not found')


async def test_generated_names_differ(client: Client) -> None:
    body = {"metadata": {"generateName": "part-"}}
    names = {(await client.make(MAPS, body))["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3 and all(name.startswith("part-") for name in names)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_write_with_an_old_resource_version_conflicts(client: Client, method: str) -> None:
    made = await client.make(MAPS, config_map("one"))
    await client.merge(f"{MAPS}/one", {"data": {"key": "theirs"}})
    made["data"]["key"] = "mine"
    type_ = "application/merge-patch+json" if method == "PATCH" else "application/json"
    answer = await client.send(method, f"{MAPS}/one", made, type_=type_)
    assert answer.status == 409
    assert answer.message == (
        'Operation cannot be fulfilled on configmaps "one": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert (await client.get(f"{MAPS}/one"))["data"]["key"] == "theirs"


async def test_a_dry_run_shows_the_outcome_and_changes_nothing(client: Client) -> None:
    made = await client.make(DEPLOYMENTS, deployment())
    answer = await client.merge(f"{DEPLOYMENTS}/web?dryRun=All", {"spec": {"replicas": 7}})
    assert (answer.status, answer.body["spec"]["replicas"]) == (200, 7)
    assert (await client.get(f"{DEPLOYMENTS}/web"))["spec"] == made["spec"]
    await client.send("POST", f"{MAPS}?dryRun=All", config_map("ghost"))
    await client.send("DELETE", f"{DEPLOYMENTS}/web?dryRun=All")
    assert (await client.send("GET", f"{MAPS}/ghost")).status == 404
    assert (await client.send("GET", f"{DEPLOYMENTS}/web")).status == 200


async def test_an_unchanged_object_keeps_its_version(client: Client) -> None:
    made = await client.make(MAPS, config_map("one"))
    answer = await client.merge(f"{MAPS}/one", {"data": {"key": "value"}})
    assert answer.body["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_only_a_change_of_intent_raises_the_generation(client: Client) -> None:
    await client.make(DEPLOYMENTS, deployment())
    labelled = await client.merge(f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"tier": "a"}}})
    assert labelled.body["metadata"]["generation"] == 1
    scaled = await client.merge(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 3}})
    assert scaled.body["metadata"]["generation"] == 2


async def test_a_write_to_the_object_leaves_its_status_alone(client: Client) -> None:
    await client.make(DEPLOYMENTS, deployment(replicas=1))
    before = await client.until(f"{DEPLOYMENTS}/web", lambda d: d["status"].get("readyReplicas") == 1)
    answer = await client.merge(f"{DEPLOYMENTS}/web", {"status": {"readyReplicas": 99}})
    assert answer.body["status"]["readyReplicas"] == before["status"]["readyReplicas"]


async def test_strategic_merge_finds_containers_and_variables_by_name(client: Client) -> None:
    body = deployment(container={"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})
    await client.make(DEPLOYMENTS, body)
    change = {"name": "web", "env": [{"name": "B", "value": "3"}, {"name": "A", "$patch": "delete"}]}
    patch = {"spec": {"template": {"spec": {"containers": [change]}}}}
    answer = await client.send("PATCH", f"{DEPLOYMENTS}/web", patch, type_=STRATEGIC)
    (container,) = answer.body["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "B", "value": "3"}]
    assert container["image"] == body["spec"]["template"]["spec"]["containers"][0]["image"]


async def test_json_patch_applies_all_or_says_why_not(client: Client) -> None:
    await client.make(MAPS, config_map("one"))
    good = [
        {"op": "test", "path": "/data/key", "value": "value"},
        {"op": "add", "path": "/data/a~1b", "value": "new"},
        {"op": "move", "from": "/data/key", "path": "/data/moved"},
    ]
    answer = await client.send("PATCH", f"{MAPS}/one", good, type_=JSON_PATCH)
    assert answer.body["data"] == {"a/b": "new", "moved": "value"}
    bad = [{"op": "replace", "path": "/data/absent", "value": "x"}]
    refused = await client.send("PATCH", f"{MAPS}/one", bad, type_=JSON_PATCH)
    assert refused.status == 422
    assert "doc is missing path: /data/absent" in refused.body["details"]["causes"][0]["message"]


async def test_a_body_in_an_unknown_form_is_refused(client: Client) -> None:
    answer = await client.send("POST", MAPS, b"\x00\x01", type_="application/cbor")
    assert (answer.status, answer.body["reason"]) == (415, "UnsupportedMediaType")


async def test_scale_changes_one_number_and_nothing_else(client: Client) -> None:
    await client.make(DEPLOYMENTS, deployment())
    scale = await client.get(f"{DEPLOYMENTS}/web/scale")
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 2)
    answer = await client.merge(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 4}})
    assert answer.body["spec"]["replicas"] == 4
    assert (await client.get(f"{DEPLOYMENTS}/web"))["spec"]["replicas"] == 4
    refused = await client.merge(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": -1}})
    assert refused.status == 422 and "must be greater than or equal to 0" in refused.message


async def test_a_deletion_checks_its_preconditions(client: Client) -> None:
    made = await client.make(MAPS, config_map("one"))
    answer = await client.send("DELETE", f"{MAPS}/one", {"preconditions": {"uid": "other"}})
    assert answer.status == 409
    assert answer.message == (
        'Operation cannot be fulfilled on configmaps "one": Precondition failed: '
        f"UID in precondition: other, UID in object meta: {made['metadata']['uid']}"
    )
    right = {"preconditions": {"uid": made["metadata"]["uid"]}}
    assert (await client.send("DELETE", f"{MAPS}/one", right)).body["status"] == "Success"


async def test_a_finalizer_holds_an_object_until_it_is_removed(client: Client) -> None:
    body = config_map("one")
    body["metadata"]["finalizers"] = ["example.com/hold"]
    await client.make(MAPS, body)
    await client.send("DELETE", f"{MAPS}/one")
    assert "deletionTimestamp" in (await client.get(f"{MAPS}/one"))["metadata"]
    await client.merge(f"{MAPS}/one", {"metadata": {"finalizers": None}})
    assert (await client.send("GET", f"{MAPS}/one")).status == 404


async def test_a_collection_is_deleted_by_selector(client: Client) -> None:
    for name, tier in (("one", "a"), ("two", "b"), ("three", "a")):
        await client.make(MAPS, config_map(name, tier=tier))
    await client.send("DELETE", f"{MAPS}?labelSelector=tier=a")
    assert [item["metadata"]["name"] for item in (await client.get(MAPS))["items"]] == ["two"]


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"replicas": -1}, 422, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (
            {"replicas": "three"},
            400,
            "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas",
        ),
        ({"selector": None}, 422, "spec.selector: Required value"),
        ({"selector": {"matchLabels": {"app": "x"}}}, 422, "`selector` does not match template `labels`"),
        ({"container": {"image": None}}, 422, "spec.template.spec.containers[0].image: Required value"),
        ({"container": {"name": "Bad_Name"}}, 422, "a lowercase RFC 1123 label must consist of"),
        ({"container": {"resources": {"limits": {"memory": "lots"}}}}, 400, "quantities must match"),
        (
            {"container": {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}},
            422,
            "must be less than or equal to cpu limit of 1",
        ),
    ],
)
async def test_the_commonest_mistakes_are_refused_in_the_servers_words(
    client: Client, change: dict[str, Any], code: int, text: str
) -> None:
    body = deployment()
    container = change.pop("container", {})
    body["spec"].update(change)
    body["spec"]["template"]["spec"]["containers"][0].update(container)
    answer = await client.send("POST", DEPLOYMENTS, body)
    assert answer.status == code
    assert text in answer.message


async def test_each_wrong_field_is_a_cause_of_its_own(client: Client) -> None:
    body = deployment(replicas=-1)
    body["spec"]["template"]["spec"]["containers"][0]["image"] = ""
    answer = await client.send("POST", DEPLOYMENTS, body)
    fields = {cause["field"] for cause in answer.body["details"]["causes"]}
    assert fields == {"spec.replicas", "spec.template.spec.containers[0].image"}


async def test_the_selector_of_a_deployment_cannot_change(client: Client) -> None:
    await client.make(DEPLOYMENTS, deployment())
    labels = {"app": "web", "tier": "a"}
    patch = {"spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}}
    answer = await client.merge(f"{DEPLOYMENTS}/web", patch)
    assert answer.status == 422 and answer.message.endswith("field is immutable")


async def test_unknown_fields_are_refused_warned_about_or_ignored_as_asked(client: Client) -> None:
    body = deployment(container={"imagePolicy": "Always"}, replicsa=3)
    strict = await client.send("POST", f"{DEPLOYMENTS}?fieldValidation=Strict", body)
    assert strict.status == 400
    assert strict.message == (
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
        'unknown field "spec.replicsa", unknown field "spec.template.spec.containers[0].imagePolicy"'
    )
    warned = await client.send("POST", f"{DEPLOYMENTS}?fieldValidation=Warn", body)
    assert warned.status == 201 and "replicsa" not in warned.body["spec"]
    assert '299 - "unknown field \\"spec.replicsa\\""' in warned.headers.getall("Warning")
