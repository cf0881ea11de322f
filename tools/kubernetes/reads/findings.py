"""What is wrong with a pod, by rule: state, exit code, last log lines, events, probes, scheduling."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tools.kubernetes.fields import Json, condition, mapping, mappings, number, text
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.events import Happening, moment

Confidence = Literal["high", "medium", "low"]


class Evidence(BaseModel):
    """A fact a finding rests on: what it is, the cluster's own words, and where they were read."""

    model_config = ConfigDict(frozen=True)

    what: str
    quote: str
    object: str


class Finding(BaseModel):
    """One cause, how sure we are, and why."""

    model_config = ConfigDict(frozen=True)

    cause: str
    confidence: Confidence
    object: str
    namespace: str = ""
    evidence: tuple[Evidence, ...]
    advice: str = ""
    also: tuple[str, ...] = ()
    """Further objects with the same cause."""


@dataclass(frozen=True)
class PodSituation:
    """What was gathered about one pod. `logs` is by container: the instance that failed, oldest line first."""

    pod: Json
    events: tuple[Happening, ...]
    logs: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"pod/{text(self.pod, 'metadata', 'name')}"

    def reported(self, *reasons: str, saying: str = "") -> list[Evidence]:
        """Events with one of these reasons, as evidence."""
        return [
            Evidence(what=f"event {entry.reason}, {entry.count} times", quote=entry.message, object=self.name)
            for entry in self.events
            if entry.reason in reasons and saying.lower() in entry.message.lower()
        ]


UNSCHEDULED = "The pod cannot be scheduled"
"""How the cause of a pod without a node begins."""

EXIT_CODES = {
    126: "the command cannot be executed",
    127: "the command was not found",
    134: "it aborted",
    137: "it was killed",
    139: "a segmentation fault",
    143: "it was asked to stop",
}

_ERROR_LINE = re.compile(
    r"\b(error|exception|fatal|panic|traceback|refused|denied|cannot|failed|missing)\b", re.I
)
_LOG_LINES_QUOTED = 3


def findings_about(situation: PodSituation) -> list[Finding]:
    """Every cause the rules see in one pod; nothing for a pod that is well or finished its work."""
    pod = situation.pod
    if text(pod, "metadata", "deletionTimestamp"):
        return _stuck_deleting(situation)
    phase = text(pod, "status", "phase")
    if phase == "Succeeded":
        return []
    found = [*_evicted(situation), *_unscheduled(situation)]
    for container in _statuses(pod):
        found += _container(situation, container)
    if not found:
        found = [*_not_starting(situation), *_not_ready(situation)]
    return found


def _statuses(pod: Json) -> list[Json]:
    return mappings(pod, "status", "initContainerStatuses") + mappings(pod, "status", "containerStatuses")


def _container(situation: PodSituation, status: Json) -> list[Finding]:
    waiting = mapping(status, "state", "waiting")
    reason = text(waiting, "reason")
    if reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"):
        return [_image(situation, status, reason, text(waiting, "message"))]
    if reason in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"):
        evidence = Evidence(
            what="container state", quote=f"{reason}: {text(waiting, 'message')}", object=situation.name
        )
        return [
            Finding(
                cause=f"Container {text(status, 'name')} cannot be created: {text(waiting, 'message') or reason}.",
                confidence="high",
                object=situation.name,
                evidence=(evidence, *situation.reported("Failed")[:1]),
                advice="Check the ConfigMaps, Secrets and the command it refers to.",
            )
        ]
    ended = mapping(status, "state", "terminated") or mapping(status, "lastState", "terminated")
    failed = bool(ended) and (number(ended, "exitCode") != 0 or text(ended, "reason") == "OOMKilled")
    steady = status.get("ready") is True and reason != "CrashLoopBackOff"
    if not failed and reason != "CrashLoopBackOff":
        return []
    return [_crash(situation, status, ended, steady)]


