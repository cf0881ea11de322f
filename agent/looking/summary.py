"""What an object is and how it is doing, in a few tables that fit on a screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from agent.looking.pages import Section, SummaryPage
from agent.mentions import mention_of
from tools.kubernetes.fields import Json, mapping, mappings, number, strings, text, value
from tools.kubernetes.objects import LAST_APPLIED
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.describe import container_states
from tools.kubernetes.rollout import counts, selector_text
from tools.kubernetes.standing import BETTER_FALSE

LONGEST_VALUE = 300
"""Characters of one value; the YAML has all of it."""
MOST_ROWS = 40

Facts = list[tuple[str, str]]

_KNOWN: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "Pod": (
        ("phase", ("status", "phase")),
        ("node", ("spec", "nodeName")),
        ("pod IP", ("status", "podIP")),
        ("quality of service", ("status", "qosClass")),
        ("runs as", ("spec", "serviceAccountName")),
        ("restart policy", ("spec", "restartPolicy")),
        ("reason", ("status", "reason")),
        ("message", ("status", "message")),
    ),
    "Service": (
        ("type", ("spec", "type")),
        ("cluster IP", ("spec", "clusterIP")),
        ("external name", ("spec", "externalName")),
        ("session affinity", ("spec", "sessionAffinity")),
    ),
    "Node": (
        ("kubelet", ("status", "nodeInfo", "kubeletVersion")),
        ("runtime", ("status", "nodeInfo", "containerRuntimeVersion")),
        ("system", ("status", "nodeInfo", "osImage")),
        ("cordoned", ("spec", "unschedulable")),
    ),
    "CronJob": (
        ("schedule", ("spec", "schedule")),
        ("time zone", ("spec", "timeZone")),
        ("suspended", ("spec", "suspend")),
        ("concurrency", ("spec", "concurrencyPolicy")),
        ("last run", ("status", "lastScheduleTime")),
        ("last success", ("status", "lastSuccessfulTime")),
    ),
    "PersistentVolumeClaim": (
        ("phase", ("status", "phase")),
        ("asks for", ("spec", "resources", "requests", "storage")),
        ("has", ("status", "capacity", "storage")),
        ("class", ("spec", "storageClassName")),
        ("volume", ("spec", "volumeName")),
    ),
}
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
_NOT_TOLD = frozenset(
    {"conditions", "template", "selector", "observedGeneration", "jobTemplate", "managedFields"}
)


def summary_page(obj: Json, *, word: str, context: str) -> SummaryPage:
    """The tables for an object.

    Args:
        obj: as the server gave it.
        word: how an operator says its kind (`deployment`).
        context: where it is.
    """
    metadata = mapping(obj, "metadata")
    namespace, name = text(metadata, "namespace"), text(metadata, "name")
    sections = [
        Section("", tuple(_identity(obj, context))),
        Section("state", tuple(_state(obj))),
        _conditions(obj),
        _containers(obj),
        Section("data", tuple(_data(obj))),
        Section("labels", tuple(_pairs(strings(metadata, "labels")))),
        Section("annotations", tuple(_pairs(_own(strings(metadata, "annotations"))))),
    ]
    return SummaryPage(mention_of(word, namespace, name), tuple(part for part in sections if part.rows))


def _identity(obj: Json, context: str) -> Iterator[tuple[str, str]]:
    metadata = mapping(obj, "metadata")
    yield "kind", f"{text(obj, 'kind')}  {text(obj, 'apiVersion')}"
    yield "context", context
    if namespace := text(metadata, "namespace"):
        yield "namespace", namespace
    yield "created", text(metadata, "creationTimestamp")
    if deleted := text(metadata, "deletionTimestamp"):
        held = ", ".join(str(entry) for entry in _list(value(metadata, "finalizers")))
        yield "being deleted", f"since {deleted}{f', held by {held}' if held else ''}"
    for owner in mappings(metadata, "ownerReferences"):
        yield "owner", f"{text(owner, 'kind').lower()}/{text(owner, 'name')}"


def _state(obj: Json) -> Iterator[tuple[str, str]]:
    kind = text(obj, "kind")
    if kind in _WORKLOADS:
        yield from _workload(obj, kind)
    elif kind in _KNOWN:
        for label, path in _KNOWN[kind]:
            found = value(obj, *path)
            if found not in (None, "", False):
                yield label, _short(found)
        yield from _ports(obj, kind)
        yield from _capacity(obj, kind)
    else:
        yield from _anything(obj)


def _workload(obj: Json, kind: str) -> Iterator[tuple[str, str]]:
    wanted, updated, ready = counts(obj)
    if kind == "ReplicaSet":
        yield (
            "replicas",
            f"{number(obj, 'status', 'readyReplicas')} of {number(obj, 'spec', 'replicas')} ready",
        )
    else:
        behind = f", {updated} updated" if updated != wanted else ""
        yield "replicas", f"{ready} of {wanted} ready{behind}"
    if value(obj, "spec", "paused") is True:
        yield "rollout", "paused"
    strategy = text(obj, "spec", "strategy", "type") or text(obj, "spec", "updateStrategy", "type")
    if strategy:
        limits = mapping(obj, "spec", "strategy", "rollingUpdate")
        bounds = ", ".join(f"{key} {entry}" for key, entry in limits.items())
        yield "strategy", f"{strategy}{f' ({bounds})' if bounds else ''}"
    yield "chooses", selector_text(value(obj, "spec", "selector"))


def _ports(obj: Json, kind: str) -> Iterator[tuple[str, str]]:
    if kind != "Service":
        return
    for port in mappings(obj, "spec", "ports"):
        way = f"{text(port, 'port')} → {text(port, 'targetPort')} {text(port, 'protocol')}"
        yield "port", f"{text(port, 'name')} {way}".strip()
    chosen = ", ".join(f"{key}={entry}" for key, entry in strings(obj, "spec", "selector").items())
    yield "chooses", chosen or "nothing; its endpoints are kept by somebody else"


def _capacity(obj: Json, kind: str) -> Iterator[tuple[str, str]]:
    if kind != "Node":
        return
    room = mapping(obj, "status", "allocatable")
    yield (
        "room",
        ", ".join(f"{key} {entry}" for key, entry in room.items() if key in ("cpu", "memory", "pods")),
    )
    for taint in mappings(obj, "spec", "taints"):
        yield "taint", f"{text(taint, 'key')}={text(taint, 'value')}:{text(taint, 'effect')}"


def _anything(obj: Json) -> Iterator[tuple[str, str]]:
    """Plain fields of a kind we know nothing of: those of its status, then those of its spec."""
    rows: Facts = []
    for part in ("status", "spec"):
        _flatten(mapping(obj, part), "", rows, 0)
    yield from rows[:MOST_ROWS]
    if len(rows) > MOST_ROWS:
        yield "…", f"{len(rows) - MOST_ROWS} more fields in the YAML"


def _flatten(part: Json, before: str, rows: Facts, depth: int) -> None:
    for key, entry in part.items():
        if key in _NOT_TOLD:
            continue
        name = f"{before}{key}"
        if isinstance(entry, dict):
            if depth < 2:
                _flatten(entry, f"{name}.", rows, depth + 1)
            else:
                rows.append((name, f"{len(entry)} fields"))
        elif isinstance(entry, list):
            plain_ones = all(isinstance(item, str | int | float) for item in entry)
            rows.append((name, _short(entry) if plain_ones else f"{len(entry)} entries"))
        elif entry is not None:
            rows.append((name, _short(entry)))


def _conditions(obj: Json) -> Section:
    rows: list[tuple[str, ...]] = []
    bad: set[int] = set()
    for entry in mappings(obj, "status", "conditions"):
        kind, status = text(entry, "type"), text(entry, "status")
        wanted = "False" if kind.endswith(BETTER_FALSE) else "True"
        if status != wanted:
            bad.add(len(rows))
        why = ": ".join(part for part in (text(entry, "reason"), text(entry, "message")) if part)
        rows.append((kind, status, text(entry, "lastTransitionTime"), _short(why)))
    return Section("conditions", tuple(rows), ("TYPE", "STATUS", "SINCE", "WHY"), frozenset(bad))


def _containers(obj: Json) -> Section:
    if states := container_states(obj) if text(obj, "kind") == "Pod" else []:
        rows = [
            (entry.container, entry.state or "not started", str(entry.restarts), entry.image, entry.last)
            for entry in states
        ]
        bad = frozenset(
            at for at, entry in enumerate(states) if not entry.ready and "Completed" not in entry.state
        )
        return Section("containers", tuple(rows), ("NAME", "STATE", "RESTARTS", "IMAGE", "BEFORE"), bad)
    spec = (
        mapping(obj, "spec", "template", "spec")
        or mapping(obj, "spec", "jobTemplate", "spec", "template", "spec")
        or mapping(obj, "spec")
    )
    listed = [
        (
            text(entry, "name"),
            text(entry, "image"),
            _amounts(mapping(entry, "resources", "requests")),
            _amounts(mapping(entry, "resources", "limits")),
        )
        for entry in (*mappings(spec, "initContainers"), *mappings(spec, "containers"))
    ]
    return Section("containers", tuple(listed), ("NAME", "IMAGE", "REQUESTS", "LIMITS"))


def _data(obj: Json) -> Iterator[tuple[str, str]]:
    if text(obj, "kind") != "ConfigMap":
        return
    entries = {**mapping(obj, "data"), **mapping(obj, "binaryData")}
    for key, entry in list(entries.items())[:MOST_ROWS]:
        held = entry if isinstance(entry, str) else ""
        lines = held.count("\n")
        yield plain(key), _short(held) if lines <= 1 else f"{lines:,} lines, {len(held):,} characters"
    if len(entries) > MOST_ROWS:
        yield "…", f"{len(entries) - MOST_ROWS} more keys in the YAML"


def _own(annotations: dict[str, str]) -> dict[str, str]:
    return {key: entry for key, entry in annotations.items() if key != LAST_APPLIED}


def _pairs(entries: dict[str, str]) -> Facts:
    rows = [(plain(key), _short(entry)) for key, entry in list(entries.items())[:MOST_ROWS]]
    if len(entries) > MOST_ROWS:
        rows.append(("…", f"{len(entries) - MOST_ROWS} more in the YAML"))
    return rows


def _amounts(amounts: Json) -> str:
    return ", ".join(f"{key} {entry}" for key, entry in amounts.items()) or "none"


def _short(found: JsonValue) -> str:
    if isinstance(found, bool):
        return "yes" if found else "no"
    words = ", ".join(str(entry) for entry in found) if isinstance(found, list) else str(found)
    words = plain(" ".join(words[: LONGEST_VALUE * 2].split())) if len(words) > 1 else words
    return words if len(words) <= LONGEST_VALUE else f"{words[:LONGEST_VALUE]}…"


def _list(found: JsonValue) -> Sequence[JsonValue]:
    return found if isinstance(found, list) else ()
