"""A session's logbook: the one place where an event becomes true.

Durable events are committed to the journal, then folded into the state, then shown to whoever
watches; ephemeral ones are only shown. Nothing in the agent changes state in any other way.

It is also the one place where secrets end: what is kept or shown went through the redactor, and so did
everything made from it: the screen, the model's messages, exports, the search index, the audit log.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime

from agent.events import (
    DurableEvent,
    EphemeralEvent,
    Event,
    ModelReplied,
    Recorded,
    SessionForked,
    TurnEnded,
    TurnFailed,
)
from agent.events.recorded import open_envelope
from agent.folding import fold_all
from agent.labelling import labels
from agent.lineage import inherited
from agent.plan import canonical
from agent.redacting import Redaction
from agent.state import SessionState, fold
from agent.touching import touched
from memory.envelope import Draft, Envelope, Touch
from memory.ledger import Begun, Ledger
from tools.redaction.redactor import Redactor

__all__ = ["Logbook", "draft", "open_envelope"]


class Logbook:
    """Writes one session's events and lets others read along.

    Args:
        ledger: the journal.
        session: the session's id in it.
        clock: the time, with zone, for ephemeral events.
        redactor: hides secrets in every event.
    """

    def __init__(
        self, ledger: Ledger, session: str, clock: Callable[[], datetime], redactor: Redactor
    ) -> None:
        self.session = session
        self.redactor = redactor
        self.state = SessionState()
        self._ledger = ledger
        self._clock = clock
        self._redaction = Redaction(redactor)
        self._history: list[Recorded] = []
        self._readers: set[asyncio.Queue[Recorded | None]] = set()
        self._closed = False

    @property
    def history(self) -> tuple[Recorded, ...]:
        """All durable events so far, oldest first; a fork's begin with those of its origin, unnumbered."""
        return tuple(self._history)

    def now(self) -> datetime:
        return self._clock()

    async def load(self) -> None:
        """Read what the journal already holds of this session."""
        found = [open_envelope(item) for item in await self._ledger.read(self.session, after=self.state.seq)]
        if found and not self._history and isinstance(first := _event(found[0]), SessionForked):
            found = [*await inherited(self._ledger, first), *found]
        self._history += found
        self.state = fold_all(self.state, found)
        for queue in self._readers:
            for recorded in found:
                queue.put_nowait(recorded)

    async def record(self, *events: DurableEvent) -> None:
        """Commit the events together, then fold and show them."""
        if any(isinstance(event, ModelReplied | TurnFailed | TurnEnded) for event in events):
            for held in self._redaction.held():
                self._spread(Recorded(seq=None, at=self._clock(), event=held))
        for envelope in await self._ledger.append(self.session, *self._drafts(events)):
            self.take(envelope)

    async def begin(self, key: str, event: DurableEvent) -> Begun:
        """Commit an intent under its key before the call it announces leaves the machine.

        Returns what the journal knows of the key: `Fresh` means it was written just now.
        """
        begun = await self._ledger.begin(self.session, key, *self._drafts([event]))
        if begun.intent.seq > self.state.seq:
            self.take(begun.intent)
        return begun

    async def end(self, key: str, *events: DurableEvent) -> None:
        """Commit the outcome of an intent, and what follows from it, together."""
        for envelope in await self._ledger.end(self.session, key, *self._drafts(events)):
            self.take(envelope)

    def show(self, event: EphemeralEvent) -> None:
        """Show an event that is not stored."""
        for clean in self._redaction.shown(event):
            self._spread(Recorded(seq=None, at=self._clock(), event=clean))

    def take(self, envelope: Envelope) -> None:
        """Fold and show an event that is already in the journal, whoever wrote it."""
        recorded = open_envelope(envelope)
        self._history.append(recorded)
        self._spread(recorded)

    def catch_up(self, envelope: Envelope) -> None:
        """Take an event that another process wrote into this session, if it was not taken before."""
        if all(known.seq != envelope.seq for known in reversed(self._history)):
            self.take(envelope)

    async def subscribe(self, skip: int = 0) -> AsyncIterator[Recorded]:
        """The history, then everything that happens, until the logbook is closed.

        Args:
            skip: how many events of the history are known already.
        """
        queue: asyncio.Queue[Recorded | None] = asyncio.Queue()
        for recorded in self._history[skip:]:
            queue.put_nowait(recorded)
        if self._closed:
            queue.put_nowait(None)
        self._readers.add(queue)
        try:
            while (item := await queue.get()) is not None:
                yield item
        finally:
            self._readers.discard(queue)

    async def until(self, holds: Callable[[SessionState], bool]) -> None:
        """Wait until the state is so, looking again at every event; returns when the logbook is closed."""
        queue: asyncio.Queue[Recorded | None] = asyncio.Queue()
        self._readers.add(queue)
        try:
            while not holds(self.state) and not self._closed:
                await queue.get()
        finally:
            self._readers.discard(queue)

    def close(self) -> None:
        """Let every reader come to its end."""
        self._closed = True
        for queue in self._readers:
            queue.put_nowait(None)

    def _drafts(self, events: Sequence[DurableEvent]) -> Iterator[Draft]:
        clean = map(self._redaction.stored, events)
        return (draft(event, touched(event, self.state)) for event in clean)

    def _spread(self, recorded: Recorded) -> None:
        self.state = fold(self.state, recorded)
        for queue in self._readers:
            queue.put_nowait(recorded)


def draft(event: DurableEvent, touches: tuple[Touch, ...] = ()) -> Draft:
    """An event as the journal stores it, with the objects it has to do with."""
    return Draft(
        kind=event.kind,
        version=event.version,
        body=canonical(event.model_dump(mode="json")),
        text=event.words(),
        touches=touches,
        labels=labels(event),
    )


def _event(recorded: Recorded) -> Event | None:
    """What happened, if it can be told without reading much."""
    return recorded.event if recorded.kind == "session_forked" else None
