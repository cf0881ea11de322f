"""What a custom resource owns: no kind says so of itself, so owner references are looked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tools.errors import ToolError
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.fields import Json, text
from tools.kubernetes.reads.looking import Looking
from tools.kubernetes.rollout import owned_by

if TYPE_CHECKING:
    from tools.kubernetes.finding import Target

MADE_BY_OPERATORS = (
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicasets.apps",
    "jobs.batch",
    "cronjobs.batch",
    "pods",
    "services",
    "configmaps",
    "persistentvolumeclaims",
    "ingresses.networking.k8s.io",
    "networkpolicies.networking.k8s.io",
    "poddisruptionbudgets.policy",
    "horizontalpodautoscalers.autoscaling",
    "serviceaccounts",
)
"""Kinds that operators make for their resources. Secrets are not looked at: their metadata may hold their values."""

_WHOLE_AT_MOST = 50
_AT_ONCE = 6


async def owned_objects(target: Target, obj: Json) -> tuple[list[Json], list[str]]:
    """(objects, troubles): what names a custom object as its owner, and a sentence for all that was not seen.

    Looked through are the kinds of `MADE_BY_OPERATORS` and those of the owner's own API group. What an
    owner without a namespace has in namespaces is looked for in its own group only.

    Args:
        target: the owner.
        obj: the owner as the server gave it.
    """
    uid = text(obj, "metadata", "uid")
    looking, slots = Looking(target.cluster), asyncio.Semaphore(_AT_ONCE)

    async def metadata(kind: ResourceType) -> list[Json]:
        async with slots:
            found = await looking.objects(kind.resource, target.namespace, metadata_only=True)
        return [entry for entry in found if owned_by(entry, uid)]

    async def whole(entry: Json) -> Json:
        """With its state, if that can be read."""
        kind = await target.cluster.kinds.by_kind(text(entry, "apiVersion"), text(entry, "kind"))
        name, namespace = text(entry, "metadata", "name"), text(entry, "metadata", "namespace")
        try:
            async with slots:
                return await target.cluster.json("GET", kind.path(namespace, name))
        except ToolError:
            return entry

    kinds = await _candidates(target)
    owned = [entry for part in await asyncio.gather(*map(metadata, kinds)) for entry in part]
    read = await asyncio.gather(*map(whole, owned[:_WHOLE_AT_MOST]))
    return [*read, *owned[_WHOLE_AT_MOST:]], looking.unseen


async def _candidates(target: Target) -> list[ResourceType]:
    """One type for each resource that may hold such objects, in its preferred version."""
    found: dict[str, ResourceType] = {}
    for kind in await target.cluster.kinds.all():
        if "list" not in kind.verbs or (target.namespace and not kind.namespaced):
            continue
        ours = kind.group == target.kind.group
        if ours or (target.namespace and kind.resource in MADE_BY_OPERATORS):
            found.setdefault(kind.resource, kind)
    return list(found.values())
