"""What is remembered across sessions, in a file of its own so that forgetting can rewrite it at once.

Memory is something to read, never a permission. Who or what said it is kept with it, because a line that
came out of a log must not weigh the same as the operator's word.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosqlite import Connection
from pydantic import BaseModel, ConfigDict

from memory import search
from memory.database import Database, Value
from memory.errors import KnowledgeUnknown
from memory.migrations import Schema, run


class Kind(StrEnum):
    """What sort of thing is remembered."""

    FACT = "fact"
    PREFERENCE = "preference"
    PROCEDURE = "procedure"
    INCIDENT = "incident"


class Remembered(BaseModel):
    """One memory.

    Attributes:
        id: never given to another memory, not even after this one is forgotten.
        subject: what it is about, such as ``deployment/checkout``.
        body: the memory itself, in words.
        scope: where it holds, such as ``staging``; empty when everywhere.
        source: who or what said so, such as ``operator`` or ``session 4f1c, event 12``.
        at: when it was said, UTC.
    """

    model_config = ConfigDict(frozen=True)

    id: int
    kind: Kind
    subject: str
    body: str
    scope: str
    source: str
    at: datetime


class Knowledge:
    """The open file. Use as an async context manager, or call `close`."""

    def __init__(self, database: Database, redact: Callable[[str], str]) -> None:
        self._database = database
        self._redact = redact

    @classmethod
    async def open(cls, path: Path, redact: Callable[[str], str]) -> Knowledge:
        """Open the file at `path`, or make a new one; its folder must exist.

        Args:
            redact: hides the secrets in a text; everything that is remembered goes through it.

        Raises:
            JournalNewer, JournalDamaged, JournalBusy, DiskFull, DiskFailed: see `memory.errors`.
        """
        return cls(await Database.open(path, KNOWLEDGE), redact)

    async def remember(
        self, kind: Kind | str, subject: str, body: str, scope: str, source: str, at: datetime
    ) -> int:
        """Keep a memory; it is durable when this returns its id.

        Args:
            kind: a `Kind`, or its word.
            at: when it was said, with a timezone.
        """
        if at.tzinfo is None:
            raise ValueError("A memory's time needs a timezone.")
        subject, body, source = map(self._redact, (subject, body, source))
        moment = at.astimezone(UTC).isoformat(timespec="microseconds")

        async def work(connection: Connection) -> int:
            await connection.execute_fetchall(
                "INSERT INTO memories (kind, subject, body, scope, source, at) VALUES (?, ?, ?, ?, ?, ?)",
                (Kind(kind).value, subject, body, scope, source, moment),
            )
            [(number,)] = await connection.execute_fetchall("SELECT last_insert_rowid()")
            await connection.execute_fetchall(
                "INSERT INTO words (rowid, subject, body) VALUES (?, ?, ?)",
                (number, subject.replace("\0", " "), body.replace("\0", " ")),
            )
            return int(number)

        return await self._database.transact(work)

    async def get(self, memory: int) -> Remembered:
        """One memory.

        Raises:
            KnowledgeUnknown: there is none of that id, or it was forgotten.
        """
        rows = await self._database.fetch(f"SELECT {_COLUMNS} FROM memories WHERE id = ?", (memory,))
        if not rows:
            raise _unknown(memory)
        return _remembered(rows[0])

    async def list(
        self, *, kind: Kind | None = None, scope: str | None = None, limit: int = 100, offset: int = 0
    ) -> builtins.list[Remembered]:
        """Memories, the newest first.

        Args:
            scope: those that hold there, which includes those that hold everywhere; None for all.
        """
        conditions, values = _filter(kind, scope)
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM memories WHERE {conditions} ORDER BY at DESC, id DESC LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [_remembered(row) for row in rows]

    async def search(
        self, text: str, limit: int = 10, *, kind: Kind | None = None, scope: str | None = None
    ) -> builtins.list[Remembered]:
        """Memories with every word of `text`, or, if there are none, with one of the rarest; best first."""
        query = search.all_of(text)
        found = await self._matching(query, limit, kind, scope) if query else []
        if not found and (words := search.words(text)):
            counts = await self._database.fetch(search.counting(len(words)), words)
            query = search.any_of(dict(counts))
            found = await self._matching(query, limit, kind, scope) if query else []
        return found

    async def forget(self, memory: int) -> None:
        """Remove the memory's bytes from the file, its search index and the copies beside it.

        Raises:
            KnowledgeUnknown: there is none of that id.
            JournalBusy: another console kept the file from being rewritten; the memory is gone from every
                list, and the next `forget` rewrites the file.
        """

        async def work(connection: Connection) -> None:
            if not await connection.execute_fetchall("SELECT 1 FROM memories WHERE id = ?", (memory,)):
                raise _unknown(memory)
            await connection.execute_fetchall("DELETE FROM memories WHERE id = ?", (memory,))
            await connection.execute_fetchall("DELETE FROM words WHERE rowid = ?", (memory,))
            # A deleted row's words stay in the index until its segments are merged.
            await connection.execute_fetchall("INSERT INTO words (words) VALUES ('optimize')")

        await self._database.transact(work)
        await self._database.scrub()

    async def close(self) -> None:
        """Close the file. Closing twice does no harm."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _matching(
        self, query: str, limit: int, kind: Kind | None, scope: str | None
    ) -> builtins.list[Remembered]:
        conditions, values = _filter(kind, scope)
        rows = await self._database.fetch(
            f"""
            SELECT {", ".join(f"memories.{column}" for column in _COLUMNS.split(", "))}
            FROM words JOIN memories ON memories.id = words.rowid
            WHERE words MATCH ? AND {conditions} ORDER BY words.rank, memories.id DESC LIMIT ?
            """,
            (query, *values, limit),
        )
        return [_remembered(row) for row in rows]


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


KNOWLEDGE = Schema("knowledge", 0x50484B31, (_memories,))

_COLUMNS = "id, kind, subject, body, scope, source, at"


def _filter(kind: Kind | None, scope: str | None) -> tuple[str, builtins.list[Value]]:
    conditions, values = ["1"], builtins.list[Value]()
    if kind is not None:
        conditions.append("memories.kind = ?")
        values.append(kind.value)
    if scope is not None:
        conditions.append("memories.scope IN ('', ?)")
        values.append(scope)
    return " AND ".join(conditions), values


def _remembered(row: Any) -> Remembered:
    number, kind, subject, body, scope, source, at = row
    return Remembered(
        id=number,
        kind=Kind(kind),
        subject=subject,
        body=body,
        scope=scope,
        source=source,
        at=datetime.fromisoformat(at),
    )


def _unknown(memory: int) -> KnowledgeUnknown:
    return KnowledgeUnknown(f"There is no memory {memory}.", hint="See `pilothouse memory`.")
