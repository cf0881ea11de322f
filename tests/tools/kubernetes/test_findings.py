"""Each rule finds its cause and quotes what it rests on; a healthy pod has no findings."""

from typing import Any

import pytest

from tools.kubernetes.reads.events import Happening
from tools.kubernetes.reads.findings import PodSituation, findings_about
from tools.kubernetes.reads.workload_findings import workload_findings


def pod(phase: str = "Running", **parts: Any) -> dict[str, Any]:
    container = {"name": "app", "image": "web:1", "resources": {"limits": {"memory": "64Mi"}}}
    return {
        "metadata": {"name": "web-1", "uid": "u"},
        "spec": {"containers": [container]},
        "status": {"phase": phase, "containerStatuses": [], **parts},
    }


def status(state: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"name": "app", "image": "web:1", "ready": False, "restartCount": 4, "state": state, **more}]


def ended(code: int, reason: str = "Error", **more: Any) -> dict[str, Any]:
    times = {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:03Z"}
    return {"terminated": {"exitCode": code, "reason": reason, **times, **more}}


def event(reason: str, message: str) -> Happening:
    return Happening(
        last=None, warning=True, reason=reason, object="pod/web-1", namespace="shop", message=message, uid="u"
    )


def crash(code: int = 1, reason: str = "Error", **more: Any) -> dict[str, Any]:
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    return pod(containerStatuses=status(waiting, lastState=ended(code, reason, **more)))


CASES: list[tuple[str, PodSituation, str, str]] = [
    (
        "missing image",
        PodSituation(
            pod("Pending", containerStatuses=status({"waiting": {"reason": "ImagePullBackOff"}})),
            (event("Failed", 'Failed to pull image "web:1": not found'),),
        ),
        "the registry has no such image",
        'Failed to pull image "web:1": not found',
    ),
    (
        "forbidden image",
        PodSituation(
            pod(
                "Pending",
                containerStatuses=status({"waiting": {"reason": "ErrImagePull", "message": "unauthorized"}}),
            ),
            (),
        ),
        "refuses to hand it out",
        "ErrImagePull: unauthorized",
    ),
    (
        "crash with a telling log",
        PodSituation(crash(), (), {"app": ("starting", "ERROR no database at db:5432", "")}),
        "exits with code 1 after 3 seconds: ERROR no database at db:5432",
        "ERROR no database at db:5432",
    ),
    ("out of memory", PodSituation(crash(137, "OOMKilled"), ()), "limit of 64Mi", "OOMKilled, exit code 137"),
    (
        "liveness probe",
        PodSituation(crash(137), (event("Unhealthy", "Liveness probe failed: HTTP 500"),)),
        "liveness probe fails",
        "Liveness probe failed: HTTP 500",
    ),
    ("missing command", PodSituation(crash(127), ()), "the command was not found", "exit code 127"),
    (
        "missing config map",
        PodSituation(
            pod(
                "Pending",
                containerStatuses=status(
                    {
                        "waiting": {
                            "reason": "CreateContainerConfigError",
                            "message": 'configmap "x" not found',
                        }
                    }
                ),
            ),
            (),
        ),
        'configmap "x" not found',
        'configmap "x" not found',
    ),
    (
        "no room",
        PodSituation(
            pod(
                "Pending",
                conditions=[
                    {"type": "PodScheduled", "status": "False", "message": "0/3 nodes: 3 Insufficient cpu."}
                ],
            ),
            (),
        ),
        "no node has enough cpu free",
        "0/3 nodes: 3 Insufficient cpu.",
    ),
    (
        "unbound volume",
        PodSituation(
            pod(
                "Pending",
                conditions=[
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "message": "pod has unbound immediate PersistentVolumeClaims",
                    }
                ],
            ),
            (),
        ),
        "a volume it claims is not there",
        "unbound immediate PersistentVolumeClaims",
    ),
    (
        "failed mount",
        PodSituation(pod("Pending"), (event("FailedMount", 'secret "tls" not found'),)),
        'secret "tls" not found',
        'secret "tls" not found',
    ),
    (
        "readiness probe",
        PodSituation(
            pod(conditions=[{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]),
            (event("Unhealthy", "Readiness probe failed: connection refused"),),
        ),
        "readiness probe fails",
        "Readiness probe failed: connection refused",
    ),
    (
        "evicted",
        PodSituation(pod("Failed", reason="Evicted", message="low on memory"), ()),
        "ended by the cluster (Evicted)",
        "Evicted: low on memory",
    ),
]


@pytest.mark.parametrize(
    ("situation", "cause", "quote"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_cause_is_found_and_quoted(situation: PodSituation, cause: str, quote: str) -> None:
    (found,) = findings_about(situation)
    assert cause in found.cause
    assert any(quote in evidence.quote for evidence in found.evidence)
    assert all(evidence.object == "pod/web-1" for evidence in found.evidence)


def test_an_exit_without_a_word_is_not_claimed_to_be_understood() -> None:
    (found,) = findings_about(PodSituation(crash(3), ()))
    assert found.confidence == "low"
    assert "does not say why" in found.cause


def test_a_pod_that_runs_and_one_that_is_done_have_no_findings() -> None:
    ready = pod(conditions=[{"type": "Ready", "status": "True"}], containerStatuses=status({"running": {}}))
    assert findings_about(PodSituation(ready, ())) == []
    done = pod("Succeeded", containerStatuses=status(ended(0, "Completed")))
    assert findings_about(PodSituation(done, ())) == []


def test_a_stuck_rollout_and_a_used_up_quota_are_found_on_the_workload() -> None:
    workload = {
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 2},
        "status": {
            "conditions": [
                {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},
                {
                    "type": "ReplicaFailure",
                    "status": "True",
                    "message": "pods is forbidden: exceeded quota: q",
                },
            ]
        },
    }
    causes = [found.cause for found in workload_findings(workload, (), 0)]
    assert any("quota is used up" in cause for cause in causes)
    assert any("rollout is stuck" in cause for cause in causes)
