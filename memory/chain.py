"""The chain that ties every row of the journal to the row before it.

A row's hash is SHA-256 over the previous hash and the row's fields, each prefixed with its length. It commits
to the body only through the body's own salted digest: when a body is erased its salt goes with it, the chain
still verifies, and the digest that stays behind cannot be used to try guesses.

What it shows: that no row was changed, removed, added or moved within what the last hash covers.
What it cannot show by itself: a cut tail, or a journal rewritten from some row on with new hashes by
somebody who may write the file. An anchor, kept where that somebody cannot write, shows both.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from memory.errors import JournalDamaged

GENESIS = "0" * 64
"""What stands in for the hash before the first row."""

_LAYOUT = "pilothouse journal row, layout 1"
_COLUMNS = "row, session, seq, at, kind, version, step, phase, digest, hash, body, salt"
_PAGE = 2000


class Anchor(BaseModel):
    """A row and its hash, to be kept outside the journal: a file, a ticket, syslog, an object lock."""

    model_config = ConfigDict(frozen=True)

    row: int
    hash: str

    def __str__(self) -> str:
        return f"{self.row} {self.hash}"

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """Read what `str(anchor)` wrote.

        Raises:
            ValueError: the text is not an anchor.
        """
        fields = text.split()
        try:
            row, digest = fields
            return cls(row=int(row), hash=digest)
        except (ValueError, ValidationError):
            raise ValueError(f"'{text[:80]}' is not an anchor: expected a row number and a hash.") from None


class Verification(BaseModel):
    """What a walk along the chain found.

    Attributes:
        ok: every row fits, and so does the anchor, if one was given.
        rows: how many rows were read, the bad one included.
        erased: how many of them have lost their body on purpose.
        last: the row and hash the walk ended at; None in an empty or unfitting journal.
        first_bad: number of the first row that does not fit.
        why: a sentence about it; empty when ok.
    """

    model_config = ConfigDict(frozen=True)

    ok: bool
    rows: int
    erased: int = 0
    last: Anchor | None = None
    first_bad: int | None = None
    why: str = ""


def body_digest(salt: str, body: str) -> str:
    """Digest a body, hexadecimal. `salt` is hexadecimal too, and random for each row."""
    return _sha256((salt, body))


def row_hash(
    previous: str,
    *,
    row: int,
    session: str,
    seq: int,
    at: str,
    kind: str,
    version: int,
    step: str | None,
    phase: str | None,
    digest: str,
) -> str:
    """Hash one row onto the chain.

    Args:
        previous: the hash of the row before, or `GENESIS`.
        at: the time exactly as it is stored.
        step, phase: the step's key and ``begin`` or ``end``; None for ordinary rows.
        digest: what `body_digest` gave.
    """
    numbers = (str(row), str(seq), str(version))
    return _sha256(
        (_LAYOUT, previous, *numbers, session, at, kind, step or "", phase or "", digest),
    )


def verify(path: Path, anchor: Anchor | None = None) -> Verification:
    """Walk the whole chain of the journal at `path`. Reads only; may take a second per 100,000 rows.

    Raises:
        JournalDamaged: the file cannot be read as a journal at all.
    """
    try:
        # Not mode=ro: after a crash, the first to open the file has to take the torn transaction back.
        address = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=10)) as connection:
            connection.execute("PRAGMA query_only = ON")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
                raise JournalDamaged(
                    f"{path} holds no journal.", hint="Name the file journal.db of a home that was used."
                )
            return verify_connection(connection, anchor)
    except sqlite3.Error as error:
        raise JournalDamaged(
            f"The journal at {path} cannot be verified: {error}.", hint="Restore it from a backup."
        ) from error


def verify_connection(connection: sqlite3.Connection, anchor: Anchor | None = None) -> Verification:
    """As `verify`, on a connection that is already open."""
    rows = erased = 0
    previous = GENESIS
    heights: dict[str, int] = {}
    anchored = anchor is None or anchor == Anchor(row=0, hash=GENESIS)

    def bad(row: int, why: str) -> Verification:
        return Verification(ok=False, rows=rows, erased=erased, first_bad=row, why=why)

    for row, session, seq, at, kind, version, step, phase, digest, stored, body, salt in _walk(connection):
        rows += 1
        if row != rows:
            return bad(rows, f"Row {rows} is missing: the next one there is row {row}.")
        expected = row_hash(
            previous, row=row, session=session, seq=seq, at=at, kind=kind, version=version,
            step=step, phase=phase, digest=digest,
        )  # fmt: skip
        if stored != expected:
            return bad(row, f"Row {row} does not fit the row before it: it was changed, moved or put in.")
        if body is None:
            erased += 1
        elif salt is None or body_digest(salt, body) != digest:
            return bad(row, f"The body of row {row} is not the one that was written.")
        if seq != heights.get(session, 0) + 1:
            return bad(row, f"Row {row} is number {seq} of its session, out of order.")
        heights[session] = seq
        previous = stored
        if anchor is not None and anchor.row == row:
            if anchor.hash != stored:
                return bad(row, f"Row {row} differs from the anchor: the journal was rewritten up to there.")
            anchored = True
    if not anchored and anchor is not None:
        why = f"The anchor names row {anchor.row}, but the journal ends at row {rows}: rows were cut off."
        return bad(rows + 1, why)
    last = Anchor(row=rows, hash=previous) if rows else None
    return Verification(ok=True, rows=rows, erased=erased, last=last)


def _walk(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    # In pages: one long read would keep every console from committing in rollback-journal mode. Rows
    # never change, so what was read stays true.
    after, sql = -sys.maxsize, f"SELECT {_COLUMNS} FROM events WHERE row > ? ORDER BY row LIMIT {_PAGE}"
    while page := connection.execute(sql, (after,)).fetchall():
        yield from page
        after = page[-1][0]


def _sha256(fields: Iterable[str]) -> str:
    hasher = sha256()
    for field in fields:
        data = field.encode()
        # Without the lengths, ("ab", "c") and ("a", "bc") would be the same bytes.
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return hasher.hexdigest()
