"""Joins the sandbox that runs for a folder, or starts one that ends with the caller.

A sandbox is one process, `python -m tools.sandbox`. Once it is up, `sandbox.json` in its folder says
where; a lock on `sandbox.lock` keeps two callers from starting two.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tools.errors import Unreachable

_READY_WITHIN = 30.0
_LOOK_EVERY = 0.05


class Running(BaseModel):
    """`sandbox.json`: a sandbox that is up. `aws` is empty where moto is not installed."""

    pid: int
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


@dataclass(slots=True)
class Sandbox:
    """A sandbox somebody may work in. `environ` makes AWS clients find the practice account."""

    kubeconfig: Path
    environ: dict[str, str]
    notice: str
    process: asyncio.subprocess.Process | None = None

    async def close(self) -> None:
        """End the sandbox if this process started it; leave one that was joined alone."""
        if self.process is None:
            return
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def join_or_start(folder: Path, environ: Mapping[str, str]) -> Sandbox:
    """The sandbox of this folder.

    Args:
        folder: where its kubeconfig, AWS files and log lie.
        environ: the environment it is started in.

    Raises:
        Unreachable: it did not come up; the sentence names its log.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 - one folder, once
    async with _alone(folder):
        if (running := Running.read(folder)) is not None:
            return Sandbox(running.kubeconfig, running.aws, running.notice)
        (folder / "sandbox.json").unlink(missing_ok=True)
        with (folder / "sandbox.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "tools.sandbox", str(folder), "--exit-with-stdin",
                stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log, env=dict(environ), start_new_session=True,
            )  # fmt: skip
        running = await _up(folder, process)
    return Sandbox(running.kubeconfig, running.aws, running.notice, process)


async def _up(folder: Path, process: asyncio.subprocess.Process) -> Running:
    until = time.monotonic() + _READY_WITHIN
    while time.monotonic() < until and process.returncode is None:
        if (running := Running.read(folder)) is not None:
            return running
        await asyncio.sleep(_LOOK_EVERY)
    if process.returncode is None:
        process.kill()
        await process.wait()
    raise Unreachable("The practice sandbox did not start.", hint=f"See {folder / 'sandbox.log'}.")


@asynccontextmanager
async def _alone(folder: Path) -> AsyncIterator[None]:
    """Hold the folder's lock. The kernel lets go of it when this process dies."""
    descriptor = os.open(folder / "sandbox.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until = time.monotonic() + _READY_WITHIN
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Unreachable(
                        "Another program has been starting this sandbox for too long."
                    ) from None
                await asyncio.sleep(_LOOK_EVERY)
        yield
    finally:
        os.close(descriptor)
