"""Keyrings that must not be trusted with anything, or that do not work.

Run as a program, this module does what its arguments say with the keyring of the session it runs in, and
prints one line for each: ``store NAME=VALUE``, ``lookup NAME``, ``delete NAME``, ``names``, and
``plain FILE``, which adds a plain-text keyring in front of the others.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError
from pydantic import SecretStr

from memory.credentials import Credentials
from memory.errors import KeptError


class Plain(KeyringBackend):
    """Writes what it is given to a file, as it is, like those of keyrings.alt."""

    file = Path(os.devnull)

    @property
    def priority(self) -> float:
        return 9 if self.file != Path(os.devnull) else -1

    def get_password(self, service: str, username: str) -> str | None:
        return dict(json.loads(self.file.read_text() or "{}")).get(service)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.file.write_text(json.dumps({service: password}))

    def delete_password(self, service: str, username: str) -> None:
        self.file.write_text("")


class Unviable(KeyringBackend):
    """Never chosen on its own account; only a test names it."""

    priority = -1

    def get_password(self, service: str, username: str) -> str | None:
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Takes it, and forgets it."""

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError("not here")


class Forgetful(Unviable):
    """Says that it stored, and did not, like keyring's own null backend."""


class Deaf(Unviable):
    """Never answers, like one that waits for a dialogue nobody sees."""

    def get_password(self, service: str, username: str) -> str | None:
        threading.Event().wait()
        return None


class Locked(Unviable):
    """Cannot be unlocked."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("dismissed")


class Failing(Unviable):
    """Raises an exception of its own kind, as each system's library does."""

    def get_password(self, service: str, username: str) -> str | None:
        raise LookupError("object path /org/freedesktop/secrets vanished")


async def obey(words: list[str]) -> None:
    credentials = Credentials({})
    for word in words:
        verb, _, argument = word.partition(" ")
        try:
            match verb:
                case "store":
                    name, _, value = argument.partition("=")
                    said = await credentials.store(name, SecretStr(value))
                case "lookup":
                    found = await credentials.lookup(argument)
                    said = f"{found.value.get_secret_value()} from {found.source}"
                case "delete":
                    await credentials.delete(argument)
                    said = "deleted"
                case "names":
                    said = " ".join(await credentials.names())
                case "plain":
                    Plain.file = Path(argument)
                    said = "in front"
                case _:
                    raise ValueError(word)
        except KeptError as error:
            said = f"{type(error).__name__}: {error}"
        print(said)


if __name__ == "__main__":
    asyncio.run(obey(sys.argv[1:]))
