"""Looking at a cluster: the same on the practice cluster and on a real one."""

import base64

import pytest

from tests.tools.kubernetes.lab import Lab, until
from tools.errors import Invalid, NotFound
from tools.kubernetes.connection.content import content_of
from tools.kubernetes.finding import OnClusters
from tools.kubernetes.reads.describe import DescribeOutput
from tools.kubernetes.reads.diagnose import DiagnoseOutput
from tools.kubernetes.reads.logs import LogsOutput


async def test_a_list_has_the_servers_columns_and_the_namespaces_rows(lab: Lab) -> None:
    await lab.config_map("one", {"a": "1"})
    await lab.config_map("two", {"a": "1", "b": "2"})
    found = await lab.read("kubernetes_list", kind="cm")
    assert found.resource == "configmaps"
    assert found.columns[:2] == ("Name", "Data")
    assert {row[:2] for row in found.rows} >= {("one", "1"), ("two", "2")}
    assert found.count == len(found.rows)


async def test_a_list_over_all_namespaces_says_where_each_row_lives(lab: Lab) -> None:
    await lab.config_map("one", {"a": "1"})
    found = await lab.read("kubernetes_list", kind="configmaps", all_namespaces=True, limit=5000)
    assert found.columns[0] == "Namespace"
    assert (lab.namespace, "one") in {row[:2] for row in found.rows}


async def test_a_limited_list_says_that_there_is_more(lab: Lab) -> None:
    for number in range(4):
        await lab.config_map(f"cm-{number}", {})
    found = await lab.read("kubernetes_list", kind="configmaps", limit=2)
    assert found.count == 2
    assert found.remaining >= 1


async def test_labels_choose_rows(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    await lab.deployment("db", replicas=0)
    found = await lab.read("kubernetes_list", kind="deploy", labels="app in (web)")
    assert [row[0] for row in found.rows] == ["web"]


async def test_listing_secrets_needs_no_reveal_and_shows_no_values(lab: Lab) -> None:
    await lab.secret("db", {"password": "hunter2"})
    found = await lab.read("kubernetes_list", kind="secrets")
    assert "db" in {row[0] for row in found.rows}
    shown = found.model_dump_json()
    assert "hunter2" not in shown
    assert base64.b64encode(b"hunter2").decode() not in shown


@pytest.mark.parametrize("reveal", [False, True])
async def test_a_secrets_values_are_never_shown(lab: Lab, reveal: bool) -> None:
    await lab.secret("db", {"password": "hunter2"})
    target = await OnClusters(lab.clusters).target("secrets", "db", lab.namespace, lab.scope)
    permits = [target.permit("get", content=content_of([], "", b""))] if reveal else []
    with lab.mint.grant("look", [], seconds=30, reveals=permits):
        found = await lab.read("kubernetes_get", kind="secret", name="db")
    shown = found.model_dump_json()
    assert "hunter2" not in shown
    assert base64.b64encode(b"hunter2").decode() not in shown
    assert ("password" in shown) == reveal


@pytest.mark.parametrize("word", ["deploy", "deployment", "deployments", "Deployment", "deployments.apps"])
async def test_a_kind_is_known_by_every_name_kubectl_takes(lab: Lab, word: str) -> None:
    assert (await lab.cluster.kinds.resolve(word)).resource == "deployments.apps"


async def test_an_unknown_kind_is_answered_with_near_names(lab: Lab) -> None:
    with pytest.raises(NotFound) as caught:
        await lab.read("kubernetes_list", kind="deploymets")
    assert "deployments" in caught.value.near


async def test_get_leaves_the_servers_book_keeping_out(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    found = await lab.read("kubernetes_get", kind="deploy", name="web")
    assert found.target == f"deployment/web in {lab.namespace}"
    assert found.object["spec"]["replicas"] == 0
    assert "managedFields" not in found.object["metadata"]


async def test_a_missing_object_is_answered_with_near_names(lab: Lab) -> None:
    await lab.deployment("checkout", replicas=0)
    with pytest.raises(NotFound) as caught:
        await lab.read("kubernetes_get", kind="deploy", name="chekout")
    assert caught.value.near == ("checkout",)


@pytest.mark.parametrize("name", ["../secrets", "-n", "a/b", "a b", "", "a%2fb", "a\nb"])
async def test_a_name_that_is_no_name_is_refused_before_any_request(lab: Lab, name: str) -> None:
    with pytest.raises(Invalid):
        await lab.read("kubernetes_get", kind="pod", name=name)


async def test_describe_names_what_the_object_owns(lab: Lab) -> None:
    await lab.deployment("web", replicas=1)

    async def owned() -> DescribeOutput | None:
        found = await lab.read("kubernetes_describe", kind="deploy", name="web")
        return found if isinstance(found, DescribeOutput) and len(found.owned) == 2 else None

    found = await until(owned)
    replica_set, pod = found.owned
    assert replica_set.startswith("replicaset/web-")
    assert pod.startswith("pod/web-")
    name = pod.split(":")[0].removeprefix("pod/")
    upwards = await lab.read("kubernetes_describe", kind="pod", name=name)
    assert upwards.owners[0].startswith("replicaset/web-")
    assert upwards.owners[1] == "deployment/web"


async def test_events_tell_what_controllers_did(lab: Lab) -> None:
    await lab.deployment("web", replicas=1)

    async def scaled() -> bool:
        found = await lab.read("kubernetes_events", kind="deployment", name="web")
        return any(event.reason == "ScalingReplicaSet" for event in found.events)

    assert await until(scaled)
    later = await lab.read("kubernetes_events", name="nothing-of-that-name")
    assert later.events == ()


async def test_logs_of_a_workload_come_from_its_pods(pods: Lab) -> None:
    await pods.deployment("web", replicas=2)

    async def written() -> LogsOutput | None:
        found = await pods.read("kubernetes_logs", kind="deploy", name="web", tail=3)
        full = len(found.logs) == 2 and all(log.lines for log in found.logs)
        return found if isinstance(found, LogsOutput) and full else None

    found = await until(written)
    assert {log.container for log in found.logs} == {"app"}
    assert all(len(log.lines) <= 3 for log in found.logs)


async def test_logs_want_a_name_or_labels_but_not_both(lab: Lab) -> None:
    for args in ({}, {"name": "web", "labels": "app=web"}):
        with pytest.raises(Invalid):
            await lab.read("kubernetes_logs", **args)


async def test_a_healthy_workload_has_no_findings_and_says_what_was_looked_at(pods: Lab) -> None:
    await pods.deployment("web", replicas=1)

    async def well() -> DiagnoseOutput | None:
        found = await pods.read("kubernetes_diagnose", name="web")
        return found if isinstance(found, DiagnoseOutput) and not found.findings else None

    found = await until(well)
    assert found.summary.startswith("No problem found")
    assert found.checked
    assert found.not_checked


async def test_a_workload_scaled_to_zero_is_explained(lab: Lab) -> None:
    await lab.deployment("web", replicas=0)
    found = await lab.read("kubernetes_diagnose", name="web")
    assert found.findings[0].cause == "It is scaled to zero."
    assert found.findings[0].evidence[0].quote == "replicas: 0"


async def test_diagnosing_what_does_not_exist_offers_near_names(lab: Lab) -> None:
    await lab.deployment("payments", replicas=0)
    with pytest.raises(NotFound) as caught:
        await lab.read("kubernetes_diagnose", name="payment")
    assert caught.value.near == ("payments",)
