"""What a fork knows of the session it grew from: read there, never copied."""

from __future__ import annotations

from agent.events import Recorded, SessionForked
from agent.events.recorded import open_envelope
from memory.ledger import Ledger


async def inherited(ledger: Ledger, forked: SessionForked) -> list[Recorded]:
    """The events before the fork, oldest first, without numbers: they are not this session's own.

    Where the origin was deleted, there are none.
    """
    origin = [open_envelope(envelope) for envelope in await ledger.read(forked.session, limit=forked.seq)]
    before: list[Recorded] = []
    if origin and isinstance(first := origin[0].event, SessionForked):
        before = await inherited(ledger, first)
    return [*before, *(recorded.unnumbered() for recorded in origin)]
