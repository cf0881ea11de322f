"""Credentials: from the environment, from a file the environment names, or from the system's keyring.

Looked up in this order, for a credential called ``anthropic-api-key``: ``PILOTHOUSE_ANTHROPIC_API_KEY``, the
file named by ``PILOTHOUSE_ANTHROPIC_API_KEY_FILE``, the keyring, and at last a name other programs use
(``ANTHROPIC_API_KEY``). Stored only in a keyring that is known to encrypt; never in a file of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr

from memory.errors import CredentialMissing, CredentialUnkept, KeptError, KeyringUnavailable, NoKeyring
from memory.patience import in_time

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

TRUSTED = frozenset(
    {
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.kwallet.DBusKeyringKWallet4",
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
    }
)
"""Backends that encrypt what they keep. Others, such as those of `keyrings.alt`, may write plain text."""

FALLBACKS: Mapping[str, str] = {"anthropic-api-key": "ANTHROPIC_API_KEY"}
"""Names other programs use, for credentials that usually are there already."""

T = TypeVar("T")

_USER = "pilothouse"
_INDEX = "pilothouse:names"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


class Found(BaseModel):
    """A credential and where it came from.

    Attributes:
        source: such as ``environment variable ANTHROPIC_API_KEY`` or ``the keyring (SecretService)``.
    """

    model_config = ConfigDict(frozen=True)

    value: SecretStr
    source: str


class Credentials:
    """Looks up, stores and removes credentials.

    Args:
        environ: the environment to look in.
        trusted: keyring backends that may be used, as ``module.Class``.
        seconds: how long the keyring may take to answer; it may be waiting for a dialogue nobody sees.
    """

    def __init__(
        self, environ: Mapping[str, str], *, trusted: frozenset[str] = TRUSTED, seconds: float = 5.0
    ) -> None:
        self._environ = environ
        self._trusted = trusted
        self._seconds = seconds

    async def lookup(self, name: str) -> Found:
        """Find a credential.

        Args:
            name: lower-case words joined by hyphens, such as ``anthropic-api-key``.

        Raises:
            CredentialMissing: it is nowhere; the sentence says where it was looked for and how to mend it.
        """
        _check(name)
        found = self._in_environment(name) or await self._in_file(name)
        if found is not None:
            return found
        trouble = ""
        try:
            found = await self._ask(lambda: _read(self._backends(), name))
        except (NoKeyring, KeyringUnavailable) as error:
            trouble = f" {error.message}"
        fallback = FALLBACKS.get(name, "")
        if found is None and (value := self._environ.get(fallback, "").strip()):
            found = Found(value=SecretStr(value), source=f"environment variable {fallback}")
        if found is None:
            raise CredentialMissing(
                f"The credential {name} was not found.{trouble}",
                hint=f"Set {variable(name)}, or {variable(name)}_FILE to a file that holds it"
                + ("." if trouble else f", or store it with `pilothouse auth login {name}`."),
            )
        return found

    async def store(self, name: str, value: SecretStr) -> str:
        """Put a credential into the keyring and read it back; returns where it is kept.

        Raises:
            NoKeyring, KeyringUnavailable: there is none, or it does not answer. Nothing was written anywhere.
            CredentialUnkept: what was read back is not what was put in.
        """
        _check(name)
        secret = value.get_secret_value()
        if not secret:
            raise CredentialUnkept(f"The credential {name} is empty; nothing was stored.")
        return await self._ask(lambda: _write(self._backends(), name, secret))

    async def delete(self, name: str) -> None:
        """Remove a credential from the keyring.

        Raises:
            CredentialMissing: the keyring has none of that name.
            NoKeyring, KeyringUnavailable: there is no keyring, or it does not answer.
        """
        _check(name)
        if not await self._ask(lambda: _remove(self._backends(), name)):
            raise CredentialMissing(f"The keyring holds no credential {name}.")

    async def names(self) -> list[str]:
        """The names of the credentials we keep in the keyring, in alphabetical order.

        Raises:
            NoKeyring, KeyringUnavailable: there is no keyring, or it does not answer.
        """
        return await self._ask(lambda: _names(self._backends()[0]))

    def _in_environment(self, name: str) -> Found | None:
        value = self._environ.get(variable(name), "").strip()
        if not value:
            return None
        return Found(value=SecretStr(value), source=f"environment variable {variable(name)}")

    async def _in_file(self, name: str) -> Found | None:
        path = self._environ.get(f"{variable(name)}_FILE", "")
        if not path:
            return None
        try:
            value = (await in_time(lambda: Path(path).read_text(encoding="utf-8"), self._seconds)).strip()
        except TimeoutError:
            value, why = "", f"it could not be read within {self._seconds:g} seconds"
        except (OSError, UnicodeError) as error:
            value, why = "", str(getattr(error, "strerror", None) or "it is not text")
        else:
            why = "it is empty"
        if not value:
            # The operator named this file: falling through to another credential would be a surprise.
            raise CredentialMissing(
                f"The credential {name} should be in {path}, but {why}.",
                hint=f"Mend the file, or unset {variable(name)}_FILE.",
            )
        return Found(value=SecretStr(value), source=f"file {path}")

    async def _ask(self, work: Callable[[], T]) -> T:
        try:
            return await in_time(lambda: _in_words(work), self._seconds)
        except TimeoutError:
            raise KeyringUnavailable(
                f"The keyring did not answer within {self._seconds:g} seconds.",
                hint="Unlock it (a dialogue may be waiting on another screen), or use environment variables.",
            ) from None

    def _backends(self) -> list[KeyringBackend]:
        """The keyrings that may be used, the preferred one first. To be called in a thread: it can block."""
        import keyring
        from keyring.backends.chainer import ChainerBackend
        from keyring.backends.fail import Keyring as NoBackend

        chosen = keyring.get_keyring()
        # The chainer writes to whichever of its backends comes first: look into it instead of asking it.
        candidates = list(chosen.backends) if isinstance(chosen, ChainerBackend) else [chosen]
        trusted = [backend for backend in candidates if _kind(backend) in self._trusted]
        if trusted:
            return trusted
        found = [_kind(backend) for backend in candidates if not isinstance(backend, NoBackend)]
        hint = "Set environment variables instead (PILOTHOUSE_<NAME> or PILOTHOUSE_<NAME>_FILE)."
        if not found:
            raise NoKeyring("This machine offers no keyring.", hint=hint)
        raise NoKeyring(f"The keyring here ({', '.join(found)}) is not known to encrypt.", hint=hint)


def variable(name: str) -> str:
    """The credential's environment variable: ``PILOTHOUSE_ANTHROPIC_API_KEY`` for ``anthropic-api-key``."""
    return f"PILOTHOUSE_{name.upper().replace('-', '_')}"


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no name for a credential: use lower-case letters, digits and hyphens.")


