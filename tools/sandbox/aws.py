"""The practice account: a moto server with a believable shop in it, reached by the real client."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tools.errors import NotConfigured, Unreachable
from tools.sandbox.account import NOT_INSTALLED

PROFILE = "sandbox"
REGION = "eu-central-1"

_READY_WITHIN = 20.0
_ENDS_WITHIN = 2.0
_SEED = 42
_KEYS = {"aws_access_key_id": "practice", "aws_secret_access_key": "practice"}


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
        _furnish(url, folder)
        return PracticeAccount(url, _settings(folder, url), process)
    except BaseException:
        _end(process)
        raise


def _address(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Wait for the server to say where it is. Meanwhile the client library is loaded."""
    assert process.stdout is not None
    with ThreadPoolExecutor(1) as waiting:
        line = waiting.submit(process.stdout.readline)
        _load_client()
        try:
            url = line.result(_READY_WITHIN).decode().strip()
        except TookTooLong:
            process.kill()
            url = ""
    if url:
        return url
    if process.wait() == NOT_INSTALLED:
        raise NotConfigured(
            "The practice AWS account needs moto, which is not installed.",
            hint="Install pilothouse[sandbox].",
        )
    raise Unreachable(f"The practice AWS account did not start; see {folder / 'aws.log'}.")


def _load_client() -> None:
    import boto3

    boto3.Session(**_KEYS, region_name=REGION).client("ec2")


def _furnish(url: str, folder: Path) -> None:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    from tools.sandbox.company import Company

    session = boto3.Session(**_KEYS, region_name=REGION)
    # On the loopback interface no proxy helps; a first request may load a whole service.
    config = Config(proxies={}, read_timeout=_READY_WITHIN, retries={"total_max_attempts": 1})
    try:
        # Identifiers come from a generator that can be seeded, and only in the order of requests.
        seed = urllib.request.Request(f"{url}/moto-api/seed?a={_SEED}", method="POST")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(seed, timeout=5).close()
        Company(lambda service: session.client(service, endpoint_url=url, config=config)).settle_in(REGION)
    except (OSError, BotoCoreError, ClientError) as error:
        raise Unreachable(
            f"The practice AWS account could not be furnished: {error}.", hint=f"See {folder / 'aws.log'}."
        ) from error


def _settings(folder: Path, url: str) -> dict[str, str]:
    """Write the profile's files, readable by the owner alone, and name them."""
    config, credentials = folder / "aws-config", folder / "aws-credentials"
    _write_private(config, f"[profile {PROFILE}]\nregion = {REGION}\n")
    keys = "".join(f"{key} = {value}\n" for key, value in _KEYS.items())
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
