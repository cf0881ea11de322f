"""`pilothouse auth`: credentials in the system's keyring. A value is never an argument and never printed."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator

from pydantic import JsonValue, SecretStr

from console.cli.exits import Exit, Problem
from console.cli.output import Output, plain
from console.cli.parser import Choices
from memory.credentials import FALLBACKS, Credentials
from memory.errors import CredentialError

DEFAULT = "anthropic-api-key"


def login(choices: Choices, out: Output, *, name: str = DEFAULT) -> int:
    """Store a credential: typed without echo on a terminal, else the first line of stdin."""
    _check(name)
    # Outside any event loop: there, ctrl+c would not end the prompt.
    secret = _read_secret(name)
    if not secret:
        raise Problem(Exit.USAGE, f"The credential {name} is empty; nothing was stored.")
    place = asyncio.run(Credentials(os.environ).store(name, SecretStr(secret)))
    out.result({"name": name, "kept_in": place}, lambda: [f"Stored {name} in {place}."])
    return Exit.DONE


async def logout(choices: Choices, out: Output, *, name: str = DEFAULT) -> int:
    """Remove a credential from the keyring."""
    _check(name)
    await Credentials(os.environ).delete(name)
    out.result({"name": name, "removed": True}, lambda: [f"Removed {name} from the keyring."])
    return Exit.DONE


async def list_names(choices: Choices, out: Output) -> int:
    """Print which credentials there are and where each was found."""
    credentials = Credentials(os.environ)
    trouble = ""
    try:
        names = await credentials.names()
    except CredentialError as error:
        names, trouble = [], error.message
    found: list[dict[str, JsonValue]] = []
    for name in sorted({*names, *FALLBACKS}):
        try:
            found.append({"name": name, "source": (await credentials.lookup(name)).source})
        except CredentialError:
            continue

    def lines() -> Iterator[str]:
        for item in found:
            yield plain(f"{item['name']}  from {item['source']}")
        if not found:
            yield "There are no credentials yet."

    out.result({"credentials": found, "keyring_trouble": trouble}, lines)
    if trouble:
        out.notice(trouble)
    return Exit.DONE


def _read_secret(name: str) -> str:
    if sys.stdin is None:
        return ""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    from getpass import getpass

    try:
        return getpass(f"{name}: ", stream=sys.stderr).strip()
    except EOFError:
        return ""


def _check(name: str) -> None:
    letters = name.replace("-", "")
    if not (name[:1].isalpha() and letters.isascii() and letters.isalnum() and name == name.lower()):
        raise Problem(
            Exit.USAGE,
            f"'{plain(name)}' is no name for a credential.",
            "Use lower-case letters, digits and hyphens, as in anthropic-api-key.",
        )
