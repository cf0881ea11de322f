"""The open file of long-term memory: write, look up, decide about, recall, forget."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosqlite import Connection
from pydantic import JsonValue

from memory import search
from memory.database import Database, Value
from memory.errors import KnowledgeRefused
from memory.knowledge.changing import (
    change,
    close_contradicted,
    closed,
    demand,
    erase,
    insert,
    one,
    outcome,
    rows_of,
    surer,
    unknown,
)
from memory.knowledge.entry import AT_MOST, Fresh, Kind, Recalled, Remembered, Source, Status, Where
from memory.knowledge.ranking import MOST_ROWS, affordable, names, ranked, telling
from memory.knowledge.rows import ALL, Conditions, moment, remembered, values_of
from memory.knowledge.tables import KNOWLEDGE

FAILURES = 2
"""Failures after which a procedure is retired."""

_CANDIDATES = 64
"""Matches of the full-text index that are weighed for one recall."""


Redact = Callable[[JsonValue], JsonValue]


class Knowledge:
    """The open file. Use as an async context manager, or call `close`."""

    def __init__(self, database: Database, redact: Redact) -> None:
        self._database = database
        self._redact = redact

    @classmethod
    async def open(cls, path: Path, redact: Redact) -> Knowledge:
        """Open the file at `path`, or make a new one; its folder must exist. An older file is copied first.

        Args:
            redact: hides the secrets in a value; everything that is remembered goes through it.

        Raises:
            JournalNewer, JournalDamaged, JournalBusy, DiskFull, DiskFailed: see `memory.errors`.
        """
        return cls(await Database.open(path, KNOWLEDGE), redact)

    # --- writing -----------------------------------------------------------------------------------

    async def remember(self, fresh: Fresh, at: datetime, status: Status | None = None) -> Remembered:
        """Keep a memory; it is durable when this returns.

        What was said becomes active, and closes an active one on the same topic in the same place. The
        same words in the same place are not kept twice: they count as a verification.

        Args:
            status: proposed or active; by default active for what was said, proposed for everything else.

        Raises:
            KnowledgeRefused: active was asked for something that nobody said.
        """
        fresh = self._harmless(fresh)
        wanted = status or (Status.ACTIVE if fresh.source is Source.SAID else Status.PROPOSED)
        if wanted not in (Status.PROPOSED, Status.ACTIVE):
            raise ValueError(f"A memory does not begin as {wanted}.")
        if wanted is Status.ACTIVE and fresh.source is not Source.SAID:
            raise KnowledgeRefused(
                f"What was {fresh.source} is proposed first.", hint="An operator confirms it or not."
            )

        async def work(connection: Connection) -> int:
            same = Conditions().exactly(fresh.where).statuses([Status.PROPOSED, Status.ACTIVE])
            same.also("kind = ? AND subject = ? AND body = ?", fresh.kind.value, fresh.subject, fresh.body)
            rows = await rows_of(connection, same)
            for row in rows:
                if row.status is wanted:
                    await change(connection, row.id, {"verified": moment(at)})
                    return row.id
            replaced = await close_contradicted(connection, fresh, at) if wanted is Status.ACTIVE else 0
            return await insert(connection, values_of(fresh, wanted, at, replaced))

        return await self.get(await self._database.transact(work))

    async def confirm(self, memory: int, at: datetime) -> Remembered:
        """Make a proposed memory active, closing what it contradicts.

        Raises:
            KnowledgeUnknown: there is none of that id.
            KnowledgeRefused: it is not proposed.
        """

        async def work(connection: Connection) -> None:
            found = await one(connection, memory)
            demand(found, Status.PROPOSED)
            replaced = await close_contradicted(connection, found, at)
            changes: dict[str, Value] = {"status": Status.ACTIVE.value, "verified": moment(at)}
            if replaced:
                changes["replaces"] = replaced
            await change(connection, memory, changes)

        await self._database.transact(work)
        return await self.get(memory)

    async def reject(self, memory: int, at: datetime, reason: str = "") -> Remembered:
        """Say that a proposed or active memory is wrong; it is kept as rejected and never recalled.

        Raises: as `confirm`.
        """

        async def work(connection: Connection) -> None:
            found = await one(connection, memory)
            demand(found, Status.PROPOSED, Status.ACTIVE)
            await change(
                connection,
                memory,
                {"status": Status.REJECTED.value, "valid_to": moment(at), "reason": reason},
            )

        await self._database.transact(work)
        return await self.get(memory)

    async def edit(self, memory: int, changed: Fresh, at: datetime) -> Remembered:
        """Put a new version in place of a memory; the old one is closed and stays as history.

        Args:
            changed: the whole new version; its status is that of the old one.

        Raises: as `confirm`.
        """

        changed = self._harmless(changed)

        async def work(connection: Connection) -> int:
            found = await one(connection, memory)
            demand(found, Status.PROPOSED, Status.ACTIVE)
            await change(connection, memory, closed(at, "edited"))
            values = values_of(changed, found.status, at, memory)
            values |= {"uses": found.uses, "successes": found.successes, "failures": found.failures}
            return await insert(connection, values)

        return await self.get(await self._database.transact(work))

    def _harmless(self, fresh: Fresh) -> Fresh:
        """The memory with its secrets hidden."""
        return Fresh.model_validate(
            self._redact(fresh.model_dump(mode="json", include=set(Fresh.model_fields)))
        )

    async def used(self, memories: Iterable[int]) -> None:
        """Count one more use of each."""
        wanted = list(memories)

        async def work(connection: Connection) -> None:
            marks = ", ".join("?" * len(wanted))
            await connection.execute_fetchall(
                f"UPDATE memories SET uses = uses + 1 WHERE id IN ({marks})", wanted
            )

        if wanted:
            await self._database.transact(work)

    async def verified(self, memory: int, at: datetime) -> None:
        """Note that a memory was found true. Does nothing for one that was forgotten."""

        async def work(connection: Connection) -> None:
            rows = await rows_of(connection, Conditions().also("id = ?", memory))
            for found in rows:
                await change(connection, found.id, {"verified": moment(at), "confidence": surer(found)})

        await self._database.transact(work)

    async def fared(self, memory: int, at: datetime, *, well: bool) -> Remembered:
        """Count a success or a failure. A procedure that failed `FAILURES` times is retired.

        Raises:
            KnowledgeUnknown: there is none of that id.
        """

        async def work(connection: Connection) -> None:
            found = await one(connection, memory)
            changes = outcome(found, at, well=well)
            worn = not well and found.failures + 1 >= FAILURES and found.kind is Kind.PROCEDURE
            if worn and found.status is Status.ACTIVE:
                reason = f"retired after {found.failures + 1} failures"
                changes |= {
                    "status": Status.REJECTED.value,
                    "valid_to": moment(at),
                    "reason": reason,
                }
            await change(connection, memory, changes)

        await self._database.transact(work)
        return await self.get(memory)

    # --- forgetting --------------------------------------------------------------------------------

    async def forget(self, memory: int) -> builtins.list[int]:
        """Remove the bytes of a memory, and of what it replaced, from the file, its index and its copies.

        Returns the ids that were forgotten.

        Raises:
            KnowledgeUnknown: there is none of that id.
            JournalBusy: another console kept the file from being rewritten; the memory is gone from every
                list, and the next `forget` rewrites the file.
        """

        async def work(connection: Connection) -> builtins.list[int]:
            chain = [memory]
            found = await one(connection, memory)
            while found.replaces and found.replaces not in chain:
                before = await rows_of(connection, Conditions().also("id = ?", found.replaces))
                if not before:
                    break
                found = before[0]
                chain.append(found.id)
            await erase(connection, chain)
            return chain

        gone = await self._database.transact(work)
        await self._database.scrub()
        return gone

    async def forget_within(self, place: Where) -> builtins.list[int]:
        """Remove the bytes of everything said of a place or a part of it. Returns the ids.

        Raises:
            ValueError: the place is everywhere; that would be everything.
            JournalBusy: as `forget`.
        """
        if place.anywhere:
            raise ValueError("Name a place; everything at once is forgotten by deleting the file.")

        async def work(connection: Connection) -> builtins.list[int]:
            found = [row.id for row in await rows_of(connection, Conditions().within(place))]
            await erase(connection, found)
            return found

        gone = await self._database.transact(work)
        await self._database.scrub()
        return gone

    # --- reading -----------------------------------------------------------------------------------

    async def get(self, memory: int) -> Remembered:
        """One memory, whatever its status.

        Raises:
            KnowledgeUnknown: there is none of that id, or it was forgotten.
        """
        found = await self._where(Conditions().also("id = ?", memory), 1)
        if not found:
            raise unknown(memory)
        return found[0]

    async def many(self, memories: Iterable[int]) -> dict[int, Remembered]:
        """Those of these ids that are still there."""
        wanted = list(dict.fromkeys(memories))
        marks = ", ".join("?" * len(wanted))
        found = await self._where(Conditions().also(f"id IN ({marks})", *wanted), len(wanted))
        return {memory.id: memory for memory in found}

    async def history(self, memory: int) -> builtins.list[Remembered]:
        """The versions before this one, the newest first."""
        found, chain = await self.get(memory), builtins.list[Remembered]()
        while found.replaces:
            before = await self.many([found.replaces])
            if not before:
                break
            found = before[found.replaces]
            chain.append(found)
        return chain

    async def list(
        self,
        *,
        kinds: Iterable[Kind] | None = None,
        statuses: Iterable[Status] | None = (Status.PROPOSED, Status.ACTIVE),
        here: Where | None = None,
        within: Where | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> builtins.list[Remembered]:
        """Memories: what waits to be confirmed first, then the newest.

        Args:
            here: only what holds in this place, which includes what holds everywhere.
            within: only what was said of this place or a part of it.
        """
        chosen = Conditions().kinds(kinds).statuses(statuses).holding(here).within(within or Where())
        return await self._where(chosen, limit, offset)

    async def search(
        self,
        text: str,
        limit: int = 10,
        *,
        kinds: Iterable[Kind] | None = None,
        statuses: Iterable[Status] | None = (Status.PROPOSED, Status.ACTIVE),
        here: Where | None = None,
    ) -> builtins.list[Remembered]:
        """Memories with every word of `text`, or, if there are none, with one of the rarest; best first."""

        def chosen() -> Conditions:
            return Conditions().kinds(kinds).statuses(statuses).holding(here)

        query = search.all_of(text)
        found = await self._matching(query, chosen(), limit) if query else []
        if not found and (query := await self._any_of(search.words(text))):
            found = await self._matching(query, chosen(), limit)
        return [memory for memory, _ in found]

    async def recall(
        self,
        text: str,
        here: Where,
        now: datetime,
        *,
        kinds: Iterable[Kind] = (Kind.FACT, Kind.PREFERENCE, Kind.INCIDENT),
        limit: int = AT_MOST,
    ) -> builtins.list[Recalled]:
        """The active memories that hold here and bear on the words, best first; at most `AT_MOST`."""
        words = telling(text)
        counts = await self._database.fetch(search.counting(len(words)), words) if words else []
        named = names(text)
        query = affordable(dict(counts), named)
        if not query:
            return []
        chosen = Conditions().kinds(kinds).statuses([Status.ACTIVE]).holding(here)
        found = await self._matching(query, chosen, _CANDIDATES, newest=MOST_ROWS)
        return ranked(found, now, min(limit, AT_MOST), (*named, *words))

    async def close(self) -> None:
        """Close the file. Closing twice does no harm."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _any_of(self, words: builtins.list[str]) -> str:
        if not words:
            return ""
        counts = await self._database.fetch(search.counting(len(words)), words)
        return search.any_of(dict(counts))

    async def _where(self, chosen: Conditions, limit: int, offset: int = 0) -> builtins.list[Remembered]:
        rows = await self._database.fetch(
            f"SELECT {ALL} FROM memories WHERE {chosen}"
            " ORDER BY status = 'proposed' DESC, at DESC, id DESC LIMIT ? OFFSET ?",
            (*chosen.values, limit, offset),
        )
        return [remembered(row) for row in rows]

    async def _matching(
        self, query: str, chosen: Conditions, limit: int, *, newest: int = -1
    ) -> builtins.list[tuple[Remembered, float]]:
        """The best matches of a query, of the `newest` rows it fits (-1 for all)."""
        rows = await self._database.fetch(
            f"""
            WITH hits AS (
                SELECT rowid, rank AS fit FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?
            )
            SELECT {ALL}, hits.fit FROM hits CROSS JOIN memories ON memories.id = hits.rowid
            WHERE {chosen} ORDER BY hits.fit, memories.id DESC LIMIT ?
            """,
            (query, newest, *chosen.values, limit),
        )
        return [(remembered(row[:-1]), float(row[-1])) for row in rows]
