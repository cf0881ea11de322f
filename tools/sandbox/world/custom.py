"""Kinds that operators brought along, and their objects, as a world file tells of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tools.sandbox.field_owners import record_update
from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest, owner_reference, stamp
from tools.sandbox.plane import ControlPlane
from tools.sandbox.world.model import Custom, CustomEvent

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_TIME = re.compile(r"(ago|in) (\d+[dhm])")


def span(text: str) -> timedelta:
    """A time span such as `8d`, `30h` or `95m`."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def define(plane: ControlPlane, definitions: list[Manifest]) -> None:
    """Make the definitions, and wait until their kinds are served."""
    for definition in definitions:
        plane.create(plane.definitions, definition)
    plane.timeline.settle()


class CustomPast:
    """The past of one custom object, as steps.

    Args:
        plane: the control plane.
        entry: what happened.
        manager: who applied it.
        now: the present, which the times in its status count from.
    """

    def __init__(self, plane: ControlPlane, entry: Custom, manager: str, now: datetime) -> None:
        self._plane = plane
        self._entry = entry
        self._manager = manager
        self._now = now

    def steps(self) -> list[tuple[timedelta, Callable[[], None]]]:
        """How long ago each step happened, and what it does."""
        found = [(span(self._entry.ago), self._make), (span(self._entry.status_ago), self._report)]
        for event in self._entry.events:
            found += [(span(ago), self._telling(event)) for ago in event.ago]
        return found

    def _make(self) -> None:
        plane, entry = self._plane, self._entry
        metadata: Manifest = {"name": entry.name, "namespace": entry.namespace}
        if entry.owner:
            metadata["ownerReferences"] = [owner_reference(self._read(entry.owner))]
        kind = self._kind(entry.kind)
        obj = plane.prepare(kind, {"metadata": metadata, "spec": dated(entry.spec, self._now)})
        keys = plane.merge_keys(kind)
        made = plane.store.put(kind, record_update(None, obj, self._manager, "", plane.stamp(), keys))
        for owned in entry.owns:
            plane.change(self._kind(owned), self._read(owned), partial(_own, owner_reference(made)))

    def _report(self) -> None:
        plane, entry = self._plane, self._entry
        kind, old = self._kind(entry.kind), self._read(f"{entry.kind}/{entry.name}")
        new = {**old, "status": dated(entry.status, self._now)}
        keys = plane.merge_keys(kind)
        plane.store.put(kind, record_update(old, new, entry.controller, "status", plane.stamp(), keys))

    def _telling(self, event: CustomEvent) -> Callable[[], None]:
        def tell() -> None:
            obj = self._read(f"{self._entry.kind}/{self._entry.name}")
            self._plane.events.record(obj, event.type, event.reason, event.message, event.source)

        return tell

    def _kind(self, spelled: str) -> Kind:
        name, _, group = spelled.partition("/")[0].partition(".")
        return self._plane.kinds.named(group, name)

    def _read(self, spelled: str) -> Manifest:
        return self._plane.read(self._kind(spelled), self._entry.namespace, spelled.partition("/")[2])


def dated(value: Any, now: datetime) -> Any:
    """JSON with `ago 3d` and `in 20d` as timestamps."""
    if isinstance(value, dict):
        return {key: dated(entry, now) for key, entry in value.items()}
    if isinstance(value, list):
        return [dated(entry, now) for entry in value]
    if isinstance(value, str) and (found := _TIME.fullmatch(value)):
        distance = span(found[2])
        return stamp(now - distance if found[1] == "ago" else now + distance)
    return value


def _own(reference: Manifest, draft: Manifest) -> None:
    draft["metadata"]["ownerReferences"] = [reference]
