"""Evictions: which pods of a node may go, which disruption budget holds one, and the request itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.errors import Conflict, Forbidden, NotFound, Throttled, ToolError
from tools.kubernetes.fields import Json, condition, mapping, mappings, number, strings, text, value
from tools.kubernetes.selecting import matches
from tools.kubernetes.writes.node_pods import controller, pod_name

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

_MIRROR = "kubernetes.io/config.mirror"
_NO_SUCH_RIGHT = "Check the right with: kubectl auth can-i create pods/eviction -n {} --context {}."


def stays(pod: Json) -> bool:
    """Whether draining leaves the pod alone: a DaemonSet would put it back, a static one is the node's own."""
    return text(controller(pod), "kind") == "DaemonSet" or _MIRROR in strings(pod, "metadata", "annotations")


def unmanaged(pod: Json) -> bool:
    """Whether nothing would make the pod anew somewhere else."""
    return not controller(pod)


def loses_data(pod: Json) -> bool:
    """Whether the pod has an emptyDir, which ends with it."""
    return any("emptyDir" in volume for volume in mappings(pod, "spec", "volumes"))


def ending(pod: Json) -> bool:
    return bool(text(pod, "metadata", "deletionTimestamp"))


@dataclass
class Budgets:
    """The PodDisruptionBudgets of some namespaces as they were just now, and what is left of them."""

    found: list[Json]
    unreadable: tuple[str, ...] = ()
    """Namespaces whose budgets may not be listed."""

    def holding(self, pod: Json) -> str:
        """What forbids to evict the pod at the moment: `the budget web in shop`; "" when nothing does."""
        over = self._over(pod)
        where = text(pod, "metadata", "namespace")
        if len(over) > 1:  # the server answers with an error whatever they allow
            names = " and ".join(text(budget, "metadata", "name") for budget in over)
            return f"the budgets {names} in {where}, of which a pod may have only one"
        if over and _allowed(over[0]) <= 0 and not _goes_anyway(over[0], pod):
            return f"the budget {text(over[0], 'metadata', 'name')} in {where}"
        return ""

    def spend(self, pod: Json) -> None:
        """Count one eviction that was asked for, until the server's own count is read again."""
        if text(condition(pod, "Ready"), "status") == "True":
            for budget in self._over(pod):
                status = mapping(budget, "status")
                budget["status"] = {**status, "disruptionsAllowed": _allowed(budget) - 1}

    def _over(self, pod: Json) -> list[Json]:
        if text(pod, "status", "phase") == "Pending":
            return []
        return [
            budget
            for budget in self.found
            if text(budget, "metadata", "namespace") == text(pod, "metadata", "namespace")
            and value(budget, "spec", "selector") is not None
            and matches(value(budget, "spec", "selector"), strings(pod, "metadata", "labels"))
        ]


async def budgets_for(cluster: Cluster, pods: Iterable[Json]) -> Budgets:
    """The budgets of the pods' namespaces."""
    namespaces = sorted({text(pod, "metadata", "namespace") for pod in pods})

    async def listed(namespace: str) -> list[Json] | None:
        try:
            path = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
            return mappings(await cluster.json("GET", path), "items")
        except (Forbidden, NotFound):
            return None

    answers = await asyncio.gather(*(listed(namespace) for namespace in namespaces))
    unreadable = [name for name, answer in zip(namespaces, answers, strict=True) if answer is None]
    return Budgets([budget for answer in answers for budget in answer or []], tuple(unreadable))


async def must_be_allowed(cluster: Cluster, pods: Iterable[Json]) -> None:
    """Raises `Forbidden` for the first namespace in which we may not evict pods."""
    for namespace in sorted({text(pod, "metadata", "namespace") for pod in pods}):
        asked: Json = {
            "verb": "create",
            "resource": "pods",
            "subresource": "eviction",
            "namespace": namespace,
        }
        review: Json = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = (await cluster.send("POST", path, body=review)).json()
        if value(answer, "status", "allowed") is not True:
            raise Forbidden(
                f"Evicting pods in {namespace} on {cluster.context} is not allowed.",
                hint=_NO_SUCH_RIGHT.format(namespace, cluster.context),
            )


async def evict(cluster: Cluster, pod: Json, grace_seconds: int | None) -> ToolError | None:
    """Ask the server to evict a pod. Needs a grant.

    Returns:
        What stands in the way for now (429), or None when the pod ends or is gone already.

    Raises: a `ToolError` for anything else.
    """
    namespace, name = text(pod, "metadata", "namespace"), text(pod, "metadata", "name")
    body = eviction_of(pod, grace_seconds)
    try:
        await cluster.send("POST", f"/api/v1/namespaces/{namespace}/pods/{name}/eviction", body=body)
    except (NotFound, Conflict):  # gone, or another pod has its name by now
        return None
    except Throttled as refusal:
        return refusal
    return None


def eviction_of(pod: Json, grace_seconds: int | None) -> Json:
    """What is sent to evict exactly this pod."""
    options: Json = {"preconditions": {"uid": text(pod, "metadata", "uid")}}
    if grace_seconds is not None:
        options["gracePeriodSeconds"] = grace_seconds
    name, namespace = text(pod, "metadata", "name"), text(pod, "metadata", "namespace")
    return {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
        "deleteOptions": options,
    }


def named(pods: Iterable[Json], at_most: int = 10) -> str:
    """The pods' names for a sentence."""
    names = [pod_name(pod) for pod in pods]
    more = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {more} more" if more > 0 else "")


def _allowed(budget: Json) -> int:
    return number(budget, "status", "disruptionsAllowed")


def _goes_anyway(budget: Json, pod: Json) -> bool:
    """Pods that are not ready may go while the budget is met by others, or always if it says so."""
    if text(condition(pod, "Ready"), "status") == "True":
        return False
    if text(budget, "spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    desired = number(budget, "status", "desiredHealthy")
    return desired > 0 and number(budget, "status", "currentHealthy") >= desired
