"""What a closer look comes back with, ready to be laid out.

Plain dataclasses: they are only ever built here, and a page can hold a hundred thousand lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tools.kubernetes.reads.events import Happening
from tools.kubernetes.relations import Related

Side = Literal["summary", "yaml", "events", "related", "sessions"]


@dataclass(frozen=True, slots=True)
class Fold:
    """A part of a page that begins hidden. Closed, `closed` stands for the lines `first` to `last`."""

    first: int
    last: int
    closed: str


@dataclass(frozen=True, slots=True)
class TextPage:
    """Lines to read and to search. Folds are in order and do not overlap."""

    lines: tuple[str, ...]
    folds: tuple[Fold, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a summary. Without `columns` the rows are pairs of a name and a value.

    `bad` holds the numbers of the rows that need attention.
    """

    title: str
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[str, ...] = ()
    bad: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class SummaryPage:
    """What an object is and how it is doing. `mention` names it in a question to the agent."""

    mention: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class EventsPage:
    """What the cluster reported about the object, the newest first. `at` is when this was read, in UTC."""

    events: tuple[Happening, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class RelatedPage:
    """Objects nearby, and sentences about what could not be looked through."""

    related: tuple[Related, ...]
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PastSession:
    """A session that had to do with the object. `did` says what, in a few words."""

    session: str
    title: str
    at: datetime
    did: str


@dataclass(frozen=True, slots=True)
class SessionsPage:
    """Sessions that touched the object, the latest first."""

    sessions: tuple[PastSession, ...]


Page = TextPage | SummaryPage | EventsPage | RelatedPage | SessionsPage
