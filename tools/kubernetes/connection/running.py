"""One command in one container: the WebSocket of the pods' `exec` (Kubernetes, `v4.channel.k8s.io`).

Every message begins with the number of its channel: 1 and 2 are what the command prints, 3 is how it ended.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.errors import TimedOut

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
SECONDS = 20.0
"""How long a command may take."""

LONGEST = 256 * 1024
"""Bytes of output that are kept; the rest is left out, and that is said."""

_STDOUT, _STDERR, _END = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command printed; `failure` says how it ended, where not well."""

    stdout: str
    stderr: str
    failure: str = ""

    def __repr__(self) -> str:
        return "Printed(hidden)"


async def run_in_container(cluster: Cluster, path: str, query: list[tuple[str, str]]) -> Printed:
    """Run it and wait for its end. Needs a grant.

    Raises:
        TimedOut: it did not end in time; it may run on.
        ToolError: as the server says.
    """
    channels = {_STDOUT: bytearray(), _STDERR: bytearray(), _END: bytearray()}
    try:
        async with asyncio.timeout(SECONDS), cluster.channel(path, query, PROTOCOLS) as messages:
            async for message in messages:
                kept = channels.get(message[0]) if message else None
                if kept is not None and len(kept) < LONGEST:
                    kept += message[1:]
    except TimeoutError:
        raise TimedOut(
            f"The command did not end within {SECONDS:g} s.", hint="It may still run in the container."
        ) from None
    return Printed(_shown(channels[_STDOUT]), _shown(channels[_STDERR]), _failure(bytes(channels[_END])))


def _shown(printed: bytearray) -> str:
    text = bytes(printed[:LONGEST]).decode("utf-8", "replace")
    return f"{text}\n(and more, left out)" if len(printed) >= LONGEST else text


def _failure(status: bytes) -> str:
    """The end's own words (a `Status` object), or nothing where the command succeeded."""
    if not status:
        return "the connection broke off before the command said how it ended"
    try:
        told = json.loads(status)
        return "" if told.get("status") == "Success" else str(told.get("message", "failure"))
    except (ValueError, AttributeError):
        return "an end that could not be read"
