"""What is left of sessions that were deleted: that they were, when they ran, and what kinds of events they had."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from memory.database import Database


class Erased(BaseModel):
    """A deleted session, as its empty rows still tell.

    Attributes:
        first_row, last_row: where in the journal it began and ended.
        events: how many rows were emptied.
        began, ended: when its first and its last event were written, UTC.
        kinds: how many events there were of each kind.
        steps: the keys of its steps, each named once; they outlive the deletion.
    """

    model_config = ConfigDict(frozen=True)

    session: str
    first_row: int
    last_row: int
    events: int
    began: datetime
    ended: datetime
    kinds: dict[str, int]
    steps: tuple[str, ...]


async def erased_sessions(database: Database) -> list[Erased]:
    """Every session that was deleted, in the order in which they began."""
    rows = await database.fetch(_ROWS, ())
    found: dict[str, list[tuple[int, str, str, str | None]]] = {}
    for session, row, at, kind, step in rows:
        found.setdefault(session, []).append((row, at, kind, step))
    return [
        Erased(
            session=session,
            first_row=events[0][0],
            last_row=events[-1][0],
            events=len(events),
            began=datetime.fromisoformat(events[0][1]),
            ended=datetime.fromisoformat(events[-1][1]),
            kinds={
                kind: sum(each[2] == kind for each in events) for kind in sorted({each[2] for each in events})
            },
            steps=tuple(dict.fromkeys(each[3] for each in events if each[3])),
        )
        for session, events in found.items()
    ]


_ROWS = "SELECT session, row, at, kind, step FROM events WHERE body IS NULL ORDER BY row"
