"""Read and follow the log of one container, within bounds."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.kubernetes.plain_text import plain

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

READ_LIMIT = 16 * 2**20
"""Bytes of one log that are read at most; older than that is not looked at."""

_LINE_BYTES = 2**16
_GREP_TAIL = 20_000
_IDLE_SECONDS = 20.0
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) ")
_TEXT_LOST = 0.1
"""With more than this share of a line undecodable, it is called binary and not shown."""


@dataclass(frozen=True, slots=True)
class StampedLine:
    """One line and when it was written, as the container runtime says it (RFC 3339); "" if it does not."""

    at: str
    text: str


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
    async for raw in _lines(cluster, namespace, pod, query, _IDLE_SECONDS):
        line = line_text(raw)
        if not needle or needle in line.casefold():
            kept.append(line)
    return tuple(kept)


async def follow_log(
    cluster: Cluster,
    namespace: str,
    pod: str,
    container: str = "",
    *,
    tail: int = 100,
    after: str = "",
    previous: bool = False,
) -> AsyncIterator[StampedLine]:
    """The last lines, and then each new one as it is written, until the container ends.

    Args:
        cluster: where.
        namespace: of the pod.
        pod: its name.
        container: empty for the only one.
        tail: lines to begin with.
        after: begin with the lines written after this moment (a line's `at`) instead.
        previous: the log of the instance before the last restart, which has an end.
    """
    query: dict[str, str | int] = {"timestamps": "true"}
    if previous:
        query["previous"] = "true"
    else:
        query["follow"] = "true"
    if after:
        # Only whole seconds count, so the lines of the same second come once more.
        query["sinceTime"] = after[:19] + "Z" if after.endswith("Z") else after
    else:
        query["tailLines"] = tail
    if container:
        query["container"] = container
    at, fresh = "", not after
    async for raw in _lines(cluster, namespace, pod, query, _IDLE_SECONDS if previous else None):
        if stamp := _STAMP.match(raw):
            at, raw = stamp[0].decode().strip(), raw[stamp.end() :]
            fresh = fresh or at > after
        if fresh:
            yield StampedLine(at, line_text(raw))


def line_text(raw: bytes) -> str:
    """A line's bytes as text that can be shown; what is no text is said in a sentence."""
    try:
        text = raw.decode()
        lost = text.count("\0")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "replace")
        lost = text.count("\N{REPLACEMENT CHARACTER}")
    if lost > len(text) * _TEXT_LOST:
        return f"({len(raw):,} bytes that are no text)"
    return plain(text)


async def _lines(
    cluster: Cluster, namespace: str, pod: str, query: dict[str, str | int], idle: float | None
) -> AsyncIterator[bytes]:
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
    rest = b""
    read = 0
    async with cluster.stream(path, query=query, accept="*/*", idle=idle) as chunks:
        async for chunk in chunks:
            read += len(chunk)
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line
            if len(rest) > _LINE_BYTES:
                yield rest
                rest = b""
            if idle is not None and read > READ_LIMIT:
                yield f"(the log goes on; {READ_LIMIT // 2**20} MB were read)".encode()
                return
    if rest:
        yield rest
