"""kubernetes_pause and kubernetes_resume: whether a Deployment rolls changes of its pods out."""

from __future__ import annotations

from tools.kubernetes.fields import Json
from tools.kubernetes.finding import Target
from tools.kubernetes.rollout import progress
from tools.kubernetes.writes.switch import Switch
from tools.tool import Arguments, Name, Observation, OptionalNamespace, Scope


class RolloutArgs(Arguments):
    name: Name
    namespace: OptionalNamespace = ""


class KubernetesPause(Switch[RolloutArgs]):
    """Stops a Deployment's rollout where it is; scaling goes on."""

    name = "kubernetes_pause"
    summary = "Pause a Deployment's rollout: changes of its pod template wait until it is resumed."
    Args = RolloutArgs
    field, turned, opposite = "paused", True, "kubernetes_resume@1"
    done, missing = "is paused", "is not paused"

    async def switched(self, args: RolloutArgs, scope: Scope) -> Target:
        return await self.target("deployments.apps", args.name, args.namespace, scope)


class KubernetesResume(Switch[RolloutArgs]):
    """Lets a paused Deployment roll out what changed in the meantime."""

    name = "kubernetes_resume"
    summary = "Resume a paused Deployment: what changed in the meantime is rolled out now."
    Args = RolloutArgs
    field, turned, opposite = "paused", False, "kubernetes_pause@1"
    done, missing = "is not paused", "is still paused"

    async def switched(self, args: RolloutArgs, scope: Scope) -> Target:
        return await self.target("deployments.apps", args.name, args.namespace, scope)

    async def purpose(self, target: Target, current: Json) -> Observation:
        return await progress(target.cluster, current)
