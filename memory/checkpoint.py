"""Checkpoints: where the chain stood at a time, to be kept somewhere else, signed or not.

    pilothouse-checkpoint 1 ROW HASH TIME
    pilothouse-checkpoint 1 ROW HASH TIME KEY SIGNATURE

The signature is HMAC-SHA256 over the line up to and including KEY, as UTF-8, with the key's bytes; KEY
names the key by the first 16 hexadecimal digits of its SHA-256. It shows that whoever wrote the line held
the key. Who can read the key can sign: it protects a checkpoint that lies where others may write, and
proves nothing to somebody who does not trust the key's holder.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from memory.chain import Anchor

KEY_NAME = "audit-key"
"""The credential that holds the key: at least 32 hexadecimal digits."""

_LAYOUT = "pilothouse-checkpoint 1"
_SHORTEST_KEY = 16


class CheckpointError(ValueError):
    """A line is no checkpoint, or its signature does not fit; the message says which."""


class Checkpoint(BaseModel):
    """One line. `key` and `signature` are empty in one that is not signed."""

    model_config = ConfigDict(frozen=True)

    anchor: Anchor
    at: datetime
    key: str = ""
    signature: str = ""

    def __str__(self) -> str:
        return f"{self._signed} {self.signature}".strip()

    @property
    def _signed(self) -> str:
        at = self.at.astimezone(UTC).isoformat(timespec="seconds")
        return f"{_LAYOUT} {self.anchor.row} {self.anchor.hash} {at} {self.key}".strip()

    def sign(self, key: SecretStr) -> Checkpoint:
        """The same, signed. Raises `CheckpointError` for a key that is too short or not hexadecimal."""
        named = self.model_copy(update={"key": fingerprint(key), "signature": ""})
        return named.model_copy(update={"signature": _mac(named._signed, key)})

    def check(self, key: SecretStr) -> None:
        """Raises `CheckpointError` unless it was signed with this key."""
        if not self.signature:
            raise CheckpointError(f"The checkpoint of row {self.anchor.row} is not signed.")
        if self.key != fingerprint(key):
            raise CheckpointError(
                f"The checkpoint of row {self.anchor.row} was signed with key {self.key}, not {fingerprint(key)}."
            )
        if not hmac.compare_digest(self.signature, _mac(self._signed, key)):
            raise CheckpointError(f"The signature of the checkpoint of row {self.anchor.row} does not fit.")

    @classmethod
    def parse(cls, line: str) -> Checkpoint:
        """Read what `str` wrote. Raises `CheckpointError`."""
        fields = line.split()
        if " ".join(fields[:2]) != _LAYOUT or len(fields) not in (5, 7):
            raise CheckpointError(f"“{line.strip()[:80]}” is no checkpoint.")
        try:
            return cls(
                anchor=Anchor.parse(" ".join(fields[2:4])),
                at=datetime.fromisoformat(fields[4]),
                key=fields[5] if len(fields) > 5 else "",
                signature=fields[6] if len(fields) > 5 else "",
            )
        except (ValueError, ValidationError) as error:
            raise CheckpointError(f"“{line.strip()[:80]}” is no checkpoint: {error}") from error


def fingerprint(key: SecretStr) -> str:
    """Names a key without telling it."""
    return sha256(_bytes(key)).hexdigest()[:16]


def _mac(line: str, key: SecretStr) -> str:
    return hmac.new(_bytes(key), line.encode(), sha256).hexdigest()


def _bytes(key: SecretStr) -> bytes:
    try:
        found = bytes.fromhex(key.get_secret_value().strip())
    except ValueError:
        found = b""
    if len(found) < _SHORTEST_KEY:
        raise CheckpointError(
            f"The key {KEY_NAME} has to be at least {_SHORTEST_KEY * 2} hexadecimal digits."
        )
    return found
