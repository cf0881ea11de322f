"""kubernetes_suspend_cronjob and kubernetes_resume_cronjob: whether a CronJob follows its schedule."""

from __future__ import annotations

from tools.kubernetes.fields import Json, mappings, text
from tools.kubernetes.finding import Target
from tools.kubernetes.writes.switch import Switch
from tools.tool import Arguments, Name, OptionalNamespace, Scope


class CronJobArgs(Arguments):
    name: Name
    namespace: OptionalNamespace = ""


class KubernetesSuspendCronJob(Switch[CronJobArgs]):
    """Starts no more Jobs. Those that run go on."""

    name = "kubernetes_suspend_cronjob"
    summary = "Suspend a CronJob: it starts no new Jobs, and those that run go on."
    Args = CronJobArgs
    field, turned, opposite = "suspend", True, "kubernetes_resume_cronjob@1"
    done, missing = "is suspended", "is not suspended"

    async def switched(self, args: CronJobArgs, scope: Scope) -> Target:
        return await self.target("cronjobs.batch", args.name, args.namespace, scope)

    async def warnings(self, target: Target, current: Json) -> tuple[str, ...]:
        names = [text(job, "name") for job in mappings(current, "status", "active")]
        return (f"Running now, and not stopped by this: {', '.join(names)}.",) if names else ()


class KubernetesResumeCronJob(Switch[CronJobArgs]):
    """Follows the schedule again. A missed run may start at once (`startingDeadlineSeconds`)."""

    name = "kubernetes_resume_cronjob"
    summary = "Resume a suspended CronJob: it starts Jobs on schedule again."
    Args = CronJobArgs
    field, turned, opposite = "suspend", False, "kubernetes_suspend_cronjob@1"
    done, missing = "follows its schedule", "is still suspended"

    async def switched(self, args: CronJobArgs, scope: Scope) -> Target:
        return await self.target("cronjobs.batch", args.name, args.namespace, scope)

    async def warnings(self, target: Target, current: Json) -> tuple[str, ...]:
        if not text(current, "spec", "startingDeadlineSeconds"):
            return ("It has no startingDeadlineSeconds: a run missed in the meantime starts at once.",)
        return ()
