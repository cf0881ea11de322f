"""Warnings that say the same of several pods of one workload, as one line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel

from tools.kubernetes.reads.events import Happening

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""What generated names are made of (k8s.io/apimachinery, util/rand)."""
_GENERATED = re.compile(rf"(-(?:[{_LETTERS}0-9a-f]{{6,10}}|\d{{8,10}}))?-[{_LETTERS}]{{5}}$|-\d{{1,10}}$")


class JoinedWarning(BaseModel):
    """What was warned of, and how often."""

    at: datetime
    """When last."""
    object: str
    """One object, or `pod/payments-* (3)`."""
    namespace: str
    reason: str
    times: int
    message: str
    """The latest one's."""


def joined_warnings(events: Iterable[Happening]) -> list[JoinedWarning]:
    """The warnings among some events, the latest first; those without a time are left out."""
    groups: dict[tuple[str, str, str], list[Happening]] = {}
    for entry in events:
        if entry.warning and entry.last is not None:
            groups.setdefault((entry.namespace, stem(entry.object), entry.reason), []).append(entry)
    found = [_joined(common, entries) for (_, common, _), entries in groups.items()]
    return sorted(found, key=lambda entry: (entry.at, entry.object), reverse=True)


def stem(name: str) -> str:
    """A name without what was generated at its end: `pod/web-7f9c6d5b4-x2x7k` and its siblings are `pod/web`."""
    return _GENERATED.sub("", name)


def _joined(common: str, entries: list[Happening]) -> JoinedWarning:
    last = max(entries, key=lambda entry: (entry.last is not None, entry.last))
    assert last.last is not None  # only such entries were grouped
    objects = {entry.object for entry in entries}
    return JoinedWarning(
        at=last.last,
        object=last.object if len(objects) == 1 else f"{common}-* ({len(objects)})",
        namespace=last.namespace,
        reason=last.reason,
        times=sum(entry.count for entry in entries),
        message=last.message,
    )
