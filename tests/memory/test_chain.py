from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory import chain
from memory.chain import GENESIS, Anchor, Verification
from memory.errors import JournalDamaged
from memory.journal import Journal
from tests.memory.scribes import Ticks, draft

ROWS = 7
COLUMNS = ("session", "seq", "at", "kind", "version", "step", "phase", "salt", "body", "digest", "hash")


@contextmanager
def written() -> Iterator[Path]:
    """A journal of `ROWS` rows in two sessions, one step among them."""

    async def write(path: Path) -> None:
        async with await Journal.open(path, Ticks()) as journal:
            await journal.append("a", draft(body='"one"'), draft(body='"two"'))
            await journal.begin("b", "step", draft(body='"three"'))
            await journal.end("b", "step", draft(body='"four"'), draft(body='"five"'))
            await journal.append("a", draft(body='"six"'), draft(body='"seven"'))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        asyncio.run(write(path))
        yield path


def tampered(
    path: Path, tamper: Callable[[sqlite3.Connection], object], anchor: Anchor | None
) -> Verification:
    """What the chain says after somebody with the right to write the file had their way with it."""
    connection = sqlite3.connect(path)
    for name in ("events_grow_at_the_end", "events_stay", "events_change_only_by_erasure"):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    tamper(connection)
    connection.commit()
    connection.close()
    return chain.verify(path, anchor)


def end_of(path: Path) -> Anchor:
    found = chain.verify(path).last
    assert found is not None
    return found


def test_an_untouched_journal_fits_and_so_does_its_anchor() -> None:
    with written() as path:
        found = chain.verify(path, end_of(path))
        assert (found.ok, found.rows, found.erased, found.first_bad, found.why) == (True, ROWS, 0, None, "")


@settings(max_examples=40, deadline=None)
@given(st.integers(1, ROWS), st.sampled_from(COLUMNS), st.integers(10, 99))
def test_an_edit_of_any_field_is_found_at_its_row(row: int, column: str, value: int) -> None:
    with written() as path:
        sql = f"UPDATE events SET {column} = ? WHERE row = ?"
        found = tampered(path, lambda c: c.execute(sql, (value, row)), None)
        assert (found.ok, found.first_bad) == (False, row)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, ROWS - 1))
def test_a_removed_row_is_found_where_it_was(row: int) -> None:
    with written() as path:
        found = tampered(path, lambda c: c.execute("DELETE FROM events WHERE row = ?", (row,)), None)
        assert (found.ok, found.first_bad) == (False, row)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, ROWS - 1))
def test_a_removed_row_is_found_even_when_the_others_close_ranks(row: int) -> None:
    def remove(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM events WHERE row = ?", (row,))
        for later in range(row + 1, ROWS + 1):
            connection.execute("UPDATE events SET row = ? WHERE row = ?", (later - 1, later))

    with written() as path:
        found = tampered(path, remove, None)
        assert (found.ok, found.first_bad) == (False, row)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, ROWS))
def test_a_row_put_in_is_found_where_it_stands(row: int) -> None:
    def insert(connection: sqlite3.Connection) -> None:
        for later in range(ROWS, row - 1, -1):
            connection.execute("UPDATE events SET row = ? WHERE row = ?", (later + 1, later))
        connection.execute(
            "INSERT INTO events SELECT ?, session, 99, at, kind, version, NULL, NULL, salt, body, digest, hash"
            " FROM events ORDER BY row LIMIT 1",
            (row,),
        )

    with written() as path:
        found = tampered(path, insert, None)
        assert (found.ok, found.first_bad) == (False, row)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, ROWS), min_size=2, max_size=2, unique=True))
def test_two_rows_that_changed_places_are_found_at_the_first(pair: list[int]) -> None:
    def swap(connection: sqlite3.Connection) -> None:
        for old, new in ((pair[0], 100), (pair[1], pair[0]), (100, pair[1])):
            connection.execute("UPDATE events SET row = ? WHERE row = ?", (new, old))

    with written() as path:
        found = tampered(path, swap, None)
        assert (found.ok, found.first_bad) == (False, min(pair))


