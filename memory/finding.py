"""Finding sessions and events again, in a journal of any length.

A search never walks more than the newest `DEPTH` events with its words. Ranking by relevance (bm25) visits
every event with any of the words, so it is kept for words that are rare; where a word is everywhere, the
newest events come first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from memory import search
from memory.database import Database, Value

DEPTH = 1_000
"""Events with the words that are looked at, from the newest on."""
RARE = 2_000
"""Events a word may stand in and still be ranked."""
_FEW = 64
"""Sessions that are searched one by one, each completely."""


class SessionRow(BaseModel):
    """One session in the list.

    Attributes:
        scope: JSON, as the caller gave it.
        status: the caller's word for how it stands; empty when none was given.
        changed: how many objects it changed, as the caller counted.
        cost: US dollars so far, as the caller gave it.
        created, updated: UTC; `updated` is the time of the last event.
        events: how many events it has.
        pinned: whether it is to stay at the top, and out of any clearing away.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    scope: str
    status: str
    changed: int = 0
    cost: Decimal | None
    created: datetime
    updated: datetime
    events: int
    pinned: bool = False


class Hit(BaseModel):
    """One event that a search found.

    Attributes:
        snippet: the words around the find; what was found stands between `HIT_START` and `HIT_END` of
            `memory.search`.
    """

    model_config = ConfigDict(frozen=True)

    session: str
    title: str
    seq: int
    row: int
    at: datetime
    kind: str
    snippet: str


class Wanted(BaseModel):
    """What a session has to be like. Several values of one field: any of them; empty: it does not matter.

    Attributes:
        text: words that were said or seen in it, or that its title has.
        statuses: how it stands, in the caller's words.
        labels: what its events were labelled with, by name: values that the label contains.
        things: objects it had to do with: `deployment/checkout`, `checkout`, `deployment/checkout in shop`.
        since, until: when it was last written to, both ends included.
        pinned: only those that are, or are not.
        busy: only those in which something was said or done.
    """

    model_config = ConfigDict(frozen=True)

    text: str = ""
    statuses: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = {}
    things: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    pinned: bool | None = None
    busy: bool = False

    @property
    def filters(self) -> bool:
        """Whether anything but the text is asked for."""
        return self.model_copy(update={"text": "", "busy": False}) != Wanted()


class Found(BaseModel):
    """Sessions, the pinned ones first, then the one last written to first.

    Attributes:
        hits: the newest event with the words, by session; none for those found by their title.
        complete: False when there are more than were looked at or asked for.
    """

    model_config = ConfigDict(frozen=True)

    rows: list[SessionRow]
    hits: dict[str, Hit]
    complete: bool


async def session_row(database: Database, session: str) -> SessionRow | None:
    """One session's line, or None."""
    rows = await database.fetch(f"SELECT {_COLUMNS} FROM sessions WHERE id = ?", (session,))
    return _session(rows[0]) if rows else None


