"""The practice account: a moto server with a believable shop in it, reached by the real client."""

from __future__ import annotations

import asyncio
import os
import select
import shlex
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tools.errors import NotConfigured, Unreachable
from tools.sandbox.account import KEYS, NOT_INSTALLED, REGION

PROFILE = "sandbox"

_READY_WITHIN = 20.0
_ENDS_WITHIN = 2.0


@dataclass(slots=True)
class PracticeAccount:
    """A running account. `environ` is what makes any AWS client speak to it."""

    url: str
    environ: dict[str, str]
    _process: subprocess.Popen[bytes]

    async def close(self) -> None:
        """End the server and wait for it."""
        await asyncio.to_thread(_end, self._process)


async def open_account(folder: Path, environ: Mapping[str, str]) -> PracticeAccount:
    """Start and furnish a practice account. The same one every time, ids included.

    Args:
        folder: gets `aws-config`, `aws-credentials`, `aws.env` and the server's `aws.log`.
        environ: the environment the server is started in.

    Raises:
        NotConfigured: moto is not installed.
        Unreachable: the server did not come up, or could not be furnished.
    """
    return await asyncio.to_thread(_open, folder, environ)


def _open(folder: Path, environ: Mapping[str, str]) -> PracticeAccount:
    with (folder / "aws.log").open("wb") as log:
        process = subprocess.Popen(
            # Isolated from the working directory, where an operator may well keep a folder `tools`.
            [sys.executable, "-P", "-m", "tools.sandbox.account"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            # Thousands of public images, which nobody practises with, would cost half a second.
            env={**environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
            start_new_session=True,
        )
    try:
        url = _address(process, folder)
        return PracticeAccount(url, _settings(folder, url), process)
    except BaseException:
        _end(process)
        raise


def _address(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Wait for the server to say where it is."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], _READY_WITHIN)
    url = process.stdout.readline().decode().strip() if readable else ""
    if url:
        return url
    if readable and process.wait(_ENDS_WITHIN) == NOT_INSTALLED:
        raise NotConfigured(
            "The practice AWS account needs moto, which is not installed.",
            hint="Install pilothouse[sandbox].",
        )
    raise Unreachable(f"The practice AWS account did not start; see {folder / 'aws.log'}.")


def _settings(folder: Path, url: str) -> dict[str, str]:
    """Write the profile's files, readable by the owner alone, and name them."""
    config, credentials = folder / "aws-config", folder / "aws-credentials"
    _write_private(config, f"[profile {PROFILE}]\nregion = {REGION}\n")
    keys = "".join(f"{key} = {value}\n" for key, value in KEYS.items())
    _write_private(credentials, f"[{PROFILE}]\n{keys}")
    environ = {
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_ENDPOINT_URL": url,
        "AWS_PROFILE": PROFILE,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    lines = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in environ.items())
    _write_private(folder / "aws.env", lines)
    return environ


def _write_private(path: Path, text: str) -> None:
    """All at once, and never readable by others, not even for a moment."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(BrokenPipeError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
