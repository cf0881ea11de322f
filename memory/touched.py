"""Which sessions had to do with an object: looked up in an index that every commit keeps up to date."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from memory.database import Database


class TouchedBy(BaseModel):
    """One session that had to do with an object.

    Attributes:
        at: when it last did.
        how: every word that its events gave for what they did.
    """

    model_config = ConfigDict(frozen=True)

    session: str
    title: str
    at: datetime
    how: frozenset[str]


async def sessions_touching(
    database: Database, place: str, thing: str, *, limit: int = 50
) -> list[TouchedBy]:
    """The sessions that had to do with an object, the latest first.

    Args:
        database: of the journal.
        place: where the object is, as in `memory.envelope.Touch`.
        thing: the object, likewise.
        limit: sessions at most.
    """
    rows = await database.fetch(_SESSIONS, (thing, place, limit))
    return [
        TouchedBy(
            session=session,
            title=title,
            at=datetime.fromisoformat(at),
            how=frozenset(how.split("\n")),
        )
        for session, title, at, how in rows
    ]


_SESSIONS = """
    SELECT mine.session, COALESCE(sessions.title, ''), events.at, mine.how
    FROM (
        SELECT session, MAX(row) AS last, GROUP_CONCAT(how, char(10)) AS how
        FROM (SELECT session, how, MAX(row) AS row FROM touched WHERE thing = ? AND place = ?
              GROUP BY session, how)
        GROUP BY session ORDER BY last DESC LIMIT ?
    ) AS mine
    JOIN events ON events.row = mine.last
    LEFT JOIN sessions ON sessions.id = mine.session
    ORDER BY mine.last DESC
"""
