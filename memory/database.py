"""One SQLite file, opened so that what was committed stays and what was not leaves no trace.

- WAL only on SQLite versions without the WAL-reset bug (https://sqlite.org/wal.html#walresetbug); a rollback
  journal on all others. `synchronous=FULL`, `fullfsync=ON` on both.
- Every write is one `BEGIN IMMEDIATE` transaction, under one lock, in a task of its own that a cancelled
  caller cannot tear apart: a caller that is cancelled waits until the transaction has ended either way.
- A file written by a newer program is refused before anything in it is touched.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from memory.errors import (
    DiskFailed,
    DiskFull,
    JournalBusy,
    JournalClosed,
    JournalDamaged,
    JournalError,
    JournalNewer,
)
from memory.migrations import Schema

T = TypeVar("T")
Value = str | int | None
Work = Callable[[aiosqlite.Connection], Awaitable[T]]


class _Connection(aiosqlite.Connection):
    """One that also runs a whole function on its thread: a transaction costs one hop instead of one a statement."""

    async def call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._execute(work, self._conn)  # type: ignore[no-any-return,no-untyped-call]


class Database:
    """An open file. Use `open`, and `close` it."""

    def __init__(self, path: Path, schema: Schema, connection: _Connection) -> None:
        self.path = path
        self._schema = schema
        self._connection = connection
        self._lock = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(cls, path: Path, schema: Schema, *, busy_seconds: float = 10.0) -> Database:
        """Open or create the file and bring its tables up to date.

        Args:
            path: the file; its folder must exist. A new file can be read by its owner alone.
            schema: which tables it holds.
            busy_seconds: how long to wait for another process before giving up.

        Raises:
            JournalNewer, JournalDamaged, JournalBusy, DiskFull, DiskFailed: see `memory.errors`.
        """

        def connect() -> sqlite3.Connection:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            return sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)

        connection = _Connection(connect, 64)
        # A console that died on an exception must not be kept alive by this thread.
        connection._thread.daemon = True
        database = cls(path, schema, connection)
        with database._in_words():
            try:
                await connection
            except BaseException:
                # aiosqlite does not wait for its thread here, which then speaks to a loop that may be gone.
                await asyncio.to_thread(connection._thread.join)
                raise
        try:
            await database._prepare()
        except BaseException:
            await database.close()
            raise
        return database

    async def fetch(self, sql: str, parameters: Sequence[Value] = ()) -> list[Any]:
        """All rows of one statement, outside any transaction."""
        async with self._lock:
            return await self._fetch(sql, parameters)

    async def transact(self, work: Work[T]) -> T:
        """Run `work` inside one write transaction; when this returns its effect is on disk.

        A caller that is cancelled meanwhile gets its `CancelledError` once the transaction has been
        committed or taken back.
        """
        return await self._finish(asyncio.create_task(self._transaction(work)))

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """As `transact`, for work that is done in one go: it runs on SQLite's own thread."""

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.rollback()
                raise
            return result

        async def run() -> T:
            async with self._lock:
                with self._in_words():
                    return await self._connection.call(transaction)

        return await self._finish(asyncio.create_task(run()))

    async def data_version(self) -> int:
        """A number that changes whenever another process has committed to the file."""
        return int((await self.fetch("PRAGMA data_version"))[0][0])

    async def scrub(self) -> None:
        """Rewrite the file so that nothing deleted is left in it, nor in copies made before a migration."""
        await self._finish(asyncio.create_task(self._scrub()))

    def backups(self) -> list[Path]:
        """The copies that migrations left beside the file."""
        return sorted(self.path.parent.glob(f"{self.path.name}.format-*"))

    async def close(self) -> None:
        """Close the file. Closing twice does no harm."""
        if self._closed:
            return
        async with self._lock:
            self._closed = True
            with self._in_words():
                await self._connection.close()

    async def _transaction(self, work: Work[T]) -> T:
        async with self._lock:
            with self._in_words():
                try:
                    await self._connection.execute_fetchall("BEGIN IMMEDIATE")
                    result = await work(self._connection)
                    await self._connection.execute_fetchall("COMMIT")
                except BaseException:
                    # Queued behind whatever still runs; does nothing when no transaction is open.
                    with suppress(sqlite3.Error, ValueError):
                        await self._connection.rollback()
                    raise
                return result

    async def _finish(self, task: asyncio.Task[T]) -> T:
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            if not task.cancelled():
                task.exception()
            raise cancelled
        return task.result()

    async def _fetch(self, sql: str, parameters: Sequence[Value] = ()) -> list[Any]:
        with self._in_words():
            return list(await self._connection.execute_fetchall(sql, parameters))

    async def _pragma(self, name: str, value: str | int | None = None) -> Any:
        rows = await self._fetch(f"PRAGMA {name}" if value is None else f"PRAGMA {name} = {value}")
        return rows[0][0] if rows else None

    async def _prepare(self) -> None:
        new = await self._pragma("page_count") == 0
        application, version = await self._pragma("application_id"), await self._pragma("user_version")
        if not new and (application, version) != (0, 0) and application != self._schema.application_id:
            raise JournalDamaged(
                f"{self.path} is a database, but not a Pilothouse {self._schema.noun}. It was left alone.",
                hint="Move it away, or choose another folder with --home.",
            )
        if version > len(self._schema.migrations):
            raise self._newer(version)
        await self._pragma("synchronous", "FULL")
        await self._pragma("fullfsync", "ON")
        await self._pragma("checkpoint_fullfsync", "ON")
        await self._pragma("secure_delete", "ON")
        await self._pragma("trusted_schema", "OFF")
        # Without it, INSERT OR REPLACE would delete a row behind the back of the append-only triggers.
        await self._pragma("recursive_triggers", "ON")
        await self._choose_journal_mode(new)
        if version < len(self._schema.migrations):
            await self._migrate(version)

    async def _choose_journal_mode(self, new: bool) -> None:
        """A file keeps the mode it was made with, except that a SQLite with the bug turns WAL off for good.

        Turning WAL on for a file that exists could put another process, with an older SQLite and the file
        open, into WAL without asking it.
        """
        if new and wal_is_safe(sqlite3.sqlite_version_info):
            await self._pragma("journal_mode", "WAL")
        elif not wal_is_safe(sqlite3.sqlite_version_info):
            try:
                await self._pragma("journal_mode", "DELETE")
            except JournalBusy as busy:
                raise JournalBusy(
                    f"The {self._schema.noun} at {self.path} is in use by a program with a newer SQLite than "
                    f"this one ({sqlite3.sqlite_version}), and sharing it could damage it.",
                    hint="Close the other console, or start both with the same Python.",
                ) from busy

    async def _migrate(self, version: int) -> None:
        if version:
            await self._back_up(version)

        async def apply(connection: aiosqlite.Connection) -> None:
            # Somebody else may have migrated the file since we looked.
            rows = list(await connection.execute_fetchall("PRAGMA user_version"))
            current = int(rows[0][0])
            if current > len(self._schema.migrations):
                raise self._newer(current)
            for migration in self._schema.migrations[current:]:
                await migration(connection)
            await connection.execute_fetchall(f"PRAGMA application_id = {self._schema.application_id}")
            await connection.execute_fetchall(f"PRAGMA user_version = {len(self._schema.migrations)}")

        await self.transact(apply)

    async def _back_up(self, version: int) -> None:
        final = self.path.with_name(f"{self.path.name}.format-{version}")
        partial = final.with_name(f"{final.name}.{os.getpid()}")

        def clear() -> None:
            partial.unlink(missing_ok=True)
            # VACUUM INTO fills an empty file, so it can be made private first.
            os.close(os.open(partial, os.O_RDWR | os.O_CREAT, 0o600))

        await asyncio.to_thread(clear)
        await self._fetch("VACUUM INTO ?", (str(partial),))
        await asyncio.to_thread(partial.replace, final)

    async def _scrub(self) -> None:
        async with self._lock:
            await self._fetch("VACUUM")
            await self._fetch("PRAGMA wal_checkpoint(TRUNCATE)")
            for backup in self.backups():
                await asyncio.to_thread(backup.unlink, missing_ok=True)

    def _newer(self, version: int) -> JournalNewer:
        return JournalNewer(
            f"The {self._schema.noun} at {self.path} was written by a newer Pilothouse (format {version}; "
            f"this one knows up to {len(self._schema.migrations)}), and was left untouched.",
            hint="Update Pilothouse, or choose another folder with --home.",
        )

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Turn what SQLite and the operating system raise into sentences."""
        what = f"The {self._schema.noun} at {self.path}"
        if self._closed and self._connection._connection is None:
            raise JournalClosed(f"{what} is closed.")
        try:
            yield
        except sqlite3.Error as error:
            raise _in_words(what, error) from error
        except OSError as error:
            raise DiskFailed(
                f"{what} cannot be opened: {error.strerror or error}.",
                hint="Check the folder and its rights.",
            ) from error


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite has the WAL-reset bug mended: 3.51.3 and later, 3.50.7 and 3.44.6 as back-ports."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def _in_words(what: str, error: sqlite3.Error) -> JournalError:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return JournalBusy(
                f"{what} was held by another process for too long.",
                hint="Try again, or close the other console.",
            )
        case sqlite3.SQLITE_FULL:
            return DiskFull(
                f"{what} could not be written: the disk is full. Nothing written before was lost.",
                hint="Make room and try again.",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return JournalDamaged(
                f"{what} is damaged: {error}.", hint="Move it away and restore a backup; do not delete it."
            )
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
            return DiskFailed(
                f"{what} could not be read or written: {error}. Nothing written before was lost.",
                hint="Check the disk, the quota and the rights of the folder.",
            )
    return JournalError(f"{what} refused: {error}.")