def _image(situation: PodSituation, status: Json, reason: str, message: str) -> Finding:
    image = text(status, "image") or _spec_image(situation.pod, text(status, "name"))
    said = situation.reported("Failed", saying="pull") + situation.reported(
        "InspectFailed", "ErrImageNeverPull"
    )
    words = " ".join([message, *(entry.quote for entry in said)]).lower()
    why = "it cannot be pulled"
    if "not found" in words or "manifest unknown" in words:
        why = "the registry has no such image"
    elif any(word in words for word in ("unauthorized", "denied", "forbidden", "authentication")):
        why = "the registry refuses to hand it out"
    elif any(word in words for word in ("no such host", "timeout", "refused", "unreachable")):
        why = "the registry cannot be reached"
    elif reason == "InvalidImageName":
        why = "its name is not valid"
    state = Evidence(what="container state", quote=f"{reason}: {message}".rstrip(": "), object=situation.name)
    return Finding(
        cause=f"Image {image} of container {text(status, 'name')}: {why}.",
        confidence="high",
        object=situation.name,
        evidence=(state, *said[:2]),
        advice="Set an image that exists, or roll back to the previous revision.",
    )


def _crash(situation: PodSituation, status: Json, ended: Json, steady: bool) -> Finding:
    container, code, restarts = (
        text(status, "name"),
        number(ended, "exitCode"),
        number(status, "restartCount"),
    )
    reason = text(ended, "reason")
    state = Evidence(
        what="last end of the container",
        quote=f"{reason or 'ended'}, exit code {code}, {restarts} restarts, at {text(ended, 'finishedAt')}",
        object=situation.name,
    )
    logs = situation.logs.get(container, ())
    telling = telling_lines(logs)
    quoted = Evidence(what=f"log of container {container}", quote="\n".join(telling), object=situation.name)
    log_evidence = (quoted,) if telling else ()
    probes = situation.reported("Unhealthy", saying="liveness") + situation.reported(
        "Killing", saying="liveness"
    )
    message = " ".join(text(ended, "message").split())
    confidence: Confidence = "medium" if steady else "high"
    advice = "The log says what the program missed; a recent change can be rolled back."
    if reason == "OOMKilled":
        limit = _memory_limit(situation.pod, container)
        bound = f"its limit of {limit}" if limit else "its limit"
        cause = f"Container {container} needs more memory than {bound} and is killed."
        advice = "Raise the memory limit, or find what takes the memory."
    elif probes:
        cause = f"Container {container} is killed because its liveness probe fails."
        advice = "Check the probe's path, port and timing against what the program does."
    elif telling:
        cause = f"Container {container} exits with code {code}{_lifetime(ended)}: {telling[-1]}"
    else:
        meaning = EXIT_CODES.get(code, "")
        known = f" ({meaning})" if meaning else f" ({message})" if message else ""
        cause = f"Container {container} exits with code {code}{known}, and its log does not say why."
        confidence = "medium" if meaning or message else "low"
    if steady:
        cause = f"It runs now, but ended before. {cause}"
    return Finding(
        cause=plain(cause),
        confidence=confidence,
        object=situation.name,
        evidence=(state, *probes[:2], *log_evidence, *situation.reported("BackOff")[:1]),
        advice=advice,
    )


def _lifetime(ended: Json) -> str:
    started, finished = moment(text(ended, "startedAt")), moment(text(ended, "finishedAt"))
    if started is None or finished is None:
        return ""
    seconds = max(0, round((finished - started).total_seconds()))
    return f" after {seconds} seconds" if seconds < 120 else f" after {seconds // 60} minutes"


def telling_lines(lines: tuple[str, ...]) -> list[str]:
    """The last lines that speak of an error, or else the very last ones."""
    written = [line for line in lines if line.strip()]
    errors = [line for line in written if _ERROR_LINE.search(line)]
    return (errors or written)[-_LOG_LINES_QUOTED:]


def _unscheduled(situation: PodSituation) -> list[Finding]:
    scheduled = condition(situation.pod, "PodScheduled")
    if text(scheduled, "status") != "False":
        return []
    message = text(scheduled, "message")
    lower = message.lower()
    why, advice = "no node fits it", "Look at what the pod asks for and at what the nodes offer."
    if short := re.search(r"insufficient ([\w./-]*\w)", lower):
        why, advice = f"no node has enough {short[1]} free", "Ask for less, free some, or add a node."
    elif "persistentvolumeclaim" in lower:
        why, advice = "a volume it claims is not there or not bound", "Look at the PersistentVolumeClaim."
    elif "affinity" in lower or "selector" in lower:
        why, advice = "no node has the labels it selects", "Compare its node selector with the nodes' labels."
    elif "taint" in lower:
        why, advice = "all nodes have a taint it does not tolerate", "Look at the nodes' taints."
    state = Evidence(
        what="condition PodScheduled", quote=message or text(scheduled, "reason"), object=situation.name
    )
    return [
        Finding(
            cause=f"{UNSCHEDULED}: {why}.",
            confidence="high",
            object=situation.name,
            evidence=(state, *situation.reported("FailedScheduling")[:1]),
            advice=advice,
        )
    ]


