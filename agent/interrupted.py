"""Sessions whose console ended while a plan ran: found at the start, and said."""

from __future__ import annotations

from agent.plan import PlanStatus
from memory.home import Home
from memory.lease import holder
from memory.sessions import Sessions

_SHOWN = 3


async def announce(home: Home, sessions: Sessions) -> tuple[str, ...]:
    """Mark sessions that nobody works on any more as interrupted, and return a sentence for each.

    Raises:
        KeptError: the journal cannot be read or written.
    """
    for row in await sessions.list(status=PlanStatus.RUNNING.value):
        if holder(home, row.id) is None:
            await sessions.mark(row.id, PlanStatus.INTERRUPTED.value)
    cut_off = await sessions.list(status=PlanStatus.INTERRUPTED.value)
    told = [
        f"“{row.title or row.id}” was cut off while its plan ran: ctrl+o opens it, R goes on."
        for row in cut_off[:_SHOWN]
    ]
    if len(cut_off) > _SHOWN:
        told.append(f"{len(cut_off) - _SHOWN} more sessions were cut off: ctrl+o lists them.")
    return tuple(told)
