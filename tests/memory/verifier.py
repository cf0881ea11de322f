"""Somebody else's verifier, written from docs/audit.md alone: `python verifier.py JOURNAL [ROW HASH]`."""

import hashlib
import sqlite3
import sys

ROWS = """SELECT row, session, seq, at, kind, version, step, phase, digest, hash, salt, body
          FROM events ORDER BY row"""


def H(*fields: str) -> str:
    raw = (field.encode() for field in fields)
    return hashlib.sha256(b"".join(len(f).to_bytes(8, "big") + f for f in raw)).hexdigest()


def complaint(path: str, checkpoint: int = 0, expected: str = "") -> str:
    previous, heights, fits = "0" * 64, dict[str, int](), checkpoint == 0
    for count, found in enumerate(sqlite3.connect(path).execute(ROWS), 1):
        row, session, seq, at, kind, version, step, phase, digest, stored, salt, body = found
        heights[session] = heights.get(session, 0) + 1
        if row != count or seq != heights[session]:
            return f"row {count} is missing or out of order"
        text = (str(row), str(seq), str(version), session, at, kind, step or "", phase or "", digest)
        if stored != H("pilothouse journal row, layout 1", previous, *text):
            return f"row {row} does not fit"
        if body is not None and digest != H(salt or "", body):
            return f"the body of row {row} does not fit"
        fits = fits or (row == checkpoint and stored == expected)
        previous = stored
    return "" if fits else "the checkpoint does not fit"


if __name__ == "__main__":
    given = sys.argv[2:4]
    sys.exit(complaint(sys.argv[1], *([int(given[0]), given[1]] if given else [])) or 0)