def _evicted(situation: PodSituation) -> list[Finding]:
    status = mapping(situation.pod, "status")
    if text(status, "phase") != "Failed" or not text(status, "reason"):
        return []
    quote = f"{text(status, 'reason')}: {text(status, 'message')}".rstrip(": ")
    return [
        Finding(
            cause=f"The pod was ended by the cluster ({text(status, 'reason')}).",
            confidence="high",
            object=situation.name,
            evidence=(Evidence(what="pod status", quote=quote, object=situation.name),),
            advice="Look at the node's memory and disk pressure.",
        )
    ]


def _not_starting(situation: PodSituation) -> list[Finding]:
    reasons = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "FailedCreatePodContainer")
    said = situation.reported(*reasons)
    if text(situation.pod, "status", "phase") != "Pending":
        return []
    if not said:
        return _still_starting(situation)
    return [
        Finding(
            cause=f"The pod cannot start on its node: {said[0].quote}",
            confidence="high",
            object=situation.name,
            evidence=tuple(said[:2]),
            advice="Check the volumes, ConfigMaps and Secrets it mounts, and the node's network.",
        )
    ]


def _still_starting(situation: PodSituation) -> list[Finding]:
    waiting = [text(entry, "state", "waiting", "reason") for entry in _statuses(situation.pod)]
    quote = ", ".join(filter(None, waiting)) or "Pending"
    latest = situation.events[0].message if situation.events else ""
    return [
        Finding(
            cause=f"The pod has not started yet ({quote}), and nothing says why.",
            confidence="low",
            object=situation.name,
            evidence=(Evidence(what="container state", quote=quote, object=situation.name),)
            + ((Evidence(what="latest event", quote=latest, object=situation.name),) if latest else ()),
            advice="Look again in a while; a large image or a slow volume takes its time.",
        )
    ]


def _not_ready(situation: PodSituation) -> list[Finding]:
    ready = condition(situation.pod, "Ready")
    if text(situation.pod, "status", "phase") != "Running" or text(ready, "status") != "False":
        return []
    probes = situation.reported("Unhealthy", saying="readiness") + situation.reported(
        "Unhealthy", saying="startup"
    )
    state = Evidence(
        what="condition Ready",
        quote=f"{text(ready, 'reason')}: {text(ready, 'message')}".strip(": "),
        object=situation.name,
    )
    cause: str
    level: Confidence
    if probes:
        cause, level = f"It runs, but its readiness probe fails: {probes[0].quote}", "high"
    elif text(ready, "reason") == "NodeNotReady" or "node" in text(ready, "message").lower():
        cause, level = "Its node is not ready.", "medium"
    else:
        cause, level = "It runs, but is not ready.", "low"
    return [
        Finding(
            cause=cause,
            confidence=level,
            object=situation.name,
            evidence=(*probes[:2], state),
            advice="See whether the program answers where the probe asks, and what it waits for.",
        )
    ]


def _stuck_deleting(situation: PodSituation) -> list[Finding]:
    finalizers = mapping(situation.pod, "metadata").get("finalizers")
    if not isinstance(finalizers, list) or not finalizers:
        return []
    quote = f"finalizers: {', '.join(map(str, finalizers))}"
    return [
        Finding(
            cause="The pod is being deleted and waits for its finalizers.",
            confidence="medium",
            object=situation.name,
            evidence=(Evidence(what="metadata", quote=quote, object=situation.name),),
        )
    ]


def _spec_image(pod: Json, container: str) -> str:
    for entry in mappings(pod, "spec", "containers") + mappings(pod, "spec", "initContainers"):
        if text(entry, "name") == container:
            return text(entry, "image")
    return ""


def _memory_limit(pod: Json, container: str) -> str:
    for entry in mappings(pod, "spec", "containers"):
        if text(entry, "name") == container:
            return text(entry, "resources", "limits", "memory")
    return ""
