"""Read and follow the log of one container, within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from tools.kubernetes.plain_text import plain

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

READ_LIMIT = 16 * 2**20
"""Bytes of one log that are read at most; older than that is not looked at."""

_LINE_BYTES = 2**16
_GREP_TAIL = 20_000
_IDLE_SECONDS = 20.0


async def read_log(
    cluster: Cluster,
    namespace: str,
    pod: str,
    container: str = "",
    *,
    previous: bool = False,
    tail: int = 100,
    since: int = 0,
    grep: str = "",
) -> tuple[str, ...]:
    """The last lines, oldest first, without control codes.

    Args:
        cluster: where.
        namespace: of the pod.
        pod: its name.
        container: empty for the only one.
        previous: the log of the instance before the last restart.
        tail: lines at most.
        since: seconds to look back; 0 for everything there is.
        grep: only lines that contain this text, whatever their case.
    """
    query: dict[str, str | int] = {"tailLines": _GREP_TAIL if grep else tail}
    if container:
        query["container"] = container
    if previous:
        query["previous"] = "true"
    if since:
        query["sinceSeconds"] = since
    kept: deque[str] = deque(maxlen=tail)
    needle = grep.casefold()
    async for line in _lines(cluster, namespace, pod, query, _IDLE_SECONDS):
        if not needle or needle in line.casefold():
            kept.append(line)
    return tuple(kept)


async def follow_log(
    cluster: Cluster, namespace: str, pod: str, container: str = "", *, tail: int = 100
) -> AsyncIterator[str]:
    """The last lines, and then each new one as it is written, until the container ends."""
    query: dict[str, str | int] = {"tailLines": tail, "follow": "true"}
    if container:
        query["container"] = container
    async for line in _lines(cluster, namespace, pod, query, None):
        yield line


async def _lines(
    cluster: Cluster, namespace: str, pod: str, query: dict[str, str | int], idle: float | None
) -> AsyncIterator[str]:
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
    rest = b""
    read = 0
    async with cluster.stream(path, query=query, accept="*/*", idle=idle) as chunks:
        async for chunk in chunks:
            read += len(chunk)
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield plain(line.decode("utf-8", "replace"))
            if len(rest) > _LINE_BYTES:
                yield plain(rest.decode("utf-8", "replace"))
                rest = b""
            if idle is not None and read > READ_LIMIT:
                yield f"(the log goes on; {READ_LIMIT // 2**20} MB were read)"
                return
    if rest:
        yield plain(rest.decode("utf-8", "replace"))
