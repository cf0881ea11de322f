"""What a custom resource says is wrong with it: conditions that fail, a phase that does, its operator's warnings."""

from __future__ import annotations

from collections.abc import Sequence

from tools.kubernetes.fields import Json, mappings, text
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.events import Happening
from tools.kubernetes.reads.findings import Evidence, Finding
from tools.kubernetes.standing import BETTER_FALSE, standing

_MOST_EVENTS = 3
_QUIET = ("PodScheduled", "Progressing", "Issuing", "Reconciling", "Paused")
"""Conditions that are false when nothing is being done; they tell something only where they give a failure."""


def custom_findings(obj: Json, events: Sequence[Happening], owned: Sequence[Json] = ()) -> list[Finding]:
    """At most one finding: what the object itself reports, with its warnings and what it owns that is not well.

    Args:
        obj: a custom resource, its kind included.
        events: about it.
        owned: the objects that name it as their owner.
    """
    name = f"{text(obj, 'kind').lower()}/{text(obj, 'metadata', 'name')}"
    said = [
        Evidence(
            what=f"event {entry.reason}, {entry.count} times", quote=plain(entry.message), object=entry.object
        )
        for entry in events
        if entry.warning
    ][:_MOST_EVENTS]
    conditions = [
        Evidence(what=f"condition {text(entry, 'type')}", quote=_reason(entry), object=name)
        for entry in mappings(obj, "status", "conditions")
        if _failing(entry)
    ]
    below = [
        Evidence(what="owned object", quote=words, object=f"{text(entry, 'kind').lower()}/{_name(entry)}")
        for entry in owned
        for words, healthy in [standing(entry)]
        if not healthy
    ]
    words, healthy = standing(obj)
    if healthy and not conditions and not said:
        return []
    cause = (
        f"It says that it is {words}."
        if conditions and words.startswith("not ")
        else f"Its status is {words}."
    )
    if healthy:
        cause = "It seems well, and its operator warns." if not conditions else "One of its conditions fails."
    evidence = [*conditions, *([] if conditions else _status(obj, name)), *below, *said]
    return [
        Finding(
            cause=cause,
            confidence="low" if healthy else "high" if said or below else "medium",
            object=name,
            evidence=tuple(evidence),
            advice="Its operator's log may say more.",
        )
    ]


def _failing(entry: Json) -> bool:
    kind, status = text(entry, "type"), text(entry, "status")
    if kind in _QUIET:
        return status == "False" and "fail" in text(entry, "reason").lower()
    return status == ("True" if kind.endswith(BETTER_FALSE) else "False")


def _reason(entry: Json) -> str:
    why = ": ".join(part for part in (text(entry, "reason"), text(entry, "message")) if part)
    return plain(f"{text(entry, 'status')}{f', {why}' if why else ''}")


def _status(obj: Json, name: str) -> list[Evidence]:
    words, _ = standing(obj)
    return [Evidence(what="status", quote=words, object=name)] if words else []


def _name(obj: Json) -> str:
    return text(obj, "metadata", "name")
