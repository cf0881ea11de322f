from __future__ import annotations

import pytest

from tests.tools.sandbox.conftest import VIEWER, Client, config_map, deployment

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
MAPS = "/api/v1/namespaces/lab/configmaps"


async def fill(client: Client, count: int = 5) -> None:
    for number in range(count):
        await client.make(MAPS, config_map(f"map-{number}", parity="even" if number % 2 == 0 else "odd"))


async def test_aggregated_and_legacy_discovery_name_the_same_resources(client: Client) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    groups = (await client.get("/apis", Accept=accept))["items"]
    apps = next(group for group in groups if group["metadata"]["name"] == "apps")
    aggregated = {entry["resource"] for entry in apps["versions"][0]["resources"]}
    legacy = {entry["name"] for entry in (await client.get("/apis/apps/v1"))["resources"]}
    assert aggregated == {name for name in legacy if "/" not in name}


async def test_discovery_does_not_promise_commands_in_containers(client: Client) -> None:
    names = {entry["name"] for entry in (await client.get("/api/v1"))["resources"]}
    assert "pods/log" in names
    assert not names & {"pods/exec", "pods/attach", "pods/portforward"}


async def test_version_and_health_need_no_login(client: Client) -> None:
    assert (await client.get("/version", token=""))["gitVersion"].startswith("v1.36")
    assert await client.get("/readyz", token="") == "ok"


async def test_a_limited_list_continues_where_it_stopped_at_the_same_version(client: Client) -> None:
    await fill(client)
    first = await client.get(f"{MAPS}?limit=2")
    assert first["metadata"]["remainingItemCount"] == 3
    rest = await client.get(f"{MAPS}?limit=10&continue={first['metadata']['continue']}")
    names = [item["metadata"]["name"] for item in first["items"] + rest["items"]]
    assert names == [f"map-{number}" for number in range(5)]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_a_continue_token_from_before_a_compaction_is_gone(client: Client) -> None:
    await fill(client)
    first = await client.get(f"{MAPS}?limit=2")
    await client.make(MAPS, config_map("later"))
    await client.send("POST", "/sandbox/compact")
    answer = await client.send("GET", f"{MAPS}?limit=2&continue={first['metadata']['continue']}")
    assert (answer.status, answer.body["reason"]) == (410, "Expired")


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("parity=even", 3),
        ("parity!=even", 2),
        ("parity in (odd)", 2),
        ("parity notin (odd)", 3),
        ("parity", 5),
        ("!parity", 0),
        ("parity=even,other", 0),
    ],
)
async def test_label_selectors_choose(client: Client, selector: str, expected: int) -> None:
    await fill(client)
    found = await client.get(f"{MAPS}?labelSelector={selector}")
    assert len(found["items"]) == expected


async def test_field_selectors_choose_and_refuse_fields_they_do_not_know(client: Client) -> None:
    await fill(client)
    found = await client.get(f"{MAPS}?fieldSelector=metadata.name=map-3")
    assert [item["metadata"]["name"] for item in found["items"]] == ["map-3"]
    answer = await client.send("GET", f"{MAPS}?fieldSelector=data.key=value")
    assert (answer.status, answer.message) == (400, "field label not supported: data.key")


async def test_a_table_has_the_recorded_columns_and_carries_what_was_asked(client: Client) -> None:
    await client.make("/apis/apps/v1/namespaces/lab/deployments", deployment())
    path = "/apis/apps/v1/namespaces/lab/deployments"
    table = await client.get(path, Accept=TABLE)
    names = [column["name"] for column in table["columnDefinitions"]]
    assert names[:5] == ["Name", "Ready", "Up-to-date", "Available", "Age"]
    assert table["rows"][0]["cells"][0] == "web"
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert (await client.get(f"{path}?includeObject=None", Accept=TABLE))["rows"][0]["object"] is None
    full = (await client.get(f"{path}?includeObject=Object", Accept=TABLE))["rows"][0]["object"]
    assert full["spec"]["replicas"] == 2


async def test_a_metadata_list_leaves_out_the_rest(client: Client) -> None:
    await fill(client, 1)
    found = await client.get(MAPS, Accept=METADATA)
    assert found["kind"] == "PartialObjectMetadataList"
    assert "data" not in found["items"][0]


async def test_list_items_carry_no_kind_and_the_list_does(client: Client) -> None:
    await fill(client, 1)
    found = await client.get(MAPS)
    assert found["kind"] == "ConfigMapList"
    assert "kind" not in found["items"][0]


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/apis/apps/v1/namespaces/lab/deployments/nope", 404, 'deployments.apps "nope" not found'),
        ("/api/v1/namespaces/lab/pods/nope", 404, 'pods "nope" not found'),
        ("/apis/apps/v1/gadgets", 404, "the server could not find the requested resource"),
        ("/api/v1/namespaces/lab/pods?limit=many", 400, 'strconv.ParseInt: parsing "many": invalid syntax'),
    ],
)
async def test_what_is_not_there_is_said_in_the_servers_words(
    client: Client, path: str, code: int, message: str
) -> None:
    answer = await client.send("GET", path)
    assert (answer.status, answer.message) == (code, message)
    assert (answer.body["kind"], answer.body["code"]) == ("Status", code)


async def test_a_method_a_kind_does_not_know_is_refused(client: Client) -> None:
    answer = await client.send("DELETE", "/apis/metrics.k8s.io/v1beta1/namespaces/lab/pods")
    assert (answer.status, answer.body["reason"]) == (405, "MethodNotAllowed")


async def test_events_show_in_both_their_versions(client: Client) -> None:
    await client.make("/apis/apps/v1/namespaces/lab/deployments", deployment(replicas=1))
    old = await client.until("/api/v1/namespaces/lab/events", lambda found: bool(found["items"]))
    new = await client.get("/apis/events.k8s.io/v1/namespaces/lab/events")
    assert old["items"][0]["involvedObject"] == new["items"][0]["regarding"]


async def test_metrics_tell_what_running_pods_use(client: Client) -> None:
    await client.make("/apis/apps/v1/namespaces/lab/deployments", deployment(replicas=1))
    await client.until(
        "/apis/apps/v1/namespaces/lab/deployments/web", lambda d: d["status"].get("readyReplicas") == 1
    )
    (measured,) = (await client.get("/apis/metrics.k8s.io/v1beta1/namespaces/lab/pods", token=VIEWER))[
        "items"
    ]
    assert measured["containers"][0]["usage"]["cpu"].endswith("n")
    nodes = (await client.get("/apis/metrics.k8s.io/v1beta1/nodes"))["items"]
    assert {node["metadata"]["name"] for node in nodes} == {"node-a", "node-b"}


async def test_openapi_says_that_patches_validate_fields(client: Client) -> None:
    index = await client.get("/openapi/v3")
    described = await client.get(index["paths"]["apis/apps/v1"]["serverRelativeURL"])
    patch = described["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert "fieldValidation" in {parameter["name"] for parameter in patch["parameters"]}
