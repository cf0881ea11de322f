"""What the journal keeps: an event as words on paper, folded into an envelope.

The journal never looks inside. Which kinds exist and what their bodies mean is the business of
whoever writes and reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class Touch(BaseModel):
    """An object that an event has to do with.

    Attributes:
        place: where it is, such as the name of a context.
        thing: the object in words, the same ones every time: `deployment/checkout in shop`.
        how: what the event does with it, in a word of the caller's.
    """

    model_config = ConfigDict(frozen=True)

    place: str
    thing: str
    how: str


ORIGIN = "origin"
"""Name of the label that tells which session another one was forked from."""


class Label(BaseModel):
    """Something a session can be found by, in words of the caller's: `person` `anna`."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: str


class Draft(BaseModel):
    """An event that has not been written yet.

    Attributes:
        kind: the event's type, such as ``step.begun``; stays readable after the body is erased.
        version: the version of the body's layout, from 1.
        body: canonical JSON.
        text: the words a search should find; empty when nothing was said or seen.
        touches: the objects it has to do with.
        labels: what its session can be found by from now on.
    """

    model_config = ConfigDict(frozen=True)

    kind: str = Field(min_length=1)
    version: int = Field(ge=1)
    body: str
    text: str = ""
    touches: tuple[Touch, ...] = ()
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event that is on disk.

    Attributes:
        session: id of the session it belongs to.
        seq: its place in the session, from 1 without gaps.
        row: its place in the whole journal, from 1 without gaps.
        at: when it was written, UTC, to the microsecond.
        kind, version, body: as in `Draft`.
        hash: SHA-256 of this row and the hash before it, hexadecimal (`memory.chain`).
    """

    session: str
    seq: int
    row: int
    at: datetime
    kind: str
    version: int
    body: str
    hash: str
