"""The door to the practice sandbox: the only file of the agent that knows it exists.

Behind the door everything is ordinary: a kubeconfig, AWS settings, and the same clients as ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Practice:
    """A sandbox that is up. `environ` is what an AWS client needs to find its account."""

    kubeconfig: Path
    environ: dict[str, str]
    context: str
    profile: str
    close: Callable[[], Awaitable[None]]


async def enter(folder: Path, environ: Mapping[str, str]) -> Practice:
    """Join the sandbox that runs for this folder, or start one that ends with this process."""
    from tools.sandbox.launch import join_or_start

    sandbox = await join_or_start(folder, environ)
    return Practice(
        kubeconfig=sandbox.kubeconfig,
        environ=dict(sandbox.environ),
        context="sandbox",
        profile="sandbox" if sandbox.environ else "",
        close=sandbox.close,
    )