def _service(name: str) -> str:
    # One service per credential: Windows keeps a single user name for each service.
    return f"pilothouse:credential:{name}"


def _kind(backend: KeyringBackend) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _described(backend: KeyringBackend) -> str:
    return f"the keyring ({type(backend).__module__.rpartition('.')[2]})"


def _read(backends: list[KeyringBackend], name: str) -> Found | None:
    for backend in backends:
        if value := backend.get_password(_service(name), _USER):
            return Found(value=SecretStr(value), source=_described(backend))
    return None


def _write(backends: list[KeyringBackend], name: str, secret: str) -> str:
    backend = backends[0]
    backend.set_password(_service(name), _USER, secret)
    if backend.get_password(_service(name), _USER) != secret:
        raise CredentialUnkept(
            f"{_described(backend).capitalize()} did not give back the credential {name} as it was stored.",
            hint="Use an environment variable instead.",
        )
    _set_names(backend, {*_names(backend), name})
    return _described(backend)


def _remove(backends: list[KeyringBackend], name: str) -> bool:
    removed = False
    for backend in backends:
        if backend.get_password(_service(name), _USER) is not None:
            backend.delete_password(_service(name), _USER)
            removed = True
        if name in (names := _names(backend)):
            _set_names(backend, set(names) - {name})
    return removed


def _names(backend: KeyringBackend) -> list[str]:
    # A keyring cannot be asked what it holds, so the list of names is one more entry in it.
    try:
        names = json.loads(backend.get_password(_INDEX, _USER) or "[]")
    except ValueError:
        return []
    return sorted(name for name in names if isinstance(name, str)) if isinstance(names, list) else []


def _set_names(backend: KeyringBackend, names: set[str]) -> None:
    backend.set_password(_INDEX, _USER, json.dumps(sorted(names)))


def _in_words(work: Callable[[], T]) -> T:
    """Run `work` in its thread; whatever a keyring raises becomes a sentence."""
    from keyring.errors import KeyringLocked, NoKeyringError

    try:
        return work()
    except KeptError:
        raise
    except NoKeyringError as error:
        raise NoKeyring(
            "This machine offers no keyring.",
            hint="Set environment variables instead (PILOTHOUSE_<NAME> or PILOTHOUSE_<NAME>_FILE).",
        ) from error
    except KeyringLocked as error:
        raise KeyringUnavailable(
            "The keyring is locked.", hint="Unlock it, or use environment variables."
        ) from error
    except Exception as error:
        # Each backend brings exceptions of its own (D-Bus, COM, Security.framework), under no common name.
        raise KeyringUnavailable(
            f"The keyring failed: {type(error).__name__}: {error}.",
            hint="Unlock or restart it, or use environment variables.",
        ) from error
