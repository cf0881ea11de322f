"""Which console works on a session: whoever holds the lock on the session's file.

The kernel lets go of a lock when its process dies, however it dies, so there is no heartbeat, no clock and
nothing to clean up. A second console gets None and follows.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError

from memory.errors import HomeUnusable
from memory.home import Home, make_private

_ATTEMPTS = 5
_PAUSE_SECONDS = 0.005


class Holder(BaseModel):
    """The process that works on a session."""

    model_config = ConfigDict(frozen=True)

    pid: int
    host: str


class Lease:
    """Held until `release`, the end of the ``with`` block, or the end of the process."""

    def __init__(self, session: str, path: Path, descriptor: int) -> None:
        self.session = session
        self._path = path
        self._descriptor = descriptor

    @property
    def held(self) -> bool:
        """Whether `release` has not been called yet."""
        return self._descriptor >= 0

    def release(self) -> None:
        """Let the session go. Releasing twice does no harm."""
        if self._descriptor < 0:
            return
        # While the lock is held, the file at this path is ours to remove.
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def claim(home: Home, session: str) -> Lease | None:
    """Take the session, or return None because another console (or another part of this one) has it.

    Raises:
        HomeUnusable: the lock file cannot be made.
    """
    path = _path(home, session)
    make_private(path.parent)
    for attempt in range(_ATTEMPTS):
        if attempt:
            # `holder` takes the lock for an instant to see whether it is free; it must not win over a claim.
            time.sleep(_PAUSE_SECONDS)
        descriptor = _open(path, os.O_RDWR | os.O_CREAT)
        if _lock(descriptor, fcntl.LOCK_EX) and _is_still(path, descriptor):
            words = Holder(pid=os.getpid(), host=platform.node()).model_dump_json()
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, words.encode(), 0)
            return Lease(session, path, descriptor)
        os.close(descriptor)
    return None


def holder(home: Home, session: str) -> Holder | None:
    """Who works on the session now; None when nobody does."""
    path = _path(home, session)
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if _lock(descriptor, fcntl.LOCK_SH):
            return None
        with contextlib.suppress(ValidationError):
            return Holder.model_validate_json(os.pread(descriptor, 4096, 0))
        # Locked, and not yet written: it was taken this very moment.
        return Holder(pid=0, host=platform.node())
    finally:
        os.close(descriptor)


def _path(home: Home, session: str) -> Path:
    # Quoted, so that a session's id can never name a file elsewhere.
    return home.leases / f"{quote(session, safe='')}.lock"


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise HomeUnusable(
            f"The lock file {path} cannot be made: {error.strerror or error}.",
            hint="Check the folder's rights.",
        ) from error


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the file we locked is the one at the path: its last holder may have removed it meanwhile."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
