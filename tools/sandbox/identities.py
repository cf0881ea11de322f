"""Names and uids that come out the same in every sandbox started with the same seed."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter

from tools.sandbox.manifest import ALPHABET

_SPACE = uuid.UUID("6c1f3c1e-52a6-4f0e-9a53-8f6f2d0a7b11")


class Identities:
    """Draws identities from what they are for, never from a shared stream of random numbers.

    The n-th pod of a ReplicaSet has the same name whatever else happened meanwhile.

    Args:
        seed: two clusters with the same seed and history agree on every identity.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawn: Counter[str] = Counter()

    def uid(self, resource: str, namespace: str, name: str) -> str:
        """A new uid; the same name used again after a deletion gets another one."""
        return str(uuid.uuid5(_SPACE, self._next(f"{resource}/{namespace}/{name}")))

    def suffix(self, resource: str, namespace: str, prefix: str) -> str:
        """Five letters for `generateName`."""
        digest = hashlib.sha256(self._next(f"suffix/{resource}/{namespace}/{prefix}").encode()).digest()
        return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:5])

    def number(self, purpose: str, below: int) -> int:
        """A number that belongs to a purpose: always the same one."""
        digest = hashlib.sha256(f"{self._seed}/{purpose}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % below

    def _next(self, purpose: str) -> str:
        self._drawn[purpose] += 1
        return f"{self._seed}/{purpose}/{self._drawn[purpose]}"


def safe_hash(text: str) -> str:
    """A short hash in the letters of generated names, such as `pod-template-hash`."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    return "".join(ALPHABET[ord(digit) % len(ALPHABET)] for digit in str(number))
