"""The redactor of a home: whatever is kept or shown there goes through one with the same key."""

from __future__ import annotations

import secrets

from memory.errors import HomeUnusable
from memory.home import Home
from memory.redaction_key import redaction_key
from tools.redaction.redactor import Redactor


def home_redactor(home: Home) -> Redactor:
    """The redactor with the home's key, which is made if there is none.

    Raises:
        HomeUnusable: the key cannot be read or made.
    """
    return Redactor(redaction_key(home.redaction_key))


def any_redactor(home: Home) -> Redactor:
    """The home's redactor, or one whose tokens mean nothing elsewhere where the home cannot be used.

    For error messages and logs, which must not wait for a home to be in order.
    """
    try:
        return home_redactor(home)
    except HomeUnusable:
        return Redactor(secrets.token_bytes(32))
