"""A namespace of its own on some cluster, and the tools to work in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from tools.errors import Conflict
from tools.gate import Mint, Permit
from tools.kubernetes.connection.cluster import Cluster
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.registry import kubernetes_tools
from tools.tool import Call, Observation, Preview, Registry, Scope, Verdict

T = TypeVar("T")

PATIENCE = 50.0
"""Seconds after which a condition that never came true fails its test."""


@dataclass
class Lab:
    """What the contract tests work with, on the practice cluster and on a real one alike.

    `runs_pods` says whether somebody runs the pods; a bare control plane has no kubelet. `image` is
    one that starts there and writes a log.
    """

    clusters: Clusters
    cluster: Cluster
    mint: Mint
    scope: Scope
    namespace: str
    runs_pods: bool
    image: str
    nodes: list[str] = field(default_factory=list)
    """Nodes the test made, which are taken away after it."""

    @property
    def registry(self) -> Registry:
        return Registry(kubernetes_tools(self.clusters))

    async def read(self, tool: str, **args: Any) -> Any:
        """Run a read tool."""
        found = self.registry.get(tool)
        return await found.run(found.parse(args), self.scope)

    async def preview(self, tool: str, **args: Any) -> Preview:
        found = self.registry.write(tool)
        return await found.preview(found.parse(args), self.scope)

    async def run(self, tool: str, preview: Preview, **args: Any) -> BaseModel:
        """Run a write tool with the grant its preview asks for, and nothing else."""
        found = self.registry.write(tool)
        with self.mint.grant("step", preview.permits, seconds=30):
            return await found.run(found.parse(args), self.scope)

    async def observe(self, tool: str, preview: Preview, **args: Any) -> Observation:
        found = self.registry.write(tool)
        return await found.observe(found.parse(args), self.scope, preview)

    def undo(self, tool: str, preview: Preview, **args: Any) -> Call | None:
        found = self.registry.write(tool)
        return found.undo(found.parse(args), preview)

    async def carry_out(self, tool: str, **args: Any) -> Preview:
        """Preview, run, and wait until the effect is observed as applied.

        A controller that writes a status in between makes a conflict; then, as in an executed plan,
        the world is looked at again.
        """
        for attempt in range(5):
            preview = await self.preview(tool, **args)
            try:
                await self.run(tool, preview, **args)
                break
            except Conflict:
                if attempt == 4:
                    raise

        async def applied() -> bool:
            return (await self.observe(tool, preview, **args)).applied is True

        await until(applied)
        return preview

    async def settled(self, tool: str, preview: Preview, **args: Any) -> Observation:
        """Wait for the last word on a write: it holds, or it never will."""

        async def final() -> Observation | None:
            seen = await self.observe(tool, preview, **args)
            return seen if seen.verdict is not Verdict.NOT_YET else None

        return await until(final)

    async def create(self, resource: str, path: str, body: dict[str, Any]) -> None:
        """Put an object there behind the tools' backs."""
        namespace = "" if resource in ("namespaces", "nodes") else self.namespace
        permit = Permit(
            system="kubernetes",
            place=self.cluster.context,
            verb="create",
            resource=resource,
            namespace=namespace,
        )
        with self.mint.grant("setup", [permit], seconds=30):
            await self.cluster.request("POST", path, body=body)

    async def deployment(self, name: str, image: str = "", replicas: int = 2, **annotations: str) -> None:
        """A Deployment; the annotations go on its pods."""
        path = f"/apis/apps/v1/namespaces/{self.namespace}/deployments"
        body = deployment(name, image or self.image, replicas)
        body["spec"]["template"]["metadata"]["annotations"] = annotations
        await self.create("deployments.apps", path, body)

    async def cron_job(self, name: str, *, suspended: bool = False, **annotations: str) -> None:
        """A CronJob that is due once a year; the annotations go on its pods."""
        container = {"name": "app", "image": self.image}
        pod = {"restartPolicy": "Never", "containers": [container]}
        template = {"metadata": {"annotations": annotations}, "spec": pod}
        job = {"metadata": {"labels": {"app": name}}, "spec": {"backoffLimit": 0, "template": template}}
        spec = {"schedule": "0 0 29 2 *", "suspend": suspended, "jobTemplate": job}
        body = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec}
        await self.create("cronjobs.batch", f"/apis/batch/v1/namespaces/{self.namespace}/cronjobs", body)

    async def node(self, cordoned: bool = False) -> str:
        """A node of our own, nobody else's to drain: a taint keeps every pod off that is not put there."""
        name = f"{self.namespace}-node-{len(self.nodes)}"
        taints = [{"key": "pilothouse.test/ours", "effect": "NoSchedule"}]
        spec = {"taints": taints, **({"unschedulable": True} if cordoned else {})}
        body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec}
        await self.create("nodes", "/api/v1/nodes", body)
        self.nodes.append(name)
        return name

    async def pod_on(self, node: str, name: str, *, owner: dict[str, Any] | None = None, **spec: Any) -> None:
        """A pod put on a node past every scheduler, of nobody or of an owner. It ends at once when it has to."""
        containers = [{"name": "app", "image": self.image}]
        placed = {"nodeName": node, "terminationGracePeriodSeconds": 0, "containers": containers, **spec}
        metadata: dict[str, Any] = {"name": name, "labels": {"app": name, "ours": "yes"}}
        if owner is not None:
            metadata["ownerReferences"] = [{**owner, "controller": True}]
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": placed}
        await self.create("pods", f"/api/v1/namespaces/{self.namespace}/pods", body)

    async def owner(self) -> dict[str, Any]:
        """Something that owns pods and never makes them anew, so that a test knows which there are."""
        await self.config_map("owner", {})
        found = await self.read("kubernetes_get", kind="configmap", name="owner")
        uid = found.object["metadata"]["uid"]
        return {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}

    async def budget(self, name: str, **spec: Any) -> None:
        """A disruption budget over the pods of `pod_on`."""
        path = f"/apis/policy/v1/namespaces/{self.namespace}/poddisruptionbudgets"
        full = {"selector": {"matchLabels": {"ours": "yes"}}, **spec}
        body = {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": name},
            "spec": full,
        }
        await self.create("poddisruptionbudgets.policy", path, body)

    async def config_map(self, name: str, data: dict[str, str]) -> None:
        path = f"/api/v1/namespaces/{self.namespace}/configmaps"
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        await self.create("configmaps", path, body)

    async def secret(self, name: str, data: dict[str, str]) -> None:
        path = f"/api/v1/namespaces/{self.namespace}/secrets"
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}
        await self.create("secrets", path, body)


async def until(condition: Callable[[], Awaitable[T]]) -> T:
    """Ask again until the answer is true."""
    async with asyncio.timeout(PATIENCE):
        while not (answer := await condition()):  # noqa: ASYNC110 - it lives on a server
            await asyncio.sleep(0.05)
    return answer


def deployment(name: str, image: str = "web:1", replicas: int = 2) -> dict[str, Any]:
    """A Deployment's manifest with one container called `app`."""
    labels = {"app": name}
    container = {"name": "app", "image": image, "ports": [{"containerPort": 8080}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def bystander(lab: Lab) -> str:
    """The practice cluster's context that may look and not change."""
    return next(info.name for info in lab.clusters.contexts() if "viewer" in info.name)
