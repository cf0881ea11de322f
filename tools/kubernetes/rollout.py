"""How far a workload's rollout is, and whether it can still succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import JsonValue

from tools.kubernetes.fields import Json, condition, mapping, mappings, number, strings, text, value
from tools.kubernetes.objects import REVISION
from tools.tool import Observation, Verdict

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

HOPELESS = frozenset(
    {
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "CreateContainerConfigError",
        "CreateContainerError",
    }
)
"""Reasons a container waits for that time alone rarely mends."""

CRASHES_THAT_TELL = 2
"""So many restarts make a crash loop a verdict and not a slow start."""


def selector_text(selector: JsonValue) -> str:
    """A LabelSelector object as the query parameter."""
    terms = [f"{key}={entry}" for key, entry in sorted(strings(selector, "matchLabels").items())]
    for expression in mappings(selector, "matchExpressions"):
        key, operator = text(expression, "key"), text(expression, "operator")
        values = value(expression, "values")
        listed = ",".join(str(entry) for entry in values) if isinstance(values, list) else ""
        terms.append(
            {"In": f"{key} in ({listed})", "NotIn": f"{key} notin ({listed})", "Exists": key}.get(
                operator, f"!{key}"
            )
        )
    return ",".join(terms)


async def pods_of(cluster: Cluster, workload: Json) -> list[Json]:
    """The pods a workload's selector matches, each as a raw object."""
    selector = selector_text(value(workload, "spec", "selector"))
    if not selector:
        return []
    namespace = text(workload, "metadata", "namespace")
    path = f"/api/v1/namespaces/{namespace}/pods"
    return mappings(await cluster.json("GET", path, query={"labelSelector": selector, "limit": 500}), "items")


async def replica_sets_of(cluster: Cluster, deployment: Json) -> list[Json]:
    """The ReplicaSets a Deployment owns, the newest revision first."""
    namespace = text(deployment, "metadata", "namespace")
    found = await cluster.json(
        "GET",
        f"/apis/apps/v1/namespaces/{namespace}/replicasets",
        query={"labelSelector": selector_text(value(deployment, "spec", "selector"))},
    )
    uid = text(deployment, "metadata", "uid")
    owned = [entry for entry in mappings(found, "items") if owned_by(entry, uid)]
    return sorted(owned, key=revision, reverse=True)


def owned_by(obj: Json, uid: str) -> bool:
    return any(text(owner, "uid") == uid for owner in mappings(obj, "metadata", "ownerReferences"))


def revision(obj: Json) -> int:
    """The rollout revision a Deployment or its ReplicaSet carries; 0 if none."""
    found = strings(obj, "metadata", "annotations").get(REVISION, "")
    return int(found) if found.isdigit() else 0


def counts(workload: Json) -> tuple[int, int, int]:
    """(wanted, updated, ready) pods of a Deployment, StatefulSet, ReplicaSet or DaemonSet."""
    status = mapping(workload, "status")
    if text(workload, "kind") == "DaemonSet":
        wanted = number(status, "desiredNumberScheduled")
        return wanted, number(status, "updatedNumberScheduled"), number(status, "numberAvailable")
    wanted = number(workload, "spec", "replicas", default=1)
    ready = number(status, "readyReplicas")
    if text(workload, "kind") == "Deployment":
        ready = min(ready, number(status, "availableReplicas"))
    updated = (
        number(status, "updatedReplicas")
        if text(workload, "kind") != "ReplicaSet"
        else number(status, "replicas")
    )
    return wanted, updated, ready


async def progress(cluster: Cluster, workload: Json) -> Observation:
    """Is the rollout complete? Follows `kubectl rollout status`, and gives up early when it cannot be.

    Args:
        cluster: where the workload lives.
        workload: the object, freshly read.
    """
    wanted, updated, ready = counts(workload)
    status = mapping(workload, "status")
    kind = text(workload, "kind")
    present = wanted if kind == "DaemonSet" else number(status, "replicas")
    seen = number(status, "observedGeneration") >= number(workload, "metadata", "generation")
    summary = f"{ready} of {wanted} replicas ready"
    manual = text(workload, "spec", "updateStrategy", "type") == "OnDelete"
    paused = value(workload, "spec", "paused") is True
    if seen and ready == wanted and present == wanted and (updated == wanted or manual or paused):
        waiting = "; it is paused, so changes of its pods wait until it is resumed" if paused else ""
        return Observation(verdict=Verdict.HOLDS, detail=f"{summary}{waiting}.")
    if not seen:
        return Observation(verdict=Verdict.NOT_YET, detail="The controller has not seen the change yet.")
    if updated < wanted and not manual and not paused:
        summary += f", {updated} of {wanted} updated"
    elif present > wanted:
        summary += f", {present - wanted} old ones still there"
    stuck = condition(workload, "Progressing")
    troubles, hopeless = await _troubles(cluster, workload)
    detail = "; ".join([summary, *troubles[:3]]) + "."
    if text(stuck, "reason") == "ProgressDeadlineExceeded":
        return Observation(
            verdict=Verdict.DOES_NOT_HOLD, detail=f"The rollout exceeded its deadline: {detail}"
        )
    return Observation(verdict=Verdict.DOES_NOT_HOLD if hopeless else Verdict.NOT_YET, detail=detail)


async def _troubles(cluster: Cluster, workload: Json) -> tuple[list[str], bool]:
    """What ails the newest pods, and whether any of it is hopeless."""
    pods = await pods_of(cluster, workload)
    if text(workload, "kind") == "Deployment":
        newest = (await replica_sets_of(cluster, workload))[:1]
        uids = [text(entry, "metadata", "uid") for entry in newest]
        pods = [pod for pod in pods if any(owned_by(pod, uid) for uid in uids)]
    elif latest := text(workload, "status", "updateRevision"):
        labelled = "controller-revision-hash"
        pods = [pod for pod in pods if strings(pod, "metadata", "labels").get(labelled) == latest]
    words: list[str] = []
    hopeless = False
    for pod in sorted(pods, key=lambda pod: text(pod, "metadata", "name")):
        if text(condition(pod, "Ready"), "status") == "True" or text(pod, "metadata", "deletionTimestamp"):
            continue
        reason, final = pod_trouble(pod)
        hopeless = hopeless or final
        words.append(f"pod {text(pod, 'metadata', 'name')}: {reason}")
    return words, hopeless


def pod_trouble(pod: Json) -> tuple[str, bool]:
    """Why a pod is not ready, in a few words, and whether waiting is hopeless."""
    status = mapping(pod, "status")
    containers = mappings(status, "initContainerStatuses") + mappings(status, "containerStatuses")
    for container in containers:
        waiting = mapping(container, "state", "waiting")
        reason, message = text(waiting, "reason"), text(waiting, "message")
        if reason == "CrashLoopBackOff":
            last = mapping(container, "lastState", "terminated")
            why = text(last, "reason") or "exited"
            restarts = number(container, "restartCount")
            words = f"{reason} ({why}, exit code {number(last, 'exitCode')}, {restarts} restarts)"
            return words, restarts >= CRASHES_THAT_TELL
        if reason and reason not in ("ContainerCreating", "PodInitializing"):
            return f"{reason}{f' ({message})' if message else ''}", reason in HOPELESS
    scheduled = condition(pod, "PodScheduled")
    if text(scheduled, "status") == "False":
        return f"not scheduled ({text(scheduled, 'message') or text(scheduled, 'reason')})", False
    return f"{text(status, 'phase') or 'Pending'}, not ready", False
