"""Jobs: pods that run to completion, tried again a limited number of times."""

from __future__ import annotations

from tools.sandbox.controllers.pods import owned_pods, spawn
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, clone, deleting, dig, moment_of, name_of, namespace_of
from tools.sandbox.plane import ControlPlane, pod_active, pod_ready, set_condition


class JobController:
    """Runs a Job's pods until enough succeeded or too many failed."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    @property
    def kind(self) -> Kind:
        return self._plane.jobs

    def reconcile(self, obj: Manifest) -> None:
        if deleting(obj) or finished(obj):
            return
        spec = obj["spec"]
        pods = owned_pods(self._plane, obj)
        succeeded = sum(dig(pod, "status", "phase") == "Succeeded" for pod in pods)
        failed = sum(dig(pod, "status", "phase") == "Failed" for pod in pods)
        retries = failed + sum(_restarts(pod) for pod in pods)
        active = [pod for pod in pods if pod_active(pod)]
        over = retries > spec["backoffLimit"]
        if spec.get("suspend") or over:
            for pod in active:
                self._plane.delete(self._plane.pods, pod)
            active = []
        elif succeeded < spec["completions"]:
            for _ in range(min(spec["parallelism"], spec["completions"] - succeeded) - len(active)):
                pod = spawn(self._plane, obj, spec["template"])
                active.append(pod)
                self._say(obj, "Normal", "SuccessfulCreate", f"Created pod: {name_of(pod)}")
        status: Manifest = {
            "active": len(active) or None,
            "ready": sum(pod_ready(pod) for pod in active),
            "succeeded": succeeded or None,
            "failed": failed or None,
            "terminating": sum(deleting(pod) for pod in pods),
            "startTime": dig(obj, "status", "startTime")
            or (None if spec.get("suspend") else self._plane.stamp()),
        }
        self._finish(obj, status, done=succeeded >= spec["completions"], over=over)

    def _finish(self, obj: Manifest, status: Manifest, *, done: bool, over: bool) -> None:
        now = self._plane.stamp()
        conditions = list(dig(obj, "status", "conditions", default=[]))
        if obj["spec"].get("suspend"):
            conditions = set_condition(conditions, "Suspended", "True", "JobSuspended", "Job suspended", now)
        elif any(c["type"] == "Suspended" for c in conditions):
            conditions = set_condition(conditions, "Suspended", "False", "JobResumed", "Job resumed", now)
        if over:
            why = ("True", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
            conditions = set_condition(conditions, "FailureTarget", *why, now)
            conditions = set_condition(conditions, "Failed", *why, now)
            self._say(obj, "Warning", why[1], why[2])
        elif done:
            why = ("True", "CompletionsReached", "Reached expected number of succeeded pods")
            conditions = set_condition(conditions, "SuccessCriteriaMet", *why, now)
            conditions = set_condition(conditions, "Complete", *why, now)
            status["completionTime"] = now
            self._say(obj, "Normal", "Completed", "Job completed")
        self._plane.set_status(self.kind, obj, **status, conditions=conditions or None)
        seconds = obj["spec"].get("ttlSecondsAfterFinished")
        if (over or done) and seconds is not None:
            self._plane.timeline.after(seconds, lambda: self._expire(obj))

    def _expire(self, obj: Manifest) -> None:
        current = self._plane.current(self.kind, obj)
        if current is not None:
            self._plane.delete(self.kind, current, propagation="Background")

    def _say(self, obj: Manifest, type_: str, reason: str, message: str) -> None:
        self._plane.events.record(obj, type_, reason, message, "job-controller")


def finished(job: Manifest) -> str:
    """ "Complete", "Failed", or "" while the Job goes on."""
    for condition in dig(job, "status", "conditions", default=[]):
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return str(condition["type"])
    return ""


def run_seconds(plane: ControlPlane, job: Manifest) -> float | None:
    """How long a Job took, or takes so far; None before it started."""
    start = dig(job, "status", "startTime")
    if not start:
        return None
    end = dig(job, "status", "completionTime")
    return ((moment_of(end) if end else plane.timeline.now()) - moment_of(start)).total_seconds()


def job_manifest(cron: Manifest, name: str, at: str) -> Manifest:
    """The Job a CronJob starts at a scheduled time."""
    template = cron["spec"]["jobTemplate"]
    source = template.get("metadata") or {}
    return {
        "metadata": {
            "name": name,
            "namespace": namespace_of(cron),
            "labels": dict(source.get("labels") or {}),
            "annotations": {
                **(source.get("annotations") or {}),
                "batch.kubernetes.io/cronjob-scheduled-timestamp": at,
            },
        },
        "spec": clone(template["spec"]),
    }


def _restarts(pod: Manifest) -> int:
    return sum(entry.get("restartCount", 0) for entry in dig(pod, "status", "containerStatuses", default=[]))
