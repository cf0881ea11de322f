"""CronJobs: a Job whenever the schedule says so."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tools.sandbox.controllers.job import finished, job_manifest
from tools.sandbox.controllers.schedule import Schedule
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, deleting, name_of, namespace_of, owner_reference, stamp, uid_of
from tools.sandbox.plane import ControlPlane

_Plan = tuple[str, str, bool]


class CronJobController:
    """Starts Jobs on schedule and keeps a short history of them."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._planned: dict[str, _Plan] = {}

    @property
    def kind(self) -> Kind:
        return self._plane.cronjobs

    def reconcile(self, obj: Manifest) -> None:
        if deleting(obj):
            return
        self._plan(obj)
        self._tidy(obj)

    def _plan(self, obj: Manifest) -> None:
        """Set the alarm for the next run, unless it is set already."""
        plan = _plan_of(obj)
        if self._planned.get(uid_of(obj)) == plan:
            return
        self._planned[uid_of(obj)] = plan
        if not plan[2]:
            self._set_alarm(obj, plan)

    def _set_alarm(self, obj: Manifest, plan: _Plan) -> None:
        due = next_run(obj, self._plane.timeline.now())
        if due is not None:
            self._plane.timeline.at(due, lambda: self._ring(obj, plan, due))

    def _ring(self, obj: Manifest, plan: _Plan, due: datetime) -> None:
        current = self._plane.current(self.kind, obj)
        if current is None or deleting(current) or _plan_of(current) != plan:
            return
        self._start(current, due)
        self._set_alarm(current, plan)

    def _start(self, obj: Manifest, due: datetime) -> None:
        running = [job for job in self._jobs(obj) if not finished(job)]
        policy = obj["spec"]["concurrencyPolicy"]
        if running and policy == "Forbid":
            why = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._say(obj, "JobAlreadyActive", why)
            return
        if policy == "Replace":
            for job in running:
                self._plane.delete(self._plane.jobs, job, propagation="Background")
        name = f"{name_of(obj)}-{int(due.timestamp()) // 60}"
        if self._plane.store.get(self._plane.jobs, namespace_of(obj), name) is None:
            manifest = job_manifest(obj, name, stamp(due))
            manifest["metadata"]["ownerReferences"] = [owner_reference(obj)]
            self._plane.create(self._plane.jobs, manifest)
            self._say(obj, "SuccessfulCreate", f"Created job {name}")
        self._plane.set_status(self.kind, obj, lastScheduleTime=stamp(due))

    def _tidy(self, obj: Manifest) -> None:
        jobs = sorted(self._jobs(obj), key=lambda job: job["metadata"]["creationTimestamp"])
        done = [job for job in jobs if finished(job) == "Complete"]
        failed = [job for job in jobs if finished(job) == "Failed"]
        for ended, limit in (
            (done, obj["spec"]["successfulJobsHistoryLimit"]),
            (failed, obj["spec"]["failedJobsHistoryLimit"]),
        ):
            for job in ended[: max(0, len(ended) - limit)]:
                self._plane.delete(self._plane.jobs, job, propagation="Background")
        active = [
            {
                "kind": "Job",
                "apiVersion": "batch/v1",
                "namespace": namespace_of(job),
                "name": name_of(job),
                "uid": uid_of(job),
            }
            for job in jobs
            if not finished(job)
        ]
        ends = [job["status"]["completionTime"] for job in done if "completionTime" in job.get("status", {})]
        fields: Manifest = {"active": active or None}
        if ends:
            fields["lastSuccessfulTime"] = max(ends)
        self._plane.set_status(self.kind, obj, **fields)

    def _jobs(self, obj: Manifest) -> list[Manifest]:
        return self._plane.store.children(uid_of(obj), self._plane.jobs)

    def _say(self, obj: Manifest, reason: str, message: str) -> None:
        self._plane.events.record(obj, "Normal", reason, message, "cronjob-controller")


def next_run(obj: Manifest, now: datetime) -> datetime | None:
    """When a CronJob is due next after `now`; None when it never is or its schedule cannot be read."""
    try:
        zone = ZoneInfo(obj["spec"].get("timeZone") or "UTC")
        return Schedule(obj["spec"]["schedule"]).next_after(now.astimezone(zone))
    except (ValueError, ZoneInfoNotFoundError):
        return None


def _plan_of(obj: Manifest) -> _Plan:
    return obj["spec"]["schedule"], obj["spec"].get("timeZone") or "UTC", bool(obj["spec"].get("suspend"))
