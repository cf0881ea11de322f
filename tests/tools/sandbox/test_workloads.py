from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tools.sandbox.conftest import FRONTEND, START, Lab, deployment, pod_spec
from tools.sandbox.controllers.schedule import Schedule
from tools.sandbox.manifest import name_of

LABELS = {"app": "db"}


def workload(name: str = "db", **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": LABELS}, "spec": pod_spec()}
    body = {"selector": {"matchLabels": LABELS}, "template": template, **spec}
    return {"metadata": {"name": name, "namespace": "lab"}, "spec": body}


def job(**spec: Any) -> dict[str, Any]:
    container = {"name": "web", "image": "busybox", "command": ["echo", "hello"]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {"metadata": {"name": "once", "namespace": "lab"}, "spec": {"template": {"spec": pod}, **spec}}


def test_a_stateful_set_makes_its_pods_one_after_the_other_with_volumes(lab: Lab) -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    lab.plane.create(
        lab.plane.statefulsets, workload(replicas=3, serviceName="db", volumeClaimTemplates=[claim])
    )
    most_unready = 0
    for _ in range(100):
        lab.wait(0.3)
        unready = [
            p
            for p in lab.pods()
            if not any(
                c["type"] == "Ready" and c["status"] == "True" for c in p["status"].get("conditions", [])
            )
        ]
        most_unready = max(most_unready, len(unready))
    assert [name_of(pod) for pod in lab.pods()] == ["db-0", "db-1", "db-2"]
    assert most_unready == 1
    claims = lab.plane.store.sorted(lab.plane.claims, "lab")
    assert [(name_of(c), c["status"]["phase"]) for c in claims] == [
        (f"data-db-{n}", "Bound") for n in range(3)
    ]


def test_a_stateful_set_updates_from_the_last_pod_and_remembers_its_revisions(lab: Lab) -> None:
    made = lab.plane.create(lab.plane.statefulsets, workload(replicas=2, serviceName="db"))
    lab.wait(30)
    new = f"{FRONTEND}:5.1.0"

    def write(draft: dict[str, Any]) -> None:
        draft["spec"]["template"]["spec"]["containers"][0]["image"] = new

    lab.plane.change(lab.plane.statefulsets, made, write)
    lab.wait(60)
    assert {pod["spec"]["containers"][0]["image"] for pod in lab.pods()} == {new}
    assert sorted(r["revision"] for r in lab.plane.store.sorted(lab.plane.revisions, "lab")) == [1, 2]
    status = lab.plane.read(lab.plane.statefulsets, "lab", "db")["status"]
    assert status["currentRevision"] == status["updateRevision"]


def test_a_daemon_set_has_one_pod_on_every_node_also_on_new_ones(lab: Lab) -> None:
    lab.plane.create(lab.plane.daemonsets, workload("agent"))
    lab.wait(30)
    lab.add_node("node-c")
    lab.wait(30)
    assert sorted(pod["spec"]["nodeName"] for pod in lab.pods()) == ["node-a", "node-b", "node-c"]


def test_a_job_runs_as_often_as_asked_and_completes(lab: Lab) -> None:
    lab.plane.create(lab.plane.jobs, job(completions=3, parallelism=2))
    lab.wait(60)
    status = lab.plane.read(lab.plane.jobs, "lab", "once")["status"]
    assert status["succeeded"] == 3 and "completionTime" in status
    assert {c["type"] for c in status["conditions"]} == {"SuccessCriteriaMet", "Complete"}


def test_a_job_that_keeps_failing_gives_up_at_its_limit(lab: Lab) -> None:
    body = job(backoffLimit=1)
    body["spec"]["template"]["metadata"] = {"annotations": {"sandbox.pilothouse/behaviour": "fail"}}
    lab.plane.create(lab.plane.jobs, body)
    lab.wait(120)
    status = lab.plane.read(lab.plane.jobs, "lab", "once")["status"]
    assert status["failed"] == 2
    assert status["conditions"][-1]["reason"] == "BackoffLimitExceeded"


def test_a_cron_job_fires_on_the_minute_and_keeps_a_short_history(lab: Lab) -> None:
    spec = {
        "schedule": "*/10 * * * *",
        "successfulJobsHistoryLimit": 2,
        "jobTemplate": {"spec": job()["spec"]},
    }
    lab.plane.create(lab.plane.cronjobs, {"metadata": {"name": "tick", "namespace": "lab"}, "spec": spec})
    lab.wait(3700)
    jobs = lab.plane.store.sorted(lab.plane.jobs, "lab")
    assert [name_of(entry) for entry in jobs] == [
        f"tick-{int(START.timestamp()) // 60 + minute}" for minute in (50, 60)
    ]
    tick = lab.plane.read(lab.plane.cronjobs, "lab", "tick")
    assert tick["status"]["lastScheduleTime"] == "2026-03-02T11:00:00Z"


def test_a_suspended_cron_job_does_not_fire(lab: Lab) -> None:
    spec = {"schedule": "* * * * *", "suspend": True, "jobTemplate": {"spec": job()["spec"]}}
    lab.plane.create(lab.plane.cronjobs, {"metadata": {"name": "tick", "namespace": "lab"}, "spec": spec})
    lab.wait(600)
    assert not lab.plane.store.sorted(lab.plane.jobs, "lab")


@pytest.mark.parametrize(
    ("text", "after", "due"),
    [
        ("30 2 * * *", "2026-03-02T10:00", "2026-03-03T02:30"),
        ("*/15 9-17 * * mon-fri", "2026-03-06T17:50", "2026-03-09T09:00"),
        ("0 0 29 2 *", "2026-03-01T00:00", "2028-02-29T00:00"),
        ("0 12 1 * sun", "2026-03-02T00:00", "2026-03-08T12:00"),
        ("@hourly", "2026-03-02T10:00", "2026-03-02T11:00"),
    ],
)
def test_schedules_are_read_as_cron_reads_them(text: str, after: str, due: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert Schedule(text).next_after(moment) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["* * * *", "61 * * * *", "a * * * *", "* 5-30 * * *"])
def test_schedules_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Schedule(text)


def test_endpoints_hold_ready_pods_only(lab: Lab) -> None:
    lab.deploy(replicas=2)
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 3000}]}
    lab.plane.create(lab.plane.services, {"metadata": {"name": "web", "namespace": "lab"}, "spec": spec})
    lab.wait(1)
    (subset,) = lab.plane.read(lab.plane.endpoints, "lab", "web")["subsets"]
    assert {a["ip"] for a in subset["addresses"]} == {pod["status"]["podIP"] for pod in lab.pods()}
    assert subset["ports"] == [{"port": 3000, "protocol": "TCP"}]
    lab.plane.change(lab.plane.deployments, lab.deployment(), lambda d: d["spec"].update(replicas=0))
    lab.wait(10)
    assert lab.plane.read(lab.plane.endpoints, "lab", "web")["subsets"] == []
    (piece,) = lab.plane.store.sorted(lab.plane.slices, "lab")
    assert piece["endpoints"] == []


def test_a_disruption_budget_counts_what_may_go(lab: Lab) -> None:
    lab.deploy(replicas=3)
    spec = {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}
    lab.plane.create(lab.plane.budgets, {"metadata": {"name": "web", "namespace": "lab"}, "spec": spec})
    lab.wait(1)
    assert lab.plane.read(lab.plane.budgets, "lab", "web")["status"]["disruptionsAllowed"] == 1
    lab.plane.delete(lab.plane.pods, lab.pods()[0])
    lab.wait(0.1)
    assert lab.plane.read(lab.plane.budgets, "lab", "web")["status"]["disruptionsAllowed"] == 0


def test_an_autoscaler_follows_the_load_within_its_bounds(lab: Lab) -> None:
    busy = {"resources": {"requests": {"cpu": "10m"}}}
    lab.plane.create(lab.plane.deployments, deployment(replicas=1, container=busy))
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 3}
    lab.plane.create(lab.plane.autoscalers, {"metadata": {"name": "web", "namespace": "lab"}, "spec": spec})
    lab.wait(120)
    assert lab.deployment()["spec"]["replicas"] == 3
    assert lab.events("SuccessfulRescale")[0]["message"].startswith("New size: 3; reason: cpu resource")
