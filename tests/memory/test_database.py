from __future__ import annotations

import sqlite3
from pathlib import Path

import aiosqlite
import pytest

from memory.database import Database, wal_is_safe
from memory.errors import DiskFailed, DiskFull, JournalBusy, JournalDamaged, JournalError, JournalNewer
from memory.journal import Journal
from memory.migrations import JOURNAL, Schema, run
from tests.memory.scribes import Ticks, draft


@pytest.mark.parametrize("version", [(3, 44, 6), (3, 44, 9), (3, 50, 7), (3, 51, 3), (3, 52, 0), (4, 0, 0)])
def test_wal_is_used_where_its_reset_bug_is_mended(version: tuple[int, int, int]) -> None:
    assert wal_is_safe(version)


@pytest.mark.parametrize(
    "version", [(3, 34, 1), (3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 0), (3, 51, 2)]
)
def test_wal_is_not_used_where_its_reset_bug_can_strike(version: tuple[int, int, int]) -> None:
    assert not wal_is_safe(version)


async def test_a_commit_waits_for_the_disk_and_deleted_bytes_are_overwritten(path: Path) -> None:
    database = await Database.open(path, JOURNAL)
    settings = {
        name: (await database.fetch(f"PRAGMA {name}"))[0][0]
        for name in ("synchronous", "fullfsync", "secure_delete", "journal_mode")
    }
    await database.close()
    safe = wal_is_safe(sqlite3.sqlite_version_info)
    assert settings == {
        "synchronous": 2,
        "fullfsync": 1,
        "secure_delete": 1,
        "journal_mode": "wal" if safe else "delete",
    }


@pytest.mark.skipif(wal_is_safe(sqlite3.sqlite_version_info), reason="this SQLite may use WAL")
async def test_a_sqlite_with_the_bug_takes_a_file_out_of_wal_or_refuses_to_share_it(path: Path) -> None:
    await (await Journal.open(path, Ticks())).close()
    other = sqlite3.connect(path)
    assert other.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    # Only now does it hold the file, as an idle console does.
    other.execute("SELECT * FROM sessions").fetchall()
    with pytest.raises(JournalBusy, match="newer SQLite"):
        await Database.open(path, JOURNAL, busy_seconds=0)
    other.close()
    database = await Database.open(path, JOURNAL)
    assert await database.fetch("PRAGMA journal_mode") == [("delete",)]
    await database.close()


async def test_a_newer_journal_is_refused_with_a_sentence_and_left_untouched(path: Path) -> None:
    await (await Journal.open(path, Ticks())).close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    before = _bytes(path)
    with pytest.raises(JournalNewer, match=r"newer Pilothouse \(format 99; this one knows up to 3\).*Update"):
        await Journal.open(path, Ticks())
    assert _bytes(path) == before


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def test_somebody_elses_database_is_refused_and_left_untouched(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA application_id = 7")
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = _bytes(path)
    with pytest.raises(JournalDamaged, match="not a Pilothouse journal"):
        await Journal.open(path, Ticks())
    assert _bytes(path) == before


async def test_a_file_that_is_no_database_is_refused_and_left_untouched(path: Path) -> None:
    _write(path, b"Dear diary, " * 200)
    with pytest.raises(JournalDamaged, match="damaged"):
        await Journal.open(path, Ticks())
    assert _bytes(path) == b"Dear diary, " * 200


async def test_a_folder_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DiskFailed, match="cannot be opened: No such file"):
        await Journal.open(tmp_path / "nowhere" / "journal.db", Ticks())


async def test_a_new_file_can_be_read_by_its_owner_alone(path: Path) -> None:
    async with await Journal.open(path, Ticks()) as journal:
        await journal.append("s", draft())
        assert {f.name: f.stat().st_mode & 0o777 for f in path.parent.iterdir()}[path.name] == 0o600


async def test_a_file_held_by_another_process_for_too_long_is_told_in_a_sentence(path: Path) -> None:
    database = await Database.open(path, JOURNAL, busy_seconds=0)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalBusy, match="held by another process"):
            await database.transact(lambda connection: run(connection, "DELETE FROM sessions"))
        other.execute("ROLLBACK")
    other.close()
    await database.transact(lambda connection: run(connection, "DELETE FROM sessions"))
    await database.close()


