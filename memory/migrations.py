"""How the journal's tables came to be: one small function per step, applied in order, never edited.

`PRAGMA user_version` counts how many have been applied. SQL stays within what SQLite 3.34 understands.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from aiosqlite import Connection

Migration = Callable[[Connection], Awaitable[None]]


class Schema(NamedTuple):
    """The tables of one kind of file.

    Attributes:
        noun: what an operator calls the file.
        application_id: the number in the file's header that says it is ours (`PRAGMA application_id`).
        migrations: applied in order; the file's version is how many were.
    """

    noun: str
    application_id: int
    migrations: Sequence[Migration]


async def events_and_sessions(connection: Connection) -> None:
    """The rows, their search index, and one line per session."""
    await run(
        connection,
        """
        CREATE TABLE events (
            row     INTEGER PRIMARY KEY,
            session TEXT NOT NULL,
            seq     INTEGER NOT NULL,
            at      TEXT NOT NULL,
            kind    TEXT NOT NULL,
            version INTEGER NOT NULL,
            step    TEXT,
            phase   TEXT CHECK (phase IN ('begin', 'end')),
            salt    TEXT,
            body    TEXT,
            digest  TEXT NOT NULL,
            hash    TEXT NOT NULL,
            UNIQUE (session, seq),
            CHECK ((step IS NULL) = (phase IS NULL)),
            CHECK ((salt IS NULL) = (body IS NULL))
        )
        """,
        "CREATE UNIQUE INDEX events_by_step ON events (session, step, phase) WHERE step IS NOT NULL",
        # Guards against mistakes and careless tools; against somebody with a text editor there is the chain.
        """
        CREATE TRIGGER events_grow_at_the_end BEFORE INSERT ON events
        WHEN NEW.row IS NOT (SELECT COALESCE(MAX(row), 0) + 1 FROM events)
          OR NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM events WHERE session = NEW.session)
        BEGIN SELECT RAISE(ABORT, 'the journal only grows at its end'); END
        """,
        """
        CREATE TRIGGER events_stay BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'the journal never loses a row'); END
        """,
        """
        CREATE TRIGGER events_change_only_by_erasure BEFORE UPDATE ON events
        WHEN NEW.body IS NOT NULL OR NEW.salt IS NOT NULL
          OR NEW.row IS NOT OLD.row OR NEW.session IS NOT OLD.session OR NEW.seq IS NOT OLD.seq
          OR NEW.at IS NOT OLD.at OR NEW.kind IS NOT OLD.kind OR NEW.version IS NOT OLD.version
          OR NEW.step IS NOT OLD.step OR NEW.phase IS NOT OLD.phase
          OR NEW.digest IS NOT OLD.digest OR NEW.hash IS NOT OLD.hash
        BEGIN SELECT RAISE(ABORT, 'a row of the journal never changes'); END
        """,
        "CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'unicode61 remove_diacritics 2')",
        "CREATE VIRTUAL TABLE vocabulary USING fts5vocab('words', 'row')",
        """
        CREATE TABLE sessions (
            id      TEXT PRIMARY KEY,
            title   TEXT NOT NULL DEFAULT '',
            scope   TEXT NOT NULL DEFAULT '{}',
            status  TEXT NOT NULL DEFAULT '',
            cost    TEXT,
            created TEXT NOT NULL,
            updated TEXT NOT NULL,
            events  INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID
        """,
        "CREATE INDEX sessions_by_update ON sessions (updated)",
    )


async def touched_objects(connection: Connection) -> None:
    """Which rows have to do with which objects; for rows there are already, what their plans say."""
    await run(
        connection,
        """
        CREATE TABLE touched (
            place   TEXT NOT NULL,
            thing   TEXT NOT NULL,
            row     INTEGER NOT NULL,
            session TEXT NOT NULL,
            how     TEXT NOT NULL,
            PRIMARY KEY (thing, place, row)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX touched_by_session ON touched (session)",
    )
    targets: dict[tuple[str, str, str], tuple[str, str]] = {}
    cursor = await connection.execute(
        "SELECT row, session, kind, body FROM events"
        " WHERE kind IN ('plan_offered', 'step_succeeded') AND body IS NOT NULL ORDER BY row"
    )
    async for row, session, kind, text in cursor:
        body = _object(text)
        found: list[tuple[str, str, str]] = []
        if kind == "plan_offered":
            for step, place, thing in _targets(body):
                targets[session, _text(_object(body.get("plan")), "id"), step] = (place, thing)
                found.append((place, thing, "planned"))
        else:
            place, thing = targets.get((session, _text(body, "plan_id"), _text(body, "step_id")), ("", ""))
            if thing:
                found.append((place, thing, "changed"))
        for place, thing, how in found:
            await connection.execute_fetchall(
                "INSERT OR IGNORE INTO touched VALUES (?, ?, ?, ?, ?)", (place, thing, row, session, how)
            )


async def labels_and_pins(connection: Connection) -> None:
    """What sessions are found by, how much they changed, and which are to stay; for those there are, too."""
    await run(
        connection,
        """
        CREATE TABLE labels (
            name    TEXT NOT NULL,
            value   TEXT NOT NULL,
            session TEXT NOT NULL,
            PRIMARY KEY (name, value, session)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX labels_by_session ON labels (session)",
        "ALTER TABLE sessions ADD COLUMN changed INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE sessions ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
        """
        UPDATE sessions SET changed =
            (SELECT COUNT(DISTINCT thing) FROM touched WHERE session = sessions.id AND how = 'changed')
        """,
        """
        UPDATE sessions SET status = CASE status
            WHEN 'offered' THEN 'waiting'
            WHEN 'succeeded' THEN CASE WHEN changed > 0 THEN 'changed' ELSE 'answered' END
            ELSE status END
        """,
    )
    cursor = await connection.execute(
        "SELECT session, body FROM events WHERE body IS NOT NULL"
        " AND kind IN ('session_started', 'session_resumed', 'scope_changed')"
    )
    async for session, text in cursor:
        body = _object(text)
        scope = _object(body.get("scope"))
        found = {
            "person": _text(body, "operator"),
            "context": _text(scope, "context"),
            "namespace": _text(scope, "namespace"),
            "profile": _text(scope, "profile"),
        }
        for name, value in found.items():
            if value:
                await connection.execute_fetchall(
                    "INSERT OR IGNORE INTO labels VALUES (?, ?, ?)", (name, value, session)
                )


def _targets(body: dict[str, object]) -> list[tuple[str, str, str]]:
    """(step, context, object) of each write of a plan, as `plan_offered` of version 1 tells it."""
    steps = _object(body.get("plan")).get("steps")
    return [
        (_text(step, "id"), _text(_object(step.get("scope")), "context"), target)
        for step in map(_object, steps if isinstance(steps, list) else ())
        if _text(step, "tool").startswith("kubernetes_")
        and (target := _text(_object(step.get("preview")), "target"))
    ]


def _object(found: object) -> dict[str, object]:
    """A JSON object, given as one or as its text; an empty one for anything else."""
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return {}
    return found if isinstance(found, dict) else {}


def _text(found: dict[str, object], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""


async def run(connection: Connection, *statements: str) -> None:
    """Run statements one by one inside the open transaction (`executescript` would commit it first)."""
    for statement in statements:
        await connection.execute_fetchall(statement)


JOURNAL = Schema("journal", 0x50484A31, (events_and_sessions, touched_objects, labels_and_pins))
