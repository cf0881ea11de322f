from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.tools.sandbox.conftest import FRONTEND, Lab, deployment
from tools.sandbox.columns import pod_state

PAYMENTS = "registry.shop.example/payments/payments"
PROBE = {"readinessProbe": {"httpGet": {"path": "/healthz", "port": 3000}}}


def backing_service(lab: Lab, name: str) -> None:
    """A Service with a ready pod behind it."""
    lab.plane.create(lab.plane.deployments, deployment(name, 1))
    spec = {"selector": {"app": name}, "ports": [{"port": 5432}]}
    lab.plane.create(lab.plane.services, {"metadata": {"name": name, "namespace": "lab"}, "spec": spec})
    lab.wait(30)


def broken_pods(lab: Lab) -> list[dict[str, Any]]:
    return [pod for pod in lab.pods() if pod["metadata"]["labels"]["app"] == "web"]


def test_a_missing_variable_crashes_the_container_and_setting_it_heals(lab: Lab) -> None:
    lab.deploy(replicas=1, image=f"{PAYMENTS}:1.8.2")
    lab.wait(300)
    status = lab.container()
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert lab.log(lab.pod(), previous=True)[-1] == "FATAL PGHOST is not set: refusing to start"
    lab.change_template(env=[{"name": "PGHOST", "value": "db"}])
    lab.wait(60)
    assert pod_state(lab.pod()) == "Running" and lab.container()["ready"]


def test_the_back_off_doubles_up_to_five_minutes(lab: Lab) -> None:
    lab.plane.create(lab.plane.deployments, deployment(replicas=1, image=f"{PAYMENTS}:1.8.2"))
    lab.wait(1)
    seen = set()
    for _ in range(900):
        lab.wait(1)
        waiting = lab.container()["state"].get("waiting", {})
        if waiting.get("reason") == "CrashLoopBackOff":
            seen.add(waiting["message"].split()[1])
    assert seen == {"10s", "20s", "40s", "1m20s", "2m40s", "5m0s"}
    (event,) = lab.events("BackOff")
    assert event["count"] >= 6 and event["type"] == "Warning"


def test_a_database_that_refuses_connections_is_named_in_the_log(lab: Lab) -> None:
    url = [{"name": "DATABASE_URL", "value": "postgres://u:p@db:5432/x"}]
    lab.deploy(replicas=1, image=f"{PAYMENTS}:1.9.0", container={"env": url})
    lab.wait(60)
    assert any("lookup db: no such host" in line for line in lab.log(broken_pods(lab)[0], previous=True))
    backing_service(lab, "db")
    lab.wait(400)
    (pod,) = broken_pods(lab)
    assert pod_state(pod) == "Running" and pod["status"]["containerStatuses"][0]["ready"]


def test_a_tag_that_does_not_exist_is_never_pulled_and_a_right_one_heals(lab: Lab) -> None:
    lab.deploy(replicas=1, image=f"{FRONTEND}:0.0.1")
    lab.wait(30)
    assert pod_state(lab.pod()) in ("ImagePullBackOff", "ErrImagePull")
    assert lab.pod()["status"]["phase"] == "Pending"
    assert any("not found" in event["message"] for event in lab.events("Failed"))
    lab.change_template(image=f"{FRONTEND}:5.0.0")
    lab.wait(60)
    assert pod_state(lab.pod()) == "Running"