@pytest.mark.parametrize("left", range(ROWS))
def test_a_cut_tail_is_found_with_an_anchor_and_only_with_one(left: int) -> None:
    with written() as path:
        anchor = end_of(path)
        found = tampered(path, lambda c: c.execute("DELETE FROM events WHERE row > ?", (left,)), anchor)
        assert (found.ok, found.first_bad) == (False, left + 1)
        assert f"names row {ROWS}" in found.why
        assert chain.verify(path).ok


def test_a_journal_rewritten_with_new_hashes_is_found_with_an_anchor_and_only_with_one() -> None:
    def rewrite(connection: sqlite3.Connection) -> None:
        previous = GENESIS
        columns = "row, session, seq, at, kind, version, step, phase, salt, body"
        rows = connection.execute(f"SELECT {columns} FROM events ORDER BY row").fetchall()
        for row, session, seq, at, kind, version, step, phase, salt, body in rows:
            body = '"forged"' if row == 3 else body
            digest = chain.body_digest(salt, body)
            previous = chain.row_hash(
                previous, row=row, session=session, seq=seq, at=at, kind=kind, version=version,
                step=step, phase=phase, digest=digest,
            )  # fmt: skip
            connection.execute(
                "UPDATE events SET body = ?, digest = ?, hash = ? WHERE row = ?",
                (body, digest, previous, row),
            )

    with written() as path:
        anchor = end_of(path)
        found = tampered(path, rewrite, anchor)
        assert (found.ok, found.first_bad) == (False, ROWS)
        assert "rewritten" in found.why
        assert chain.verify(path).ok


@given(
    st.lists(st.text(max_size=4), min_size=3, max_size=3),
    st.lists(st.text(max_size=4), min_size=3, max_size=3),
)
def test_different_fields_never_run_together_into_the_same_hash(one: list[str], other: list[str]) -> None:
    def digest(session: str, kind: str, at: str) -> str:
        return chain.row_hash(
            GENESIS,
            row=1,
            session=session,
            seq=1,
            at=at,
            kind=kind,
            version=1,
            step=None,
            phase=None,
            digest="",
        )

    assert (digest(*one) == digest(*other)) == (one == other)
    assert digest("ab", "c", "") != digest("a", "bc", "")


async def test_the_same_body_twice_leaves_two_digests_so_that_neither_can_be_guessed(
    journal: Journal,
) -> None:
    await journal.append("s", draft(body='"yes"'), draft(body='"yes"'))
    digests = await journal.database.fetch("SELECT DISTINCT digest, salt FROM events")
    assert len(digests) == 2


@given(st.integers(0, 10**9), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_an_anchor_survives_being_written_down(row: int, digest: str) -> None:
    anchor = Anchor(row=row, hash=digest)
    assert Anchor.parse(f" {anchor}\n") == anchor


@pytest.mark.parametrize("text", ["", "7", "seven abc", "7 abc def"])
def test_words_that_are_no_anchor_are_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is not an anchor"):
        Anchor.parse(text)


async def test_an_empty_journal_fits_and_its_anchor_still_holds_later(journal: Journal) -> None:
    anchor = await journal.anchor()
    assert (await journal.verify(anchor)).ok
    await journal.append("s", draft())
    assert (await journal.verify(anchor)).ok


async def test_a_file_is_walked_as_a_crash_in_the_middle_of_a_commit_left_it(
    journal: Journal, path: Path
) -> None:
    await journal.append("s", draft(), draft())

    def crash() -> Path:
        """Copy the files while a transaction too large for memory has begun to reach them."""
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("PRAGMA cache_size = 5")
        writer.execute("BEGIN IMMEDIATE")
        writer.executemany(
            "INSERT INTO sessions (id, created, updated) VALUES (?, '', '')",
            ((f"{n:09d}",) for n in range(2000)),
        )
        left = path.parent / "left"
        left.mkdir()
        for file in path.parent.glob("journal.db*"):
            (left / file.name).write_bytes(file.read_bytes())
        writer.execute("ROLLBACK")
        writer.close()
        return left / path.name

    found = chain.verify(await asyncio.to_thread(crash), await journal.anchor())
    assert (found.ok, found.rows) == (True, 2)


def test_a_file_that_cannot_be_walked_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(JournalDamaged, match="cannot be verified"):
        chain.verify(tmp_path / "nothing-here.db")
