"""How far a Job is, and whether it can still succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.kubernetes.fields import Json, condition, number, text, value
from tools.kubernetes.rollout import pod_trouble, pods_of
from tools.tool import Observation, Verdict

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster


async def job_progress(cluster: Cluster, job: Json, *, started_is_enough: bool = False) -> Observation:
    """Has the Job finished, and how?

    Args:
        cluster: where it lives.
        job: the object, freshly read.
        started_is_enough: whether it holds as soon as a pod of it exists.
    """
    name = text(job, "metadata", "name")
    ended = _ended(name, job)
    if ended is not None:
        return ended
    active = number(job, "status", "active")
    succeeded, failed = number(job, "status", "succeeded"), number(job, "status", "failed")
    if started_is_enough and active + succeeded + failed:
        return Observation(verdict=Verdict.HOLDS, detail=f"Job {name} has started.")
    if value(job, "spec", "suspend") is True:
        return Observation(verdict=Verdict.NOT_YET, detail=f"Job {name} is suspended.")
    words = [f"{active} running"] + [f"{count} {word}" for count, word in _counted(succeeded, failed)]
    hopeless = False
    for pod in await pods_of(cluster, job):
        if text(pod, "status", "phase") == "Pending":
            trouble, final = pod_trouble(pod)
            hopeless = hopeless or final
            words.append(f"pod {text(pod, 'metadata', 'name')}: {trouble}")
    detail = f"Job {name}: {'; '.join(words[:5])}."
    return Observation(verdict=Verdict.DOES_NOT_HOLD if hopeless else Verdict.NOT_YET, detail=detail)


def _ended(name: str, job: Json) -> Observation | None:
    if text(condition(job, "Complete"), "status") == "True":
        done = number(job, "status", "succeeded")
        return Observation(verdict=Verdict.HOLDS, detail=f"Job {name} is complete: {done} succeeded.")
    failure = condition(job, "Failed")
    if text(failure, "status") == "True":
        why = text(failure, "message") or text(failure, "reason") or "it does not say why"
        return Observation(
            verdict=Verdict.DOES_NOT_HOLD, detail=f"Job {name} failed: {why.strip().rstrip('.')}."
        )
    return None


def _counted(succeeded: int, failed: int) -> list[tuple[int, str]]:
    return [(count, word) for count, word in ((succeeded, "succeeded"), (failed, "failed")) if count]
