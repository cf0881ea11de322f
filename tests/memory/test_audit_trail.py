"""The log can be checked by a stranger's tool, and what stays of deleted sessions can be told."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from memory import chain
from memory.chain import Anchor
from memory.checkpoint import Checkpoint, CheckpointError
from memory.erasure import erased_sessions
from memory.journal import Journal
from memory.sessions import Sessions
from tests.memory import verifier
from tests.memory.scribes import Ticks, draft
from tests.memory.test_chain import end_of, written

KEY, OTHER = SecretStr("ab" * 32), SecretStr("cd" * 32)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

Tamper = Callable[[sqlite3.Connection], object]
TAMPERING: dict[str, Tamper] = {
    "edit a body": lambda c: c.execute("UPDATE events SET body = '\"x\"' WHERE row = 3"),
    "edit a kind": lambda c: c.execute("UPDATE events SET kind = 'x' WHERE row = 3"),
    "edit a time": lambda c: c.execute("UPDATE events SET at = '2020-01-01T00:00:00+00:00' WHERE row = 3"),
    "edit a session": lambda c: c.execute("UPDATE events SET session = 'c', seq = 1 WHERE row = 3"),
    "edit a digest": lambda c: c.execute("UPDATE events SET digest = hash WHERE row = 3"),
    "delete": lambda c: c.execute("DELETE FROM events WHERE row = 3"),
    "delete and close up": lambda c: c.executescript(
        "DELETE FROM events WHERE row = 3; UPDATE events SET row = row - 1 WHERE row > 3"
    ),
    "insert": lambda c: c.execute(
        "INSERT INTO events SELECT 8, session, 9, at, kind, version, NULL, NULL, salt, body, digest, hash"
        " FROM events WHERE row = 7"
    ),
    "reorder": lambda c: c.executescript(
        "UPDATE events SET row = 99 WHERE row = 3; UPDATE events SET row = 3 WHERE row = 4;"
        "UPDATE events SET row = 4 WHERE row = 99"
    ),
    "truncate": lambda c: c.execute("DELETE FROM events WHERE row > 5"),
    "empty": lambda c: c.execute("DELETE FROM events"),
    "rewrite": lambda c: _rewrite(c, 3),
}


def _rewrite(connection: sqlite3.Connection, start: int) -> None:
    """What somebody does who knows the layout: another body, and new hashes from there on."""
    connection.execute("UPDATE events SET body = '\"mine\"' WHERE row = ?", (start,))
    previous = connection.execute("SELECT hash FROM events WHERE row = ?", (start - 1,)).fetchone()[0]
    rows = connection.execute("SELECT * FROM events WHERE row >= ? ORDER BY row", (start,)).fetchall()
    for row, session, seq, at, kind, version, step, phase, salt, body, *_ in rows:
        digest = chain.body_digest(salt, body)
        previous = chain.row_hash(
            previous, row=row, session=session, seq=seq, at=at, kind=kind, version=version, step=step,
            phase=phase, digest=digest,
        )  # fmt: skip
        connection.execute("UPDATE events SET digest = ?, hash = ? WHERE row = ?", (digest, previous, row))


def after(path: Path, tamper: Tamper) -> None:
    connection = sqlite3.connect(path)
    for name in ("events_grow_at_the_end", "events_stay", "events_change_only_by_erasure"):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("DROP INDEX events_by_step")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    tamper(connection)
    connection.commit()
    connection.close()


def test_a_strangers_verifier_agrees_that_a_journal_is_whole() -> None:
    with written() as path:
        end = end_of(path)
        assert verifier.complaint(str(path)) == verifier.complaint(str(path), end.row, end.hash) == ""
        program = [sys.executable, "-I", verifier.__file__, str(path), str(end.row), end.hash]
        assert subprocess.run(program, check=False).returncode == 0


@pytest.mark.parametrize("tamper", TAMPERING.values(), ids=TAMPERING.keys())
def test_both_verifiers_find_every_kind_of_tampering_once_there_is_a_checkpoint(tamper: Tamper) -> None:
    with written() as path:
        end = end_of(path)
        after(path, tamper)
        assert not chain.verify(path, end).ok
        assert verifier.complaint(str(path), end.row, end.hash)


@pytest.mark.parametrize("tamper", ["truncate", "rewrite"])
def test_without_a_checkpoint_a_cut_tail_and_a_rewritten_one_are_not_found(tamper: str) -> None:
    with written() as path:
        after(path, TAMPERING[tamper])
        assert chain.verify(path).ok, "the documentation says so"
        assert verifier.complaint(str(path)) == ""


def test_a_deleted_session_leaves_its_kinds_and_times_and_no_words(tmp_path: Path) -> None:
    async def delete() -> None:
        async with await Journal.open(tmp_path / "journal.db", Ticks()) as journal:
            sessions = Sessions(journal)
            for name in ("kept", "gone"):
                await sessions.create(name)
                await journal.append(
                    name, draft(kind="said", body='"hello"'), draft(kind="said", body='"again"')
                )
                await journal.begin(name, f"{name}.1/s/1", draft(kind="step_intended"))
            assert await erased_sessions(journal.database) == []
            await sessions.delete("gone")
            [gone] = await erased_sessions(journal.database)
            assert (gone.session, gone.events, gone.first_row, gone.last_row) == ("gone", 3, 4, 6)
            assert gone.kinds == {"said": 2, "step_intended": 1} and gone.steps == ("gone.1/s/1",)
            assert gone.began < gone.ended

    asyncio.run(delete())


# --- checkpoints -------------------------------------------------------------------------------------


def a_checkpoint() -> Checkpoint:
    return Checkpoint(anchor=Anchor(row=7, hash="f" * 64), at=NOON)


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    for made in (a_checkpoint(), a_checkpoint().sign(KEY)):
        assert Checkpoint.parse(f"{made}\n") == made


def test_a_signature_fits_its_line_and_its_key_only() -> None:
    signed = a_checkpoint().sign(KEY)
    signed.check(KEY)
    assert KEY.get_secret_value() not in str(signed)
    with pytest.raises(CheckpointError, match="was signed with key"):
        signed.check(OTHER)
    forged = signed.model_copy(update={"anchor": Anchor(row=7, hash="0" * 64)})
    for bad in (forged, signed.model_copy(update={"at": NOON.replace(hour=13)})):
        with pytest.raises(CheckpointError, match="does not fit"):
            bad.check(KEY)
    with pytest.raises(CheckpointError, match="not signed"):
        a_checkpoint().check(KEY)


def test_a_signature_can_be_checked_from_the_documentation_alone() -> None:
    import hashlib
    import hmac

    line, _, signature = str(a_checkpoint().sign(KEY)).rpartition(" ")
    key = bytes.fromhex(KEY.get_secret_value())
    assert signature == hmac.new(key, line.encode(), hashlib.sha256).hexdigest()
    assert line.endswith(hashlib.sha256(key).hexdigest()[:16])


@pytest.mark.parametrize("key", ["", "short", "ab" * 8, "not hexadecimal at all, however long it is"])
def test_a_key_that_is_none_signs_nothing(key: str) -> None:
    with pytest.raises(CheckpointError, match="hexadecimal"):
        a_checkpoint().sign(SecretStr(key))


@pytest.mark.parametrize(
    "line", ["", "x", "pilothouse-checkpoint 2 7 ff 2026-03-02", "pilothouse-checkpoint 1 x y z"]
)
def test_what_is_no_checkpoint_is_said_to_be_none(line: str) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint"):
        Checkpoint.parse(line)
