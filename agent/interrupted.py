"""Sessions whose console ended while a plan ran: found at the start, and said."""

from __future__ import annotations

from collections.abc import Sequence

from agent.outcome import Standing
from memory.finding import SessionRow, Wanted
from memory.home import Home
from memory.lease import holder
from memory.sessions import Sessions

_SHOWN = 3
_MOST = 1000


async def cut_off(home: Home, sessions: Sessions) -> tuple[SessionRow, ...]:
    """Mark sessions that nobody works on any more as interrupted; gives all that are, the latest first.

    Raises:
        KeptError: the journal cannot be read or written.
    """
    wanted = Wanted(statuses=(Standing.RUNNING.value, Standing.INTERRUPTED.value))
    found = []
    for row in (await sessions.find(wanted, _MOST)).rows:
        if holder(home, row.id) is not None:
            continue
        if row.status != Standing.INTERRUPTED:
            await sessions.mark(row.id, Standing.INTERRUPTED.value)
        found.append(row)
    return tuple(sorted(found, key=lambda row: row.updated, reverse=True))


def announced(rows: Sequence[SessionRow]) -> tuple[str, ...]:
    """A sentence for each of them, with the key that opens it."""
    told = []
    for number, row in enumerate(rows[:_SHOWN]):
        key = "esc, then R opens it" if number == 0 else "ctrl+o finds it"
        told.append(f"“{row.title or row.id}” was cut off while its plan ran: {key}; there R goes on.")
    if len(rows) > _SHOWN:
        told.append(
            f"{len(rows) - _SHOWN} more sessions were cut off: ctrl+o, status:interrupted lists them."
        )
    return tuple(told)
