"""A moto server in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READY_WITHIN = 30.0


@contextmanager
def moto_server(log: Path) -> Iterator[str]:
    """The address of an empty account, for as long as the block lasts.

    Args:
        log: gets what the server says.
    """
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


def aws_files(folder: Path, url: str) -> dict[str, str]:
    """Write a profile `test` for the account at `url`; the variables that name its files."""
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
