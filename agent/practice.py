"""The door to the practice sandbox: the only file of the agent that knows it exists.

Behind the door everything is ordinary: a kubeconfig, AWS settings, and the same clients as ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Practice:
    """A sandbox that is up.

    Attributes:
        environ: what an AWS client needs to find the practice account; empty where there is none.
        settings: the same as a file for a shell to read, if there is an account.
        notice: why there is no account; empty when there is one.
        joined: it ran before and goes on running; else it ends with this process.
        ended: waits until its process is gone, for one that was started here.
    """

    kubeconfig: Path
    environ: dict[str, str]
    settings: Path | None
    context: str
    profile: str
    notice: str
    joined: bool
    ended: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]


async def enter(folder: Path, environ: Mapping[str, str]) -> Practice:
    """Join the sandbox that runs for this folder, or start one that ends with this process."""
    from tools.sandbox.launch import join_or_start

    sandbox = await join_or_start(folder, environ)

    async def ended() -> None:
        if sandbox.process is not None:
            await sandbox.process.wait()

    return Practice(
        kubeconfig=sandbox.kubeconfig,
        environ=dict(sandbox.environ),
        settings=folder / "aws.env" if sandbox.environ else None,
        context="sandbox",
        profile="sandbox" if sandbox.environ else "",
        notice=sandbox.notice,
        joined=sandbox.process is None,
        ended=ended,
        close=sandbox.close,
    )
