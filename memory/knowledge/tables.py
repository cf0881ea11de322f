"""How the tables of long-term memory came to be: one small function per step, applied in order, never edited."""

from __future__ import annotations

from aiosqlite import Connection

from memory.migrations import Schema, run


async def _memories(connection: Connection) -> None:
    """The memories and their search index."""
    await run(
        connection,
        """
        CREATE TABLE memories (
            id      INTEGER PRIMARY KEY AUTOINCREMENT,
            kind    TEXT NOT NULL,
            subject TEXT NOT NULL,
            body    TEXT NOT NULL,
            scope   TEXT NOT NULL,
            source  TEXT NOT NULL,
            at      TEXT NOT NULL
        )
        """,
        "CREATE VIRTUAL TABLE words USING fts5(subject, body, tokenize = 'unicode61 remove_diacritics 2')",
        "CREATE VIRTUAL TABLE vocabulary USING fts5vocab('words', 'row')",
    )


async def _whole_lives(connection: Connection) -> None:
    """Status, place, validity, reference and record of each memory; all that was there, an operator had said."""
    await run(
        connection,
        """
        CREATE TABLE lives (
            id         INTEGER PRIMARY KEY AUTOINCREMENT,
            kind       TEXT NOT NULL,
            status     TEXT NOT NULL,
            subject    TEXT NOT NULL,
            body       TEXT NOT NULL,
            topic      TEXT NOT NULL DEFAULT '',
            content    TEXT NOT NULL DEFAULT '{}',
            user       TEXT NOT NULL DEFAULT '',
            account    TEXT NOT NULL DEFAULT '',
            cluster    TEXT NOT NULL DEFAULT '',
            namespace  TEXT NOT NULL DEFAULT '',
            source     TEXT NOT NULL,
            session    TEXT NOT NULL DEFAULT '',
            seq        INTEGER,
            by         TEXT NOT NULL DEFAULT '',
            confidence INTEGER NOT NULL DEFAULT 100,
            at         TEXT NOT NULL,
            valid_from TEXT NOT NULL,
            valid_to   TEXT,
            ttl        INTEGER,
            verified   TEXT NOT NULL,
            uses       INTEGER NOT NULL DEFAULT 0,
            successes  INTEGER NOT NULL DEFAULT 0,
            failures   INTEGER NOT NULL DEFAULT 0,
            replaces   INTEGER NOT NULL DEFAULT 0,
            reason     TEXT NOT NULL DEFAULT ''
        )
        """,
        """
        INSERT INTO lives (id, kind, status, subject, body, cluster, source, by, at, valid_from, verified)
        SELECT id, kind, 'active', subject, body, scope, 'said', source, at, at, at FROM memories
        """,
        # An id is never given again, not even that of the last memory, should it have been forgotten.
        "DELETE FROM sqlite_sequence WHERE name = 'lives'",
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'lives', seq FROM sqlite_sequence WHERE name = 'memories'",
        "DROP TABLE memories",
        "ALTER TABLE lives RENAME TO memories",
        "CREATE INDEX memories_by_status ON memories (status, kind)",
        "CREATE INDEX memories_by_topic ON memories (topic) WHERE topic <> ''",
        "CREATE INDEX memories_by_replacement ON memories (replaces) WHERE replaces <> 0",
    )


KNOWLEDGE = Schema("knowledge", 0x50484B31, (_memories, _whole_lives))
