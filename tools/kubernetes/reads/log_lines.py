"""Lines of several logs as one: put in order of time, searched, repeats folded."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from tools.errors import Invalid, TimedOut
from tools.kubernetes.live.pod_logs import READ_LIMIT, line_text

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

SEARCH_SECONDS = 3.0
_SEARCHED_LINES = 20_000
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ")
# Whatever differs between two lines that say the same: times, numbers, identifiers.
_VARYING = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b0x[0-9a-f]+\b|\b[0-9a-f]{12,}\b|\d+", re.I
)

# A regular expression can take for ever on a line made for it, and no thread can be stopped; a process can.
_SEARCH = """
import json, re, sys
asked = json.load(sys.stdin)
search = re.compile(asked["pattern"], re.IGNORECASE).search
json.dump([place for place, line in enumerate(asked["lines"]) if search(line)], sys.stdout)
"""


class WrittenLine(BaseModel):
    """A line, who wrote it and when; `times` counts the lines like it that were folded into it."""

    model_config = ConfigDict(frozen=True)

    at: str
    """RFC 3339, as the container runtime noted it."""
    pod: str
    container: str
    text: str
    times: int = 1


async def read_written(
    cluster: Cluster,
    namespace: str,
    pod: str,
    container: str,
    *,
    previous: bool,
    tail: int,
    since: int,
    searching: bool,
) -> list[WrittenLine]:
    """The last lines of one container with their times, oldest first.

    Args:
        cluster: where.
        namespace: of the pod.
        pod: its name.
        container: its name.
        previous: the log of the instance before the last restart.
        tail: lines at most, unless they are to be searched.
        since: seconds to look back; 0 for everything there is.
        searching: read many more lines, because most will be left out.
    """
    query: dict[str, str | int] = {
        "container": container,
        "timestamps": "true",
        "tailLines": _SEARCHED_LINES if searching else tail,
        "limitBytes": READ_LIMIT,
    }
    query |= {"previous": "true"} if previous else {}
    query |= {"sinceSeconds": since} if since else {}
    body = await cluster.request(
        "GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query=query, accept="*/*"
    )
    return await asyncio.to_thread(_decoded, body, pod, container)


def in_order(logs: Iterable[list[WrittenLine]]) -> list[WrittenLine]:
    """All lines by time; lines of one container never change places."""
    return sorted((line for log in logs for line in log), key=lambda line: line.at[:19] + _fraction(line.at))


def folded(lines: list[WrittenLine]) -> list[WrittenLine]:
    """Lines that differ in times, numbers and identifiers only become one, where the last of them stood."""
    counted: dict[tuple[str, str], WrittenLine] = {}
    for line in lines:
        key = line.container, _VARYING.sub("#", line.text)
        earlier = counted.pop(key, None)
        counted[key] = line.model_copy(update={"times": earlier.times + 1}) if earlier else line
    return list(counted.values())


async def searched(
    lines: list[WrittenLine], pattern: str, seconds: float = SEARCH_SECONDS
) -> list[WrittenLine]:
    """The lines a regular expression finds something in, whatever their case.

    Raises:
        Invalid: the pattern is none.
        TimedOut: searching took longer than `seconds`.
    """
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise Invalid(f"{pattern} is not a regular expression: {error}.") from error
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-S", "-c", _SEARCH),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    asked = json.dumps({"pattern": pattern, "lines": [line.text for line in lines]}).encode()
    try:
        async with asyncio.timeout(seconds):
            answer, _ = await process.communicate(asked)
    except TimeoutError:
        raise TimedOut(
            f"Searching for {pattern} took longer than {seconds:g} seconds.",
            hint="Use a simpler expression, fewer lines, or plain text.",
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise Invalid(f"{pattern} could not be searched for.")
    return [lines[place] for place in json.loads(answer)]


def _decoded(body: bytes, pod: str, container: str) -> list[WrittenLine]:
    found: list[WrittenLine] = []
    at = ""
    for raw in body.removesuffix(b"\n").split(b"\n") if body else []:
        if stamp := _STAMP.match(raw):
            at, raw = stamp[1].decode(), raw[stamp.end() :]
        found.append(WrittenLine(at=at, pod=pod, container=container, text=line_text(raw)))
    return found


def _fraction(at: str) -> str:
    """The fraction of a second with nine digits, so that times compare as text."""
    matched = re.match(r"\.(\d+)", at[19:])
    return (matched[1] if matched else "").ljust(9, "0")