async def test_a_full_disk_takes_back_the_whole_commit_and_loses_nothing(journal: Journal) -> None:
    await journal.append("s", draft("first"))
    [(pages,)] = await journal.database.fetch("PRAGMA page_count")
    await journal.database.fetch(f"PRAGMA max_page_count = {pages + 3}")
    confirmed = 1
    with pytest.raises(DiskFull, match=r"the disk is full\. Nothing written before was lost\. Make room"):
        while True:
            await journal.append("s", draft("words " * 100, body="x" * 500), draft(body="y" * 500))
            confirmed += 2
    assert len(await journal.read("s")) == confirmed
    await journal.database.fetch("PRAGMA max_page_count = 100000")
    await journal.append("s", draft("z" * 5000))
    assert (await journal.verify()).rows == confirmed + 1


async def second_format(connection: aiosqlite.Connection) -> None:
    await run(connection, "ALTER TABLE sessions ADD COLUMN colour TEXT")


async def broken_format(connection: aiosqlite.Connection) -> None:
    await run(connection, "CREATE TABLE half_done (x)", "ALTER TABLE nowhere ADD COLUMN colour TEXT")


async def test_a_migration_leaves_a_copy_of_the_older_file_beside_it(path: Path) -> None:
    async with await Journal.open(path, Ticks()) as journal:
        written = await journal.append("s", draft("kept"))
    newer = JOURNAL._replace(migrations=(*JOURNAL.migrations, second_format))
    database = await Database.open(path, newer)
    assert await database.fetch("SELECT id, colour FROM sessions") == [("s", None)]
    [copy] = database.backups()
    await database.close()
    assert copy.stat().st_mode & 0o777 == 0o600
    async with await Journal.open(copy, Ticks()) as journal:
        assert await journal.read("s") == written
    with pytest.raises(JournalNewer):
        await Journal.open(path, Ticks())


async def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    async with await Journal.open(path, Ticks()) as journal:
        await journal.append("s", draft("kept"))
    broken = JOURNAL._replace(migrations=(*JOURNAL.migrations, second_format, broken_format))
    with pytest.raises(JournalError, match="nowhere"):
        await Database.open(path, broken)
    async with await Journal.open(path, Ticks()) as journal:
        assert len(await journal.read("s")) == 1
        assert await journal.database.fetch("SELECT 1 FROM sqlite_schema WHERE name = 'half_done'") == []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events WHERE row = 1",
        "UPDATE events SET body = 'x' WHERE row = 1",
        "UPDATE events SET body = NULL, salt = NULL, at = 'x' WHERE row = 1",
        "INSERT INTO events VALUES (9, 's', 3, '', 'k', 1, NULL, NULL, 's', 'b', 'd', 'h')",
        "INSERT INTO events VALUES (3, 's', 9, '', 'k', 1, NULL, NULL, 's', 'b', 'd', 'h')",
        "INSERT OR REPLACE INTO events VALUES (1, 's', 1, '', 'k', 1, NULL, NULL, 's', 'b', 'd', 'h')",
        # In its right place, but it would push out the step's first begin.
        "INSERT OR REPLACE INTO events VALUES (3, 's', 3, '', 'k', 1, 'step', 'begin', 's', 'b', 'd', 'h')",
    ],
)
async def test_sql_that_would_change_the_past_is_refused(journal: Journal, statement: str) -> None:
    await journal.append("s", draft())
    await journal.begin("s", "step", draft())
    before = await journal.database.fetch("SELECT * FROM events")
    with pytest.raises(
        JournalError, match=r"the journal (only grows|never loses)|a row of the journal never changes"
    ):
        await journal.database.transact(lambda connection: run(connection, statement))
    assert await journal.database.fetch("SELECT * FROM events") == before


async def test_opening_the_same_new_file_twice_at_once_makes_its_tables_once(path: Path) -> None:
    schema = Schema("journal", JOURNAL.application_id, JOURNAL.migrations)
    first = await Database.open(path, schema)
    second = await Database.open(path, schema)
    assert await first.fetch("PRAGMA user_version") == await second.fetch("PRAGMA user_version") == [(3,)]
    await first.close()
    await second.close()
