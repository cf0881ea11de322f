"""kubernetes_trigger_cronjob: a Job from a CronJob's template, now."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from pydantic import Field

from tools.errors import NotFound
from tools.kubernetes.fields import Json, mapping, mappings, strings, text, value
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.objects import changes
from tools.kubernetes.writes.job_progress import job_progress
from tools.kubernetes.writes.writing import JSON, Written, perform, preview_of, rehearse
from tools.tool import (
    Arguments,
    Call,
    Name,
    Observation,
    OptionalNamespace,
    Preview,
    Scope,
    Verdict,
    WriteTool,
)

MANUALLY = "cronjob.kubernetes.io/instantiate"
"""The annotation `kubectl create job --from` leaves on such a Job, with the value `manual`."""

_LONGEST_STEM = 48  # a Job's name may have 63 characters, since its pods carry it as a label


class TriggerArgs(Arguments):
    name: Name
    namespace: OptionalNamespace = ""
    job_name: Annotated[
        str,
        Field(
            max_length=63,
            pattern=r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$",
            description="Name of the Job; empty for the CronJob's name with -manual- and a number.",
        ),
    ] = ""
    until: Annotated[
        Literal["finished", "started"],
        Field(description="What to wait for; a Job that takes longer than ten minutes is only `started`."),
    ] = "finished"


class KubernetesTriggerCronJob(OnClusters, WriteTool[TriggerArgs, Written]):
    """Creates the Job a CronJob would create on schedule, owned by it, as `kubectl create job --from`."""

    name = "kubernetes_trigger_cronjob"
    summary = "Run a CronJob now: create a Job from its template and wait until it finished."
    Args = TriggerArgs
    Output = Written
    settle = 600.0

    async def run(self, args: TriggerArgs, scope: Scope) -> Written:
        cron, job = await self._pair(args, scope)
        return await perform(job, "POST", _manifest(await cron.read(), job), content_type=JSON)

    async def preview(self, args: TriggerArgs, scope: Scope) -> Preview:
        cron, job = await self._pair(args, scope)
        source = await cron.read()
        manifest = _manifest(source, job)
        answer = await rehearse(job, "POST", manifest, content_type=JSON)
        # The rehearsal's own answer holds a uid made up for it; what is sent says all there is.
        found = await preview_of(
            job,
            None,
            changes(None, manifest),
            before={"job": job.name},
            verb="create",
            warnings=answer.warnings + _warnings(source),
            content=answer.content,
        )
        # A second try has to make this Job and no other: the first may have arrived after all.
        return found.model_copy(update={"chosen": {"job_name": job.name}})

    async def observe(self, args: TriggerArgs, scope: Scope, preview: Preview) -> Observation:
        job = await self.target("jobs.batch", str(preview.before.get("job", "")), args.namespace, scope)
        try:
            current = await job.read()
        except NotFound:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"There is no {job}.", applied=False)
        seen = await job_progress(job.cluster, current, started_is_enough=args.until == "started")
        return seen.model_copy(update={"applied": True})

    def undo(self, args: TriggerArgs, preview: Preview) -> Call | None:
        """Delete the Job and its pods. What it did meanwhile stays done."""
        back: Json = {
            "kind": "jobs.batch",
            "name": preview.before.get("job", ""),
            "namespace": preview.before.get("namespace", ""),
        }
        return Call(tool="kubernetes_delete@1", args=back)

    async def _pair(self, args: TriggerArgs, scope: Scope) -> tuple[Target, Target]:
        """The CronJob, and the Job that is to be."""
        cron, jobs = await asyncio.gather(
            self.target("cronjobs.batch", args.name, args.namespace, scope),
            self.target("jobs.batch", "any", args.namespace, scope),
        )
        name = args.job_name or await _free_name(jobs, args.name)
        return cron, Target(jobs.cluster, jobs.kind, jobs.namespace, name)


async def _free_name(jobs: Target, cron: str) -> str:
    """The first `<cron>-manual-<number>` no Job has."""
    listed = mappings(await jobs.cluster.json("GET", jobs.kind.path(jobs.namespace)), "items")
    taken = {text(job, "metadata", "name") for job in listed}
    stem = f"{cron[:_LONGEST_STEM].rstrip('-.')}-manual-"
    return next(name for number in range(1, len(taken) + 2) if (name := f"{stem}{number}") not in taken)


def _manifest(cron: Json, job: Target) -> Json:
    template = mapping(cron, "spec", "jobTemplate")
    annotations = {**strings(template, "metadata", "annotations"), MANUALLY: "manual"}
    owner: Json = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": text(cron, "metadata", "name"),
        "uid": text(cron, "metadata", "uid"),
        "controller": True,
    }
    metadata: Json = {
        "name": job.name,
        "namespace": job.namespace,
        "labels": mapping(template, "metadata", "labels"),
        "annotations": dict(annotations),
        "ownerReferences": [owner],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": mapping(template, "spec"),
    }


def _warnings(cron: Json) -> tuple[str, ...]:
    found: list[str] = []
    if value(cron, "spec", "suspend") is True:
        found.append("The CronJob is suspended; this starts a Job of it all the same.")
    running = [text(job, "name") for job in mappings(cron, "status", "active")]
    if running and text(cron, "spec", "concurrencyPolicy") in ("Forbid", "Replace"):
        found.append(f"Its Jobs are not meant to overlap, and this one would with {', '.join(running)}.")
    return tuple(found)
