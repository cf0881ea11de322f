"""Joins the sandbox that runs for a folder, or starts one that ends with the caller.

A sandbox is one process, `python -m tools.sandbox`. Once it is up, `sandbox.json` in its folder says
where; a lock on `sandbox.lock` keeps two callers from starting two.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from tools.errors import Unreachable

_READY_WITHIN = 30.0
_ENDS_WITHIN = 5.0
_ANSWERS_WITHIN = 1.0
_LOOK_EVERY = 0.05

_LEFT_OUT = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
)
_TURNED_OFF = (
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)


class Running(BaseModel):
    """`sandbox.json`: a sandbox that is up. `aws` is empty where moto is not installed."""

    pid: int
    started_at: datetime
    cluster: str
    kubeconfig: Path
    aws: dict[str, str] = {}
    notice: str = ""

    @classmethod
    def read(cls, folder: Path) -> Running | None:
        """The sandbox of this folder, if its process is alive."""
        try:
            running = cls.model_validate_json((folder / "sandbox.json").read_text())
            os.kill(running.pid, 0)
        except (OSError, ValidationError):
            return None
        return running

    def write(self, folder: Path) -> None:
        """Say that the sandbox is up, all at once."""
        draft = folder / "sandbox.json.new"
        draft.touch(mode=0o600)
        draft.write_text(self.model_dump_json(indent=1))
        draft.replace(folder / "sandbox.json")

    async def answers(self) -> bool:
        """Whether its servers accept connections; a process of that number may be another by now."""
        addresses = [self.cluster, *filter(None, [self.aws.get("AWS_ENDPOINT_URL")])]
        return all(await asyncio.gather(*(_accepts(address) for address in addresses)))


@dataclass(slots=True)
class Sandbox:
    """A sandbox somebody may work in.

    `environ` is laid over the caller's environment: with it AWS clients find the practice account and
    nothing else. It is empty where there is none; then `notice` says why.
    """

    kubeconfig: Path
    environ: dict[str, str]
    notice: str
    process: asyncio.subprocess.Process | None = None

    async def close(self) -> None:
        """End the sandbox if this process started it; leave one that was joined alone."""
        if self.process is not None:
            await _end(self.process)
            self.process = None


async def join_or_start(folder: Path, environ: Mapping[str, str]) -> Sandbox:
    """The sandbox of this folder.

    Args:
        folder: where its kubeconfig, AWS files and logs lie.
        environ: the environment it is started in.

    Raises:
        Unreachable: it did not come up; the sentence names its log.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 - one folder, once
    async with _alone(folder):
        running = Running.read(folder)
        if running is not None and await running.answers():
            return Sandbox(running.kubeconfig, overlay(running.aws, environ), running.notice)
        (folder / "sandbox.json").unlink(missing_ok=True)
        process = await _start(folder, environ)
        try:
            running = await _up(folder, process)
        except BaseException:
            await asyncio.shield(_end(process))
            raise
    return Sandbox(running.kubeconfig, overlay(running.aws, environ), running.notice, process)


def overlay(aws: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The account's settings, and whatever of the operator's own must not shine through them."""
    if not aws:
        return {}
    elsewhere = [key for key in environ if key.startswith("AWS_ENDPOINT_URL_")]
    blank = {key: "" for key in (*_LEFT_OUT, *elsewhere) if key in environ}
    off = {key: "false" for key in _TURNED_OFF if key in environ}
    return {**blank, **off, **aws}


async def _start(folder: Path, environ: Mapping[str, str]) -> asyncio.subprocess.Process:
    with (folder / "sandbox.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # isolated from the working directory, where an operator may keep a folder `tools`
            "-m",
            "tools.sandbox",
            str(folder),
            "--exit-with-stdin",
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=dict(environ),
            start_new_session=True,  # ctrl+c in the terminal is for the console alone
        )


async def _up(folder: Path, process: asyncio.subprocess.Process) -> Running:
    with suppress(TimeoutError):
        async with asyncio.timeout(_READY_WITHIN):
            while process.returncode is None:
                running = Running.read(folder)
                if running is not None and running.pid == process.pid:
                    return running
                await asyncio.sleep(_LOOK_EVERY)
    raise Unreachable("The practice sandbox did not start.", hint=f"See {folder / 'sandbox.log'}.")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_ENDS_WITHIN):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _accepts(address: str) -> bool:
    parts = urlsplit(address)
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


@asynccontextmanager
async def _alone(folder: Path) -> AsyncIterator[None]:
    """Hold the folder's lock. The kernel lets go of it when this process dies."""
    descriptor = os.open(folder / "sandbox.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            async with asyncio.timeout(_READY_WITHIN):
                while not _locked(descriptor):  # noqa: ASYNC110 - another process holds it
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            raise Unreachable("Another program has been starting this sandbox for too long.") from None
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
