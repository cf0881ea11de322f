"""Rows of a live view, whatever they come from: a watched kind or a polled cloud service.

Rows are compact and plain, since there may be tens of thousands of them; they are not pydantic
models because they are only ever built by our own decoders. They hold nothing that could lead back to
them, so the garbage collector never has to look at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec


class Health(StrEnum):
    """How an object is doing, as far as its own status tells."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    IDLE = "idle"
    UNKNOWN = "unknown"


class FeedState(StrEnum):
    """How fresh a view is. `STALE` and `FAILED` say why in `RowsChanged.detail`."""

    CONNECTING = "connecting"
    LISTING = "listing"
    LIVE = "live"
    POLLING = "polling"
    STALE = "stale"
    FAILED = "failed"


class Row(msgspec.Struct, frozen=True, gc=False):
    """One object. `uid` identifies it for as long as it exists; `scope` is its context or `profile/region`.

    `cells` match the view's columns one by one, the name first.
    """

    uid: str
    scope: str
    namespace: str
    name: str
    kind: str
    cells: tuple[str, ...]
    health: Health = Health.UNKNOWN
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class RowsChanged:
    """One batch of changes to a view. `reset` means: forget all rows before this batch."""

    columns: tuple[str, ...]
    upserts: tuple[Row, ...] = ()
    removed: tuple[str, ...] = ()
    reset: bool = False
    state: FeedState = FeedState.LIVE
    detail: str = ""
    at: datetime | None = None
