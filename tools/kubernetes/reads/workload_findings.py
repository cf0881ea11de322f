"""What is wrong with a workload itself, apart from its pods."""

from __future__ import annotations

from tools.kubernetes.fields import Json, condition, mapping, mappings, number, text
from tools.kubernetes.reads.events import Happening
from tools.kubernetes.reads.findings import Evidence, Finding
from tools.kubernetes.rollout import counts

QUOTA_USED_UP = "the namespace's quota is used up"


def workload_findings(workload: Json, events: tuple[Happening, ...], pods: int) -> list[Finding]:
    """Causes visible in a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob.

    Args:
        workload: the raw object, its kind included.
        events: about it and about the ReplicaSets it owns.
        pods: how many pods it has.
    """
    name = f"{text(workload, 'kind').lower()}/{text(workload, 'metadata', 'name')}"
    kind = text(workload, "kind")
    if kind in ("Job", "CronJob"):
        return _jobs(workload, name)
    found = [*_creation(workload, name, events), *_idle(workload, name)]
    stuck = condition(workload, "Progressing")
    if text(stuck, "reason") == "ProgressDeadlineExceeded":
        quote = f"{text(stuck, 'reason')}: {text(stuck, 'message')}"
        found.append(
            Finding(
                cause="The rollout is stuck: its new pods did not become ready in time.",
                confidence="high",
                object=name,
                evidence=(Evidence(what="condition Progressing", quote=quote, object=name),),
                advice="Roll back to the previous revision, or mend the new pods.",
            )
        )
    wanted, _, _ = counts(workload)
    if wanted and not pods and not found:
        quote = f"{wanted} replicas wanted, no pods found"
        found.append(
            Finding(
                cause="It should have pods and has none.",
                confidence="low",
                object=name,
                evidence=(Evidence(what="status", quote=quote, object=name),),
                advice="Is the controller manager running?",
            )
        )
    return found


def _creation(workload: Json, name: str, events: tuple[Happening, ...]) -> list[Finding]:
    failure = condition(workload, "ReplicaFailure")
    said = [entry for entry in events if entry.reason == "FailedCreate"]
    if text(failure, "status") != "True" and not said:
        return []
    message = text(failure, "message") or said[0].message
    lower = message.lower()
    why, advice = "the API server refuses them", "The message says what forbids it."
    if "exceeded quota" in lower:
        why, advice = QUOTA_USED_UP, "Raise the ResourceQuota, or free some of it."
    elif "admission webhook" in lower:
        why, advice = "an admission webhook refuses them", "Change the pod template as the webhook asks."
    elif "serviceaccount" in lower:
        why, advice = "the ServiceAccount is missing", "Create the ServiceAccount, or name another."
    evidence = [
        Evidence(what=f"event {entry.reason}, {entry.count} times", quote=entry.message, object=entry.object)
        for entry in said[:2]
    ]
    if text(failure, "status") == "True":
        evidence.insert(0, Evidence(what="condition ReplicaFailure", quote=message, object=name))
    return [
        Finding(
            cause=f"Its pods cannot be created: {why}.",
            confidence="high",
            object=name,
            evidence=tuple(evidence),
            advice=advice,
        )
    ]


def _idle(workload: Json, name: str) -> list[Finding]:
    spec = mapping(workload, "spec")
    if "replicas" in spec and number(spec, "replicas") == 0:
        return [
            Finding(
                cause="It is scaled to zero.",
                confidence="high",
                object=name,
                evidence=(Evidence(what="spec", quote="replicas: 0", object=name),),
                advice="Scale it up if it should run.",
            )
        ]
    if spec.get("paused") is True:
        return [
            Finding(
                cause="Its rollout is paused: changes have no effect.",
                confidence="medium",
                object=name,
                evidence=(Evidence(what="spec", quote="paused: true", object=name),),
                advice="Resume the rollout.",
            )
        ]
    return []


def _jobs(workload: Json, name: str) -> list[Finding]:
    if mapping(workload, "spec").get("suspend") is True:
        return [
            Finding(
                cause="It is suspended.",
                confidence="high",
                object=name,
                evidence=(Evidence(what="spec", quote="suspend: true", object=name),),
            )
        ]
    for entry in mappings(workload, "status", "conditions"):
        if text(entry, "type") == "Failed" and text(entry, "status") == "True":
            quote = f"{text(entry, 'reason')}: {text(entry, 'message')}"
            return [
                Finding(
                    cause=f"The job failed ({text(entry, 'reason')}).",
                    confidence="high",
                    object=name,
                    evidence=(Evidence(what="condition Failed", quote=quote, object=name),),
                    advice="The log of its pods says why.",
                )
            ]
    return []