def stamp(at: datetime) -> str:
    """A time as the journal writes it, so that text sorts."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


async def find_sessions(database: Database, wanted: Wanted, limit: int, offset: int = 0) -> Found:
    """The sessions that are so, with the event that shows it."""
    where, values = _conditions(wanted)
    text = wanted.text.replace("\0", " ").strip()
    if not text:
        sql = f"SELECT {_COLUMNS}, NULL, 0 FROM sessions WHERE {where} {_ORDER}"
        rows = await database.fetch(sql, (*values, limit, offset))
    else:
        query = search.all_of(text) or search.NOTHING
        few = await _few(database, where, values) if wanted.filters else None
        if few is not None:
            said = await _each(database, query, few)
        else:
            said = await database.fetch(_SESSIONS_SAID, (query, DEPTH))
        chosen = ", ".join("?" * len(said))
        rows = await database.fetch(
            rf"SELECT {_COLUMNS}, NULL, 0 FROM sessions WHERE {where}"
            rf" AND (id IN ({chosen}) OR title LIKE ? ESCAPE '\') {_ORDER}",
            (*values, *(row[0] for row in said), search.like(text.replace('"', "")), limit, offset),
        )
        newest = {session: number for session, number, _ in said}
        depth = 0 if few is not None else sum(count for _, _, count in said)
        rows = [(*row[:-2], newest.get(row[0]), depth) for row in rows]
    numbers = [row[-2] for row in rows if row[-2] is not None]
    found = await _hits(database, search.all_of(text), numbers) if numbers else []
    return Found(
        rows=[_session(row[:-2]) for row in rows],
        hits={hit.session: hit for hit in found},
        complete=len(rows) < limit and all(row[-1] < DEPTH for row in rows),
    )


async def find_events(database: Database, wanted: Wanted, limit: int, offset: int = 0) -> list[Hit]:
    """The events with every word, if there are any, else those with one of the rarest words.

    The best come first where all words are rare, the newest where one is everywhere.
    """
    pieces = search.pieces(wanted.text)
    if not pieces:
        return []
    counts = {piece: await _count(database, search.all_of(piece)) for piece in pieces}
    query, ranked = search.all_of(wanted.text), max(counts.values()) <= RARE
    numbers = await _numbers(database, query, wanted, ranked, limit, offset) if min(counts.values()) else []
    if not numbers and not offset:
        words = {word: await _count(database, search.all_of(word)) for word in search.words(wanted.text)}
        query = search.any_of({word: count for word, count in words.items() if count <= RARE})
        numbers = await _numbers(database, query, wanted, True, limit, offset) if query else []
    return await _hits(database, query, numbers)


# --- details -------------------------------------------------------------------------------------------


async def _numbers(
    database: Database, query: str, wanted: Wanted, ranked: bool, limit: int, offset: int
) -> list[int]:
    """Rows of the events, in order."""
    order = "words.rank, words.rowid DESC" if ranked else "words.rowid DESC"
    depth = RARE * 3 if ranked else DEPTH
    if not wanted.filters:
        sql = f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY {order} LIMIT ? OFFSET ?"
        return [row[0] for row in await database.fetch(sql, (query, limit, offset))]
    where, values = _conditions(wanted)
    few = None if ranked else await _few(database, where, values)
    if few is not None:
        found: list[int] = []
        for session, first, last in few:
            rows = await database.fetch(_IN_ONE, (query, first, last, session, limit + offset))
            found += (row[0] for row in rows)
        return sorted(found, reverse=True)[offset : offset + limit]
    sql = f"""
        SELECT hit.row FROM (
            SELECT rowid AS row FROM words WHERE words MATCH ? ORDER BY {order} LIMIT ?
        ) AS hit
        CROSS JOIN events ON events.row = hit.row
        WHERE events.session IN (SELECT id FROM sessions WHERE {where}) LIMIT ? OFFSET ?
    """
    return [row[0] for row in await database.fetch(sql, (query, depth, *values, limit, offset))]


async def _few(database: Database, where: str, values: Sequence[Value]) -> list[tuple[str, int, int]] | None:
    """The sessions that the filters leave, with their first and last rows; None when there are many."""
    sql = f"""
        SELECT id, (SELECT MIN(row) FROM events WHERE session = id), (SELECT MAX(row) FROM events WHERE session = id)
        FROM (SELECT id FROM sessions WHERE {where} LIMIT ?)
    """
    rows = await database.fetch(sql, (*values, _FEW + 1))
    return [(row[0], row[1] or 0, row[2] or 0) for row in rows] if len(rows) <= _FEW else None


async def _each(
    database: Database, query: str, few: Sequence[tuple[str, int, int]]
) -> list[tuple[str, int, int]]:
    found = []
    for session, first, last in few:
        rows = await database.fetch(_IN_ONE, (query, first, last, session, 1))
        found += [(session, row[0], 1) for row in rows]
    return found


async def _count(database: Database, query: str) -> int:
    """In how many events it is found; one more than `RARE` stands for any higher number."""
    return int((await database.fetch(_COUNT, (query, RARE + 1)))[0][0])


async def _hits(database: Database, query: str, numbers: Sequence[int]) -> list[Hit]:
    if not numbers:
        return []
    chosen = ", ".join("?" * len(numbers))
    rows = await database.fetch(f"{_HIT} IN ({chosen})", (search.HIT_START, search.HIT_END, query, *numbers))
    found = {hit.row: hit for hit in map(_hit, rows)}
    return [found[number] for number in numbers if number in found]


def _conditions(wanted: Wanted) -> tuple[str, list[Value]]:
    conditions: list[str] = ["TRUE"]
    values: list[Value] = []
    if wanted.busy:
        # A console that was opened and closed again left a session in which nothing happened.
        conditions.append("(title <> '' OR events > 2)")
    if wanted.statuses:
        conditions.append(f"status IN ({', '.join('?' * len(wanted.statuses))})")
        values += wanted.statuses
    if wanted.pinned is not None:
        conditions.append("pinned = ?")
        values.append(int(wanted.pinned))
    if wanted.since is not None:
        conditions.append("updated >= ?")
        values.append(stamp(wanted.since))
    if wanted.until is not None:
        conditions.append("updated <= ?")
        values.append(stamp(wanted.until))
    for name, parts in wanted.labels.items():
        any_of = " OR ".join(r"value LIKE ? ESCAPE '\'" for _ in parts)
        conditions.append(f"id IN (SELECT session FROM labels WHERE name = ? AND ({any_of}))")
        values += [name, *map(search.like, parts)]
    if wanted.things:
        any_of = " OR ".join(r"thing = ? OR thing LIKE ? ESCAPE '\'" for _ in wanted.things)
        conditions.append(f"id IN (SELECT session FROM touched WHERE {any_of})")
        for thing in wanted.things:
            values += [thing, search.thing_like(thing)]
    return " AND ".join(conditions), values


_COLUMNS = "id, title, scope, status, changed, cost, created, updated, events, pinned"

_ORDER = "ORDER BY pinned DESC, updated DESC, id LIMIT ? OFFSET ?"

_SESSIONS_SAID = """
    SELECT events.session, MAX(hit.row), COUNT(*) FROM (
        SELECT rowid AS row FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?
    ) AS hit CROSS JOIN events ON events.row = hit.row GROUP BY events.session
