"""Retention: old sessions are cleared away when the operator said so in `config.toml`, and it is said which."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent.outcome import UNFINISHED
from memory.home import Home
from memory.lease import Lease, claim
from memory.sessions import SessionRow, Sessions

_NAMED = 3


async def outworn(sessions: Sessions, now: datetime, days: int) -> list[SessionRow]:
    """What would be cleared away: not pinned, waited for by nobody, nothing in doubt, older than `days`."""
    return await sessions.outworn(now - timedelta(days=days), [standing.value for standing in UNFINISHED])


async def clear_away(home: Home, sessions: Sessions, now: datetime, days: int) -> list[SessionRow]:
    """Delete old sessions for good; returns which. One that a console works on stays."""
    held: list[tuple[SessionRow, Lease]] = []
    try:
        for row in await outworn(sessions, now, days):
            if (lease := claim(home, row.id)) is not None:
                held.append((row, lease))
        if held:
            await sessions.delete(*(row.id for row, _ in held))
    finally:
        for _, lease in held:
            lease.release()
    return [row for row, _ in held]


async def keep_to(days: int | None, home: Home, sessions: Sessions, now: datetime) -> tuple[str, ...]:
    """Keep to the retention that was set; gives the sentence that says what was removed, if anything was."""
    words = told(await clear_away(home, sessions, now, days), days) if days is not None else ""
    return (words,) if words else ()


def told(gone: list[SessionRow], days: int) -> str:
    """The sentence about what was cleared away, or nothing."""
    if not gone:
        return ""
    names = ", ".join(f"“{row.title or row.id}”" for row in gone[:_NAMED])
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    count = f"{len(gone)} session{'s' if len(gone) > 1 else ''}"
    return f"{count} older than {days} days {'were' if len(gone) > 1 else 'was'} removed for good: {names}{more}."
