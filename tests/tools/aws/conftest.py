"""An AWS account to test with: moto's server, and the real boto3 in front of it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.tools.aws.account import Account
from tests.tools.aws.listening import Listener
from tools.aws.accounts import Accounts
from tools.gate import Gate

READY_WITHIN = 30.0


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that lives as long as the test session."""
    log = tmp_path_factory.mktemp("moto") / "log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("wb") as errors:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, server, log)
            yield url
        finally:
            server.kill()  # it keeps nothing, and takes its time to say goodbye
            server.wait(10)


@pytest.fixture
async def account(moto: str, tmp_path: Path) -> AsyncIterator[Account]:
    """An empty account, a gate in front of it and the mint that opens it."""
    with Listener(moto).listening() as wire:
        environ = aws_files(tmp_path, wire.url)
        gate, mint = Gate.build()
        accounts = Accounts(gate, environ)
        found = Account(url=moto, environ=environ, gate=gate, mint=mint, accounts=accounts, wire=wire)
        try:
            yield found
        finally:
            await accounts.close()
            if found.touched:
                _reset(moto)


def aws_files(folder: Path, url: str) -> dict[str, str]:
    """Write a profile `test` and name its files."""
    (folder / "config").write_text("[profile test]\nregion = eu-central-1\n")
    (folder / "credentials").write_text(
        "[test]\naws_access_key_id = testing\naws_secret_access_key = testing\n"
    )
    return {
        "HOME": str(folder),
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_ENDPOINT_URL": url,
    }


def _reset(url: str) -> None:
    request = urllib.request.Request(f"{url}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)  # a new process has no other sign of being ready
    raise RuntimeError(f"moto did not start: {log.read_text()[-2000:]}")