"""

_IN_ONE = """
    SELECT words.rowid FROM words CROSS JOIN events ON events.row = words.rowid
    WHERE words MATCH ? AND words.rowid BETWEEN ? AND ? AND events.session = ?
    ORDER BY words.rowid DESC LIMIT ?
"""

_COUNT = "SELECT COUNT(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"

_HIT = """
    SELECT events.session, COALESCE(sessions.title, ''), events.seq, events.row, events.at, events.kind,
           snippet(words, 0, ?, ?, '…', 16)
    FROM words
    CROSS JOIN events ON events.row = words.rowid
    LEFT JOIN sessions ON sessions.id = events.session
    WHERE words MATCH ? AND words.rowid
"""


def _session(row: Any) -> SessionRow:
    session, title, scope, status, changed, cost, created, updated, events, pinned = row
    return SessionRow(
        id=session,
        title=title,
        scope=scope,
        status=status,
        changed=changed,
        cost=None if cost is None else Decimal(cost),
        created=datetime.fromisoformat(created),
        updated=datetime.fromisoformat(updated),
        events=events,
        pinned=bool(pinned),
    )


def _hit(row: Any) -> Hit:
    session, title, seq, number, at, kind, snippet = row
    moment = datetime.fromisoformat(at)
    return Hit(session=session, title=title, seq=seq, row=number, at=moment, kind=kind, snippet=snippet)
