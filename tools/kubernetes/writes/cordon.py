"""kubernetes_cordon and kubernetes_uncordon: whether a node takes new pods."""

from __future__ import annotations

from tools.errors import ToolError
from tools.kubernetes.fields import Json, condition, mappings, text, value
from tools.kubernetes.finding import Target
from tools.kubernetes.writes.switch import Switch
from tools.tool import Arguments, Name, Scope


class NodeArgs(Arguments):
    name: Name


class KubernetesCordon(Switch[NodeArgs]):
    """Marks a node unschedulable. Pods on it stay."""

    name = "kubernetes_cordon"
    summary = "Cordon a node: it takes no new pods, and those on it stay."
    Args = NodeArgs
    field, turned, opposite = "unschedulable", True, "kubernetes_uncordon@1"
    done, missing = "is cordoned", "is not cordoned"

    async def switched(self, args: NodeArgs, scope: Scope) -> Target:
        return await self.target("nodes", args.name, "", scope)

    async def warnings(self, target: Target, current: Json) -> tuple[str, ...]:
        return await last_place(target)


class KubernetesUncordon(Switch[NodeArgs]):
    """Lets a node take new pods again."""

    name = "kubernetes_uncordon"
    summary = "Uncordon a node: it takes new pods again."
    Args = NodeArgs
    field, turned, opposite = "unschedulable", False, "kubernetes_cordon@1"
    done, missing = "takes new pods", "is still cordoned"

    async def switched(self, args: NodeArgs, scope: Scope) -> Target:
        return await self.target("nodes", args.name, "", scope)


async def last_place(node: Target) -> tuple[str, ...]:
    """A warning if no other node is ready and takes new pods; none where nodes may not be listed."""
    try:
        nodes = mappings(await node.cluster.json("GET", node.kind.path()), "items")
    except ToolError:
        return ()
    others = [
        entry
        for entry in nodes
        if text(entry, "metadata", "name") != node.name
        and value(entry, "spec", "unschedulable") is not True
        and text(condition(entry, "Ready"), "status") == "True"
    ]
    return () if others else ("No other node is ready and takes new pods.",)
