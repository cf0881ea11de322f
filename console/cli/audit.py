"""`pilothouse audit`: is the log whole, who did what, and how to show it to somebody else."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from console.cli.audit_entries import Entry, Wanted, entries, erased
from console.cli.exits import Exit, Problem
from console.cli.opening import open_journal
from console.cli.output import Output, plain
from console.cli.parser import Choices
from memory import chain
from memory.checkpoint import KEY_NAME, Checkpoint, CheckpointError
from memory.credentials import Credentials
from memory.erasure import erased_sessions
from memory.errors import CredentialMissing
from memory.home import Home
from memory.journal import Journal
from memory.sessions import Sessions


async def verify(
    choices: Choices, out: Output, *, anchor: Path | None = None, checkpoints: Path | None = None
) -> int:
    """Walk the chain. With an anchor file: compare with it, and move it on when everything fits.

    With a file of checkpoints: check every signature there, and compare with the last one.
    """
    journal = Home.find(os.environ, choices.home).journal
    kept = _read_anchor(anchor) if anchor is not None else None
    if checkpoints is not None:
        last = await _last_checkpoint(checkpoints)
        # Every row's hash rests on all before it: the higher of the two shows what the lower would.
        kept = last if kept is None or kept.row <= last.row else kept
    if journal.exists():
        found = await asyncio.to_thread(chain.verify, journal, kept)
    elif kept is not None and kept.row > 0:
        why = f"The anchor names row {kept.row}, but there is no journal."
        found = chain.Verification(ok=False, rows=0, first_bad=1, why=why)
    else:
        found = chain.Verification(ok=True, rows=0)
    if anchor is not None and found.ok:
        _write_anchor(anchor, found.last or chain.Anchor(row=0, hash=chain.GENESIS))

    def lines() -> Iterator[str]:
        if not found.ok:
            yield f"{out.paint('red', 'Not whole')}: {plain(found.why)}"
            yield f"First bad row: {found.first_bad}"
            return
        erased = f", {found.erased} of them erased on purpose" if found.erased else ""
        yield f"{out.paint('green', 'Whole')}: {found.rows} rows{erased}."
        if found.last is not None:
            yield f"Last row and hash: {found.last}"

    document = {**found.model_dump(mode="json"), "journal": str(journal)}
    out.result(document, lines)
    return Exit.DONE if found.ok else Exit.FAILED


async def show(
    choices: Choices,
    out: Output,
    *,
    session: str | None = None,
    plan: str = "",
    by: str = "",
    resource: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 200,
) -> int:
    """Print the last lines of the audit log that fit, oldest first. Deleted sessions have a line each."""
    wanted = Wanted(by=by, resource=resource, plan=plan, since=since, until=until)
    async with open_journal(choices) as (journal, sessions):
        found = [entry async for entry in _all(journal, sessions, session) if wanted.fits(entry)]
    found = sorted(found, key=lambda entry: entry.row)[-limit:]
    out.result(
        {"entries": [entry.model_dump(mode="json") for entry in found]},
        lambda: (_line(entry, out) for entry in found) if found else ["Nothing of that kind happened."],
    )
    return Exit.DONE


async def export(choices: Choices, out: Output, *, jsonl: bool = True) -> int:
    """Print the whole journal as JSON Lines: each row as it is chained, with what the audit log says of it.

    The rows can be verified from this alone; docs/audit.md says how.
    """
    async with open_journal(choices) as (journal, sessions):
        told = {entry.row: entry async for entry in _all(journal, sessions, None)}
        after = 0
        while rows := await journal.database.fetch(_ROWS, (after,)):
            for row in rows:
                line = dict(zip(_FIELDS, row, strict=True))
                if (entry := told.get(row[0])) is not None:
                    line["told"] = entry.model_dump(
                        mode="json", exclude={"row", "session", "seq", "at", "kind"}
                    )
                out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            after = rows[-1][0]
    return Exit.DONE


async def checkpoint(choices: Choices, out: Output, *, sign: bool = False) -> int:
    """Print where the chain stands now, as one line to be kept somewhere else."""
    async with open_journal(choices) as (journal, _):
        anchor = await journal.anchor()
    made = Checkpoint(anchor=anchor, at=datetime.now(UTC))
    if sign:
        try:
            made = made.sign(await _key(make=True))
        except CheckpointError as error:
            raise Problem(Exit.FAILED, str(error)) from error
    out.result({**made.model_dump(mode="json"), "line": str(made)}, lambda: [str(made)])
    return Exit.DONE


# --- details -------------------------------------------------------------------------------------------

_FIELDS = (
    "row", "session", "seq", "at", "kind", "version", "step", "phase", "salt", "body", "digest", "hash",
)  # fmt: skip
_ROWS = f"SELECT {', '.join(_FIELDS)} FROM events WHERE row > ? ORDER BY row LIMIT 1000"


async def _all(journal: Journal, sessions: Sessions, session: str | None) -> AsyncIterator[Entry]:
    """The entries of one session, or of all with a line for each deleted one."""
    if session is not None:
        ids = [(await sessions.get(session)).id]
    else:
        ids = [row.id for row in await sessions.list(limit=100_000)]
        for gone in await erased_sessions(journal.database):
            yield erased(gone)
    for name in ids:
        for entry in entries(await journal.read(name)):
            yield entry


async def _key(*, make: bool) -> SecretStr:
    """The key for checkpoints, out of the keyring; made there the first time something is signed."""
    credentials = Credentials(os.environ)
    try:
        return (await credentials.lookup(KEY_NAME)).value
    except CredentialMissing:
        if not make:
            raise
    key = SecretStr(secrets.token_hex(32))
    await credentials.store(KEY_NAME, key)
    return key


async def _last_checkpoint(path: Path) -> chain.Anchor:
    """The checkpoint of the highest row, after every signed one was checked."""
    try:
        lines = path.read_text("utf-8").splitlines()  # noqa: ASYNC240 - a small file
        found = [Checkpoint.parse(line) for line in lines if line.strip()]
        if not found:
            raise CheckpointError("there is no checkpoint in it")
        if any(each.signature for each in found):
            key = await _key(make=False)
            for each in found:
                each.check(key)
    except (OSError, CheckpointError) as error:
        raise Problem(Exit.FAILED, f"The checkpoints in {path} cannot be used: {error}") from error
    return max((each.anchor for each in found), key=lambda anchor: anchor.row)


def _line(entry: Entry, out: Output) -> str:
    place = " ".join(part for part in (entry.plan, entry.step) if part)
    result = f" → {entry.result}" if entry.result else ""
    approval = out.paint("dim", plain(f"  [approval {entry.approval}]")) if entry.approval else ""
    words = " ".join(f"{place + ': ' if place else ''}{entry.what}{result}".split())
    return f"{entry.row:>5}  {entry.at[:19]}  {entry.session}  {plain(entry.who)}  {plain(words)}{approval}"


def _read_anchor(path: Path) -> chain.Anchor | None:
    try:
        return chain.Anchor.parse(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Problem(Exit.FAILED, f"The anchor in {path} cannot be used: {error}") from error


def _write_anchor(path: Path, anchor: chain.Anchor) -> None:
    """Put the anchor there all at once, so that an interruption leaves the old one."""
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.touch(mode=0o600)
        draft.write_text(f"{anchor}\n", "utf-8")
        draft.replace(path)
    except OSError as error:
        raise Problem(Exit.FAILED, f"The anchor cannot be written to {path}: {error.strerror}.") from error
