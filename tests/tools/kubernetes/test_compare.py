"""Comparing: what somebody meant differently is shown, what the cluster filled in is not."""

from typing import Any

import pytest

from tests.tools.kubernetes.lab import Lab
from tests.tools.kubernetes.scenery import put, workload
from tools.errors import Invalid, NotConfigured, NotFound
from tools.kubernetes.reads.compare import comparable


async def test_two_objects_differ_in_the_fields_somebody_wrote(lab: Lab) -> None:
    await lab.config_map("blue", {"mode": "slow", "same": "1"})
    await lab.config_map("green", {"mode": "fast", "same": "1", "more": "x"})
    found = await lab.read("kubernetes_compare", kind="cm", name="blue", other_name="green")
    assert not found.same
    written = {change.path: (change.before, change.after) for change in found.changes}
    assert written == {"data.mode": ("slow", "fast"), "data.more": (None, "x")}
    assert found.left == f"configmap/blue in {lab.namespace} on {lab.cluster.context}"


async def test_services_with_different_addresses_are_the_same(lab: Lab) -> None:
    for name in ("one", "two"):
        spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
        await put(lab, "v1", "Service", name, spec=spec)
    found = await lab.read("kubernetes_compare", kind="svc", name="one", other_name="two")
    assert found.changes == ()
    assert found.same


async def test_secret_looking_values_are_compared_but_not_shown(lab: Lab) -> None:
    for name, password in (("one", "hunter2"), ("two", "swordfish")):
        variables = [{"name": "API_TOKEN", "value": password}]
        arguments = ["--db-password", password, f"--url=amqp://user:{password}@queue"]
        await workload(lab, "Deployment", name, env=variables, args=arguments)
    found = await lab.read("kubernetes_compare", kind="deploy", name="one", other_name="two")
    shown = found.model_dump_json()
    assert "hunter2" not in shown
    assert "swordfish" not in shown
    paths = {change.path for change in found.changes}
    assert "spec.template.spec.containers[app].env[API_TOKEN].value" in paths


async def test_secrets_are_not_read_for_it(lab: Lab) -> None:
    for name in ("one", "two"):
        await lab.secret(name, {"password": "hunter2"})
    with pytest.raises(Invalid, match="not compared"):
        await lab.read("kubernetes_compare", kind="secret", name="one", other_name="two")


async def test_an_object_is_not_compared_with_itself(lab: Lab) -> None:
    await lab.config_map("one", {})
    with pytest.raises(Invalid, match="with itself"):
        await lab.read("kubernetes_compare", kind="cm", name="one", other_namespace=lab.namespace)


async def test_the_same_object_seen_from_another_context_is_the_same(practice: Lab) -> None:
    await practice.config_map("one", {"a": "1"})
    viewer = next(info.name for info in practice.clusters.contexts() if "viewer" in info.name)
    found = await practice.read("kubernetes_compare", kind="cm", name="one", other_context=viewer)
    assert found.same
    assert found.right.endswith(f"on {viewer}")


async def test_a_context_that_does_not_exist_and_an_object_that_does_not_are_said(lab: Lab) -> None:
    await lab.config_map("one", {})
    with pytest.raises(NotConfigured):
        await lab.read("kubernetes_compare", kind="cm", name="one", other_context="no-such-context")
    with pytest.raises(NotFound):
        await lab.read("kubernetes_compare", kind="cm", name="one", other_name="elsewhere")


def pod(suffix: str, node: str) -> Any:
    token = f"kube-api-access-{suffix}"
    container = {"name": "app", "image": "web:1", "volumeMounts": [{"name": token, "mountPath": "/token"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"web-{suffix}",
            "uid": suffix,
            "labels": {"app": "web", "pod-template-hash": suffix},
        },
        "spec": {"nodeName": node, "containers": [container], "volumes": [{"name": token}]},
        "status": {"podIP": suffix},
    }


def test_two_pods_of_one_workload_are_the_same_but_for_their_identity() -> None:
    assert comparable(pod("a", "node-a")) == comparable(pod("b", "node-b"))
