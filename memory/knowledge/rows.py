"""Memories as rows of the table, and the conditions that choose among them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from memory.database import Value
from memory.knowledge.entry import Fresh, Kind, Reference, Remembered, Source, Status, Where

COLUMNS = (
    "id", "kind", "status", "subject", "body", "topic", "content", "user", "account", "cluster", "namespace",
    "source", "session", "seq", "by", "confidence", "at", "valid_from", "valid_to", "ttl", "verified", "uses",
    "successes", "failures", "replaces", "reason",
)  # fmt: skip

ALL = ", ".join(f"memories.{column}" for column in COLUMNS)

_PLACES = ("user", "account", "cluster", "namespace")


def remembered(row: Any) -> Remembered:
    """The memory in a row of `ALL`."""
    found = dict(zip(COLUMNS, row, strict=True))
    return Remembered(
        where=Where(**{name: found.pop(name) for name in _PLACES}),
        reference=Reference(session=found.pop("session"), seq=found.pop("seq")),
        content=json.loads(found.pop("content")),
        confidence=found.pop("confidence") / 100,
        kind=Kind(found.pop("kind")),
        status=Status(found.pop("status")),
        source=Source(found.pop("source")),
        **found,
    )


def values_of(fresh: Fresh, status: Status, at: datetime, replaces: int = 0) -> dict[str, Value]:
    """The columns of a memory that is written now."""
    now = moment(at)
    return {
        "kind": fresh.kind.value,
        "status": status.value,
        "subject": fresh.subject,
        "body": fresh.body,
        "topic": fresh.topic,
        "content": json.dumps(fresh.content, ensure_ascii=False),
        **fresh.where.model_dump(),
        "source": fresh.source.value,
        "session": fresh.reference.session,
        "seq": fresh.reference.seq,
        "by": fresh.by,
        "confidence": round(fresh.confidence * 100),
        "at": now,
        "valid_from": now,
        "ttl": fresh.ttl,
        "verified": now,
        "replaces": replaces,
    }


def moment(at: datetime) -> str:
    """A time as the table keeps it. Raises `ValueError` for one without a zone."""
    if at.tzinfo is None:
        raise ValueError("A memory's time needs a timezone.")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class Conditions:
    """Conditions of a WHERE clause, gathered one by one."""

    def __init__(self) -> None:
        self._parts = [f"memories.status <> '{Status.FORGOTTEN}'"]
        self.values: list[Value] = []

    def __str__(self) -> str:
        return " AND ".join(self._parts)

    def kinds(self, kinds: Iterable[Kind] | None) -> Conditions:
        return self._one_of("kind", kinds)

    def statuses(self, statuses: Iterable[Status] | None) -> Conditions:
        return self._one_of("status", statuses)

    def holding(self, here: Where | None) -> Conditions:
        """Only what holds in this place: each of its fields is the place's own, or left open."""
        for name, value in (here.model_dump() if here else {}).items():
            self._parts.append(f"memories.{name} IN ('', ?)")
            self.values.append(value)
        return self

    def within(self, place: Where) -> Conditions:
        """Only what was said of this place, or of a part of it."""
        for name, value in place.model_dump().items():
            if value:
                self._parts.append(f"memories.{name} = ?")
                self.values.append(value)
        return self

    def exactly(self, place: Where) -> Conditions:
        for name, value in place.model_dump().items():
            self._parts.append(f"memories.{name} = ?")
            self.values.append(value)
        return self

    def also(self, condition: str, *values: Value) -> Conditions:
        self._parts.append(condition)
        self.values += values
        return self

    def _one_of(self, column: str, wanted: Iterable[Kind | Status] | None) -> Conditions:
        if wanted is not None:
            found = [item.value for item in wanted]
            self._parts.append(f"memories.{column} IN ({', '.join('?' * len(found))})")
            self.values += found
        return self
