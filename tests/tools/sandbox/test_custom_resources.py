"""Custom resources of the practice cluster: definitions are served, checked, converted or not, and taken away."""

from typing import Any

import pytest
import yaml

from tests.tools.sandbox.conftest import VIEWER, Client
from tools.sandbox.custom.printing import values_at

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.com/v1/namespaces/lab/widgets"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
APPLY = "application/apply-patch+yaml"

DEFINITION = yaml.safe_load("""
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, shortNames: [wd]}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      additionalPrinterColumns:
        - {name: Size, type: integer, jsonPath: .spec.size}
        - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: integer, minimum: 1}
                colour: {type: string, enum: [red, blue], default: red}
                ports:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items: {type: object, properties: {name: {type: string}, number: {type: integer}}}
                hosts: {type: array, items: {type: string}}
            status: {type: object, x-kubernetes-preserve-unknown-fields: true}
""")


def widget(name: str = "one", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}


async def define(client: Client, **changes: Any) -> None:
    definition = {**DEFINITION, "spec": {**DEFINITION["spec"], **changes}}
    await client.make(DEFINITIONS, definition)
    path = f"{DEFINITIONS}/widgets.example.com"
    await client.until(path, lambda found: len(found.get("status", {}).get("conditions", [])) == 2)


async def test_a_definition_is_established_and_appears_in_both_forms_of_discovery(client: Client) -> None:
    await define(client)
    made = await client.get(f"{DEFINITIONS}/widgets.example.com")
    assert {c["type"]: c["status"] for c in made["status"]["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    assert made["status"]["storedVersions"] == ["v1"]
    groups = [group["name"] for group in (await client.get("/apis"))["groups"]]
    assert "example.com" in groups
    listed = await client.get("/apis/example.com/v1")
    assert [entry["name"] for entry in listed["resources"]] == ["widgets", "widgets/status"]
    aggregated = (await client.get("/apis", Accept=AGGREGATED))["items"]
    (group,) = [group for group in aggregated if group["metadata"]["name"] == "example.com"]
    (resource,) = group["versions"][0]["resources"]
    assert (resource["resource"], resource["shortNames"], resource["scope"]) == (
        "widgets",
        ["wd"],
        "Namespaced",
    )


async def test_objects_are_made_with_defaults_without_unknown_fields_and_without_a_status(
    client: Client,
) -> None:
    await define(client)
    answer = await client.send("POST", WIDGETS, {**widget(size=1, wings=2), "status": {"ready": True}})
    assert answer.body["spec"] == {"size": 1, "colour": "red"}
    assert "status" not in answer.body
    assert 'unknown field \\"spec.wings\\"' in answer.headers["Warning"]
    strict = await client.send("POST", f"{WIDGETS}?fieldValidation=Strict", widget("two", size=1, wings=2))
    assert (strict.status, 'unknown field "spec.wings"' in strict.message) == (400, True)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "spec.size: Required value"),
        ({"size": "big"}, "spec.size in body must be of type integer"),
        ({"size": 0}, "spec.size in body should be greater than or equal to 1"),
        ({"size": 1, "colour": "green"}, 'spec.colour: Unsupported value: "green"'),
        ({"size": 1, "hosts": [1]}, "spec.hosts[0] in body must be of type string"),
    ],
)
async def test_what_does_not_fit_the_schema_is_refused(client: Client, spec: Any, said: str) -> None:
    await define(client)
    answer = await client.send("POST", WIDGETS, widget(**spec))
    assert answer.status == 422
    assert said in answer.message


async def test_a_table_has_the_columns_of_the_definition(client: Client) -> None:
    await define(client)
    await client.make(WIDGETS, widget(size=4))
    status = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    assert (await client.merge(f"{WIDGETS}/one/status", status)).status == 200
    table = await client.get(WIDGETS, Accept=TABLE)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Size", "Ready"]
    assert table["rows"][0]["cells"] == ["one", 4, "False"]


async def test_generation_moves_with_the_spec_and_not_with_the_status(client: Client) -> None:
    await define(client)
    await client.make(WIDGETS, widget(size=4))
    await client.merge(f"{WIDGETS}/one/status", {"status": {"seen": 1}})
    assert (await client.get(f"{WIDGETS}/one"))["metadata"]["generation"] == 1
    await client.merge(f"{WIDGETS}/one", {"spec": {"size": 5}, "status": {"seen": 2}})
    found = await client.get(f"{WIDGETS}/one")
    assert (found["metadata"]["generation"], found["status"]["seen"]) == (2, 1)


async def test_server_side_apply_merges_the_lists_the_schema_calls_maps(client: Client) -> None:
    await define(client)
    for manager, port in (("a", {"name": "web", "number": 80}), ("b", {"name": "admin", "number": 81})):
        body = widget(size=1, ports=[port])
        answer = await client.send("PATCH", f"{WIDGETS}/one?fieldManager={manager}", body, type_=APPLY)
        assert answer.status in (200, 201), answer.body
    found = await client.get(f"{WIDGETS}/one")
    assert [port["name"] for port in found["spec"]["ports"]] == ["web", "admin"]
    clash = await client.send("PATCH", f"{WIDGETS}/one?fieldManager=c", widget(size=2), type_=APPLY)
    assert (clash.status, ".spec.size" in clash.message) == (409, True)


async def test_a_strategic_merge_patch_is_not_understood(client: Client) -> None:
    await define(client)
    await client.make(WIDGETS, widget(size=1))
    type_ = "application/strategic-merge-patch+json"
    answer = await client.send("PATCH", f"{WIDGETS}/one", {"spec": {"size": 2}}, type_=type_)
    assert answer.status == 415


