"""The key that makes the tokens which stand for secrets. It never leaves the home.

Tokens are made with it (HMAC), so that the same secret has the same token wherever it turns up in this
home, while nobody can try guesses against a token from an export without it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from memory.errors import HomeUnusable

LENGTH = 32
"""Bytes."""


def redaction_key(path: Path, random: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """The key kept at `path`, made at the first call; its folder must exist.

    Two consoles that start at the same moment end up with the same key. The file is 0600.

    Raises:
        HomeUnusable: it can be neither read nor made, or is no key.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unusable(path, error) from error
    draft = path.with_name(f"{path.name}.{os.getpid()}.{random(4).hex()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(random(LENGTH))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails when somebody was faster, and then theirs counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return _read(path)
    except OSError as error:
        raise _unusable(path, error) from error


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != LENGTH:
        raise HomeUnusable(
            f"{path} is not a key: it has {len(key)} bytes instead of {LENGTH}.",
            hint="Move it away; tokens of secrets will then differ from those in older sessions.",
        )
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return key


def _unusable(path: Path, error: OSError) -> HomeUnusable:
    return HomeUnusable(
        f"The key of redaction {path} cannot be used: {error.strerror or error}.",
        hint="Secrets are only hidden with it. Make its folder yours, or choose another home with --home.",
    )
