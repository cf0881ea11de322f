"""How an object is doing, in a few words."""

from __future__ import annotations

from tools.kubernetes.fields import Json, condition, mapping, mappings, number, text
from tools.kubernetes.live.health import judge
from tools.kubernetes.plain_text import plain
from tools.kubernetes.rollout import counts, pod_trouble, revision
from tools.rows import Health

BETTER_FALSE = ("Pressure", "Unavailable", "Failure", "Failed", "Stalled", "Degraded", "DisruptionTarget")
"""Endings of the conditions that are well when they are False."""

_READY = ("Ready", "Available", "Healthy", "Synced", "Established")
_WORDS = ("phase", "state", "health", "status")
_LONGEST = 120


def standing(obj: Json) -> tuple[str, bool]:
    """How an object is doing, in a few words, and whether it is well."""
    kind = text(obj, "kind")
    if kind == "Pod":
        phase = text(obj, "status", "phase")
        states = mappings(obj, "status", "containerStatuses")
        if phase == "Succeeded" or (
            phase == "Running" and all(entry.get("ready") is True for entry in states)
        ):
            return "ready" if phase == "Running" else "completed", True
        return pod_trouble(obj)[0], False
    if kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        wanted, _, ready = counts(obj)
        if kind != "ReplicaSet":
            return f"{ready} of {wanted} ready", ready >= wanted
        wanted, ready = number(obj, "spec", "replicas"), number(obj, "status", "readyReplicas")
        old = "" if wanted or ready else ", an earlier one"
        return f"revision {revision(obj)}, {ready} of {wanted} ready{old}", ready >= wanted
    if kind == "Job":
        status = mapping(obj, "status")
        done, failed, active = (number(status, key) for key in ("succeeded", "failed", "active"))
        words = [f"{count} {word}" for count, word in ((active, "running"), (done, "done"), (failed, "failed"))
                 if count]  # fmt: skip
        return ", ".join(words) or "not started", not failed or bool(done)
    return _of_anything(obj)


def _of_anything(obj: Json) -> tuple[str, bool]:
    """What a kind we know nothing of says of itself: a condition such as Ready, or a word such as its phase."""
    for name in _READY:
        found = condition(obj, name)
        if text(found, "status") in ("True", "False"):
            well = text(found, "status") == "True"
            why = ": ".join(part for part in (text(found, "reason"), text(found, "message")) if part)
            return (name.lower() if well else _short(f"not {name.lower()}: {why}".rstrip(": "))), well
    status = mapping(obj, "status")
    named = [text(status, key) for key in _WORDS]
    named += [text(status, key) for key in status if key.lower().endswith(("status", "phase", "state"))]
    word = next((entry for entry in named if entry), "")
    return _short(word), judge(word) is not Health.BAD


def _short(words: str) -> str:
    words = plain(" ".join(words.split()))
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