def test_a_limit_below_what_the_image_needs_ends_in_oom_and_a_higher_one_heals(lab: Lab) -> None:
    tight = {"resources": {"limits": {"memory": "64Mi"}}}
    lab.deploy(replicas=1, container=tight)
    lab.wait(60)
    ended = lab.container()["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
    lab.change_template(resources={"limits": {"memory": "128Mi"}})
    lab.wait(120)
    assert lab.container()["ready"] and lab.container()["restartCount"] == 0


def test_a_probe_on_the_wrong_path_leaves_the_pod_unready(lab: Lab) -> None:
    wrong = {"readinessProbe": {"httpGet": {"path": "/wrong", "port": 3000}}}
    lab.deploy(replicas=1, container=wrong)
    lab.wait(60)
    assert pod_state(lab.pod()) == "Running" and not lab.container()["ready"]
    (event,) = lab.events("Unhealthy")
    assert event["message"] == "Readiness probe failed: HTTP probe failed with statuscode: 404"
    assert event["count"] > 3


def test_a_missing_secret_keeps_the_container_from_being_made_until_it_appears(lab: Lab) -> None:
    source = {"secretKeyRef": {"name": "db", "key": "host"}}
    lab.deploy(
        replicas=1, image=f"{PAYMENTS}:1.8.2", container={"env": [{"name": "PGHOST", "valueFrom": source}]}
    )
    assert pod_state(lab.pod()) == "CreateContainerConfigError"
    assert lab.container()["state"]["waiting"]["message"] == 'secret "db" not found'
    data = {"host": base64.b64encode(b"db").decode()}
    lab.plane.create(lab.plane.secrets, {"metadata": {"name": "db", "namespace": "lab"}, "data": data})
    lab.wait(30)
    assert lab.container()["ready"]


@pytest.mark.parametrize(
    ("word", "state"), [("crash", "CrashLoopBackOff"), ("oom", "CrashLoopBackOff"), ("unready", "Running")]
)
def test_an_annotation_overrides_the_behaviour(lab: Lab, word: str, state: str) -> None:
    body = deployment(replicas=1, container=PROBE)
    body["spec"]["template"]["metadata"]["annotations"] = {"sandbox.pilothouse/behaviour": word}
    lab.plane.create(lab.plane.deployments, body)
    lab.wait(70)
    assert pod_state(lab.pod()) == state and not lab.container()["ready"]


def test_a_pod_too_large_for_every_node_waits_and_says_why(lab: Lab) -> None:
    lab.deploy(replicas=1, container={"resources": {"requests": {"memory": "64Gi"}}})
    assert pod_state(lab.pod()) == "Pending"
    (event,) = lab.events("FailedScheduling")
    assert event["message"].startswith(
        "0/2 nodes are available: 2 Insufficient memory. preemption: 0/2 nodes"
    )
    lab.add_node("node-large", memory="128Gi")
    lab.wait(30)
    assert lab.pod()["spec"]["nodeName"] == "node-large" and lab.container()["ready"]


def test_room_that_becomes_free_is_used(lab: Lab) -> None:
    lab.deploy(replicas=3, container={"resources": {"requests": {"cpu": "3"}}})
    assert sorted(pod_state(pod) for pod in lab.pods()) == ["Pending", "Running", "Running"]
    running = next(pod for pod in lab.pods() if pod_state(pod) == "Running")
    lab.plane.delete(lab.plane.pods, running)
    lab.wait(30)
    assert sorted(pod_state(pod) for pod in lab.pods()) == ["Pending", "Running", "Running"]


def test_cordoned_and_tainted_nodes_take_no_pods(lab: Lab) -> None:
    node_a, node_b = (lab.plane.read(lab.plane.nodes, "", name) for name in ("node-a", "node-b"))
    lab.plane.change(lab.plane.nodes, node_a, lambda node: node["spec"].update(unschedulable=True))
    taint = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
    lab.plane.change(lab.plane.nodes, node_b, lambda node: node["spec"].update(taints=[taint]))
    lab.deploy(replicas=1)
    (event,) = lab.events("FailedScheduling")
    assert "1 node(s) had untolerated taint {dedicated: db}, 1 node(s) were unschedulable" in event["message"]


def test_log_lines_stay_the_same_however_often_they_are_read(lab: Lab) -> None:
    lab.deploy(replicas=1)
    first = lab.log(lab.pod())
    lab.wait(60)
    later = lab.log(lab.pod())
    assert later[: len(first)] == first and len(later) > len(first)


def test_a_running_pod_has_nothing_on_the_timeline(lab: Lab) -> None:
    lab.deploy(replicas=4)
    lab.wait(2000)  # past the deployment's deadline timer
    before = lab.plane.store.version
    lab.wait(100_000)
    assert lab.plane.store.version == before
