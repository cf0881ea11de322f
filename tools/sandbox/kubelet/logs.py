"""What containers wrote: computed from when they ran, so that it costs nothing until somebody asks."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tools.sandbox.kubelet.behaviour import Course

KEPT_LINES = 3000
"""Older lines are gone, as with a real kubelet that rotates its log files."""

_GAP_SECONDS = 0.15
_SLOT = re.compile(r"\{(\w+)\}")
_RANGES = {"ms": (3, 95), "order": (100_000, 999_999), "customer": (1000, 9999), "cents": (500, 25_000)}


@dataclass(slots=True)
class Run:
    """One run of a container: when, and on which course."""

    identity: str
    started: datetime
    course: Course
    finished: datetime | None = None
    closing: list[str] = field(default_factory=list)

    def lines(self, now: datetime, after: datetime | None = None) -> list[tuple[datetime, str]]:
        """The lines written up to `now`, or after a moment, oldest first."""
        end = min(now, self.finished) if self.finished else now
        written = [*self._startup(end), *self._steady(end, after)]
        if self.finished and self.finished <= now:
            last = self.finished - timedelta(seconds=_GAP_SECONDS)
            written += [(last, self._fill(line, -1 - i)) for i, line in enumerate(self.closing)]
        if after is not None:
            written = [entry for entry in written if entry[0] > after]
        return written[-KEPT_LINES:]

    def _startup(self, end: datetime) -> list[tuple[datetime, str]]:
        moments = (self.started + timedelta(seconds=_GAP_SECONDS * (i + 1)) for i in range(100))
        pairs = zip(moments, self.course.traits.startup, strict=False)
        return [(at, self._fill(line, 1000 + i)) for i, (at, line) in enumerate(pairs) if at <= end]

    def _steady(self, end: datetime, after: datetime | None) -> list[tuple[datetime, str]]:
        traits = self.course.traits
        if self.course.end == "exits" or not traits.lines:
            return []
        first = self.started + timedelta(seconds=max(2.0, traits.starts_in))
        count = int((end - first).total_seconds() // traits.interval) + 1
        oldest = max(0, count - KEPT_LINES)
        if after is not None:
            oldest = max(oldest, int((after - first).total_seconds() // traits.interval))
        written = []
        for number in range(oldest, count):
            digest = _digest(self.identity, number)
            jitter = traits.interval * 0.7 * (digest[0] / 255)
            at = first + timedelta(seconds=number * traits.interval + jitter)
            if at <= end:
                written.append((at, self._fill(traits.lines[digest[1] % len(traits.lines)], number)))
        return written

    def _fill(self, line: str, number: int) -> str:
        digest = _digest(self.identity, number)

        def replace(found: re.Match[str]) -> str:
            word = found[1]
            if word == "tag":
                return self.course.tag
            if word == "sku":
                return f"SKU-{int.from_bytes(digest[6:8], 'big'):05d}"
            if word in _RANGES:
                low, high = _RANGES[word]
                return str(low + int.from_bytes(digest[2:6], "big") % (high - low))
            return self.course.environment.get(word, found[0])

        return _SLOT.sub(replace, line)


def written_time(at: datetime) -> str:
    """The timestamp a container runtime puts before a line (RFC 3339 with nanoseconds)."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond * 1000:09d}Z"


def _digest(identity: str, number: int) -> bytes:
    return hashlib.sha256(f"{identity}/{number}".encode()).digest()
