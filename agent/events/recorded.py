"""An event with its place in the session, read from its words only when somebody looks at it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from memory.envelope import Envelope

if TYPE_CHECKING:
    from agent.events import Event


class Recorded:
    """An event, when it happened, and its number. Ephemeral events have no `seq`.

    A session of ten thousand events is opened to see its end: what is not looked at stays text.
    """

    __slots__ = ("_body", "_event", "at", "kind", "seq")

    def __init__(self, seq: int | None, at: datetime, event: Event) -> None:
        self.seq = seq
        self.at = at
        self.kind: str = event.kind
        self._event: Event | None = event
        self._body = ""

    @classmethod
    def stored(cls, seq: int | None, at: datetime, kind: str, body: str) -> Recorded:
        """One that is still the text it was stored as."""
        made = cls.__new__(cls)
        made.seq, made.at, made.kind, made._event, made._body = seq, at, kind, None, body
        return made

    @property
    def event(self) -> Event:
        """What happened."""
        if self._event is None:
            from agent.events import DURABLE

            self._event, self._body = DURABLE.validate_json(self._body), ""
        return self._event

    @property
    def unread(self) -> str:
        """Its words as they were stored, empty once somebody has looked at the event."""
        return self._body

    def unnumbered(self) -> Recorded:
        """The same for a session that it is not an event of."""
        if self._event is None:
            return Recorded.stored(None, self.at, self.kind, self._body)
        return Recorded(None, self.at, self._event)

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Recorded):
            return NotImplemented
        return (self.seq, self.at, self.event) == (other.seq, other.at, other.event)

    def __hash__(self) -> int:
        return hash((self.seq, self.at, self.kind))

    def __repr__(self) -> str:
        return f"Recorded(seq={self.seq!r}, at={self.at!r}, event={self.event!r})"


def open_envelope(envelope: Envelope) -> Recorded:
    """The event that an envelope holds."""
    return Recorded.stored(envelope.seq, envelope.at, envelope.kind, envelope.body)