async def test_a_definition_goes_after_its_objects_and_waits_for_their_finalizers(client: Client) -> None:
    await define(client)
    held = {**widget(size=1), "metadata": {"name": "one", "finalizers": ["example.com/keep"]}}
    await client.make(WIDGETS, held)
    path = f"{DEFINITIONS}/widgets.example.com"
    await client.send("DELETE", path)
    await client.until(f"{WIDGETS}/one", lambda found: "deletionTimestamp" in found["metadata"])
    assert "deletionTimestamp" in (await client.get(path))["metadata"]
    await client.merge(f"{WIDGETS}/one", {"metadata": {"finalizers": None}})
    await client.until_answer("GET", path, lambda answer: answer.status == 404)
    await client.until_answer("GET", WIDGETS, lambda answer: answer.status == 404)


async def test_an_owner_takes_its_objects_along_whatever_their_kind(client: Client) -> None:
    await define(client)
    owner = await client.make(WIDGETS, widget(size=1))
    reference = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "name": "one",
        "uid": owner["metadata"]["uid"],
    }
    metadata = {"name": "made", "ownerReferences": [reference]}
    await client.make("/api/v1/namespaces/lab/configmaps", {"metadata": metadata})
    await client.send("DELETE", f"{WIDGETS}/one")
    gone = "/api/v1/namespaces/lab/configmaps/made"
    await client.until_answer("GET", gone, lambda answer: answer.status == 404)


async def test_another_version_without_conversion_shows_the_same_object(client: Client) -> None:
    (v1,) = DEFINITION["spec"]["versions"]
    await define(client, versions=[v1, {**v1, "name": "v1beta1", "storage": False}])
    await client.make(WIDGETS, widget(size=1))
    found = await client.get(f"{WIDGETS.replace('/v1/', '/v1beta1/')}/one")
    assert (found["apiVersion"], found["spec"]["size"]) == ("example.com/v1beta1", 1)


async def test_a_webhook_nobody_answers_fails_what_needs_it_and_nothing_else(client: Client) -> None:
    (v1,) = DEFINITION["spec"]["versions"]
    service = {"name": "converter", "namespace": "lab", "path": "/convert"}
    conversion = {"strategy": "Webhook", "webhook": {"clientConfig": {"service": service}}}
    beta = {**v1, "name": "v1beta1", "storage": False}
    await define(client, versions=[v1, beta], conversion=conversion)
    await client.make(WIDGETS, widget(size=1))
    older = WIDGETS.replace("/v1/", "/v1beta1/")
    for method, path, body in (
        ("GET", older, None),
        ("GET", f"{older}/one", None),
        ("DELETE", f"{older}/one", None),
        ("POST", older, {**widget("two", size=1), "apiVersion": "example.com/v1beta1"}),
    ):
        answer = await client.send(method, path, body)
        assert answer.status == 500
        assert answer.message.startswith("conversion webhook for example.com/v1")
        assert 'service "converter"' in answer.message
    assert [entry["metadata"]["name"] for entry in (await client.get(WIDGETS))["items"]] == ["one"]


async def test_an_api_service_that_leads_to_nobody_takes_its_group_down_until_it_is_gone(
    client: Client,
) -> None:
    await define(client)
    services, name = "/apis/apiregistration.k8s.io/v1/apiservices", "v1.example.com"
    service = {"name": "nobody", "namespace": "lab"}
    spec = {"group": "example.com", "version": "v1", "service": service}
    await client.make(services, {"metadata": {"name": name}, "spec": spec})
    found = await client.until(f"{services}/{name}", lambda found: "status" in found)
    (available,) = found["status"]["conditions"]
    assert (available["status"], available["reason"]) == ("False", "ServiceNotFound")
    answer = await client.send("GET", WIDGETS)
    assert (answer.status, answer.body) == (503, "service unavailable\n")
    aggregated = (await client.get("/apis", Accept=AGGREGATED))["items"]
    (group,) = [group for group in aggregated if group["metadata"]["name"] == "example.com"]
    assert [version["freshness"] for version in group["versions"]] == ["Stale"]
    await client.send("DELETE", f"{services}/{name}")
    await client.until(WIDGETS, lambda found: True)


async def test_a_definition_that_contradicts_itself_is_refused(client: Client) -> None:
    wrong = {**DEFINITION, "metadata": {"name": "gadgets.example.com"}}
    answer = await client.send("POST", DEFINITIONS, wrong)
    assert (answer.status, "spec.names.plural" in answer.message) == (422, True)
    (v1,) = DEFINITION["spec"]["versions"]
    versions = [v1, {**v1, "name": "v2"}]
    answer = await client.send(
        "POST", DEFINITIONS, {**DEFINITION, "spec": {**DEFINITION["spec"], "versions": versions}}
    )
    assert (answer.status, "exactly one version" in answer.message) == (422, True)


async def test_the_viewer_does_not_see_a_kind_that_no_role_speaks_of(client: Client) -> None:
    await define(client)
    assert (await client.send("GET", WIDGETS, token=VIEWER)).status == 403


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.size", [4]),
        ("{.spec.size}", [4]),
        (r".metadata.labels.app\.kubernetes\.io/name", ["web"]),
        (".spec.parts[0].name", ["a"]),
        (".spec.parts[*].name", ["a", "b"]),
        (".spec.parts[?(@.name=='b')].size", [2]),
        (".spec.nothing.there", []),
        (".spec.parts[?(bad", []),
    ],
)
def test_json_paths_of_columns_find_what_they_name(path: str, found: list[Any]) -> None:
    parts = [{"name": "a", "size": 1}, {"name": "b", "size": 2}]
    obj = {"metadata": {"labels": {"app.kubernetes.io/name": "web"}}, "spec": {"size": 4, "parts": parts}}
    assert values_at(obj, path) == found
