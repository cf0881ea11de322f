"""Who sits there, where two people have to be told apart."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

_UNSET = 2**32 - 1
"""What the kernel says of a process that nobody logged in for."""


@dataclass(frozen=True, slots=True)
class Person:
    """An operator: the name every event carries, and the account that logged in."""

    name: str
    login: str = ""
    """Empty where it is not known; such a person is told apart from nobody."""


def person(operator: str, login_uid: Path = Path("/proc/self/loginuid")) -> Person:
    """Whoever runs this process.

    The kernel keeps the account that logged in through `su` and `sudo`, so two people who share a
    service account are still two. Where it does not, the process's own account counts; the environment
    never does.

    Args:
        operator: the name the product uses for them.
        login_uid: where Linux says who logged in (proc(5), since 2.6.11 with auditing).
    """
    own = os.getuid()
    try:
        uid = int(login_uid.read_text("ascii"))
    except (OSError, ValueError):
        uid = _UNSET
    uid = own if uid == _UNSET else uid
    account = _account(uid)
    return Person(operator if uid == own else account, f"{account} ({uid})")


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
