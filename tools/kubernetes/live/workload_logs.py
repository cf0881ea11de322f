"""The logs of everything a workload runs, live and as one: pods come and go, lines stand in order of time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import JsonValue

from tools.errors import Forbidden, Invalid, NotFound, ToolError, Unauthorized
from tools.kubernetes.fields import Json, mapping, mappings, number, text, value
from tools.kubernetes.live.pod_logs import follow_log
from tools.kubernetes.rollout import owned_by, pods_of

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster
    from tools.kubernetes.finding import Target

MOST_SOURCES = 12
"""Containers followed at once."""
GATHER_SECONDS = 0.1
FIRST_SECONDS = 0.3
"""The beginnings of several logs are waited for, so that they can be put in order."""
PODS_SECONDS = 3.0
"""Between two looks for pods that are new."""
MOST_WAITING = 2_000
"""Lines waiting to be shown. With more, reading waits, and with it the server."""

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 15.0


class SourceState(StrEnum):
    """How it stands with the log of one container."""

    READING = "reading"
    WAITING = "waiting"
    ENDED = "ended"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LogSource:
    """One container whose log is followed; `words` says why there is nothing more to see for now."""

    pod: str
    container: str
    state: SourceState = SourceState.READING
    words: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """`source` is the place in the list of sources; a `note` is a sentence of ours, not the container's."""

    source: int
    at: str
    text: str
    note: bool = False


@dataclass(frozen=True, slots=True)
class LogBatch:
    """New lines, and all sources as they stand now. `left_out` counts containers that are not followed."""

    lines: tuple[LogLine, ...]
    sources: tuple[LogSource, ...]
    left_out: int = 0


Emit = Callable[[LogBatch], None]


async def follow_logs(
    target: Target,
    emit: Emit,
    *,
    previous: bool = False,
    tail: int = 500,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Follow a pod, or all pods of a workload or Service, until cancelled or until everything has ended.

    Args:
        target: the pod, workload or Service.
        emit: gets the lines, gathered for a tenth of a second.
        previous: the instances before the last restarts instead.
        tail: lines of each container to begin with.
        sleep: waits that many seconds.

    Raises:
        ToolError: the object cannot be read, or has no pods by its nature.
    """
    first = await pods_behind(target)
    following = _Following(target, emit, previous, tail, sleep)
    try:
        async with asyncio.TaskGroup() as group:
            await following.run(group, first)
    except* ToolError as several:
        raise several.exceptions[0] from None


async def pods_behind(target: Target) -> list[Json]:
    """The pods whose logs are meant by an object.

    Raises:
        Invalid: this kind has no pods.
        ToolError: it cannot be read.
    """
    current = await target.read()
    if target.kind.resource == "pods":
        return [current]
    if target.kind.native == "CronJob":
        path = f"/apis/batch/v1/namespaces/{target.namespace}/jobs"
        jobs = mappings(await target.cluster.json("GET", path), "items")
        uid = text(current, "metadata", "uid")
        found = [await pods_of(target.cluster, job) for job in jobs if owned_by(job, uid)]
        return [pod for pods in found for pod in pods]
    selector = value(current, "spec", "selector")
    if not isinstance(selector, dict) or not selector:
        raise Invalid(f"{target} has no pods, and so no logs.")
    if target.kind.native in ("Service", "ReplicationController"):
        current = {**current, "spec": {"selector": {"matchLabels": selector}}}
    return await pods_of(target.cluster, current)


class _Following:
    """What is followed at the moment, and the lines that wait to be shown."""

    def __init__(
        self,
        target: Target,
        emit: Emit,
        previous: bool,
        tail: int,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._target = target
        self._cluster: Cluster = target.cluster
        self._emit = emit
        self._previous = previous
        self._tail = tail
        self._sleep = sleep
        self._sources: list[LogSource] = []
        self._places: dict[tuple[str, str], int] = {}
        self._left_out: set[tuple[str, str]] = set()
        self._pending: list[LogLine] = []
        self._something = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._readers: set[asyncio.Task[None]] = set()

    async def run(self, group: asyncio.TaskGroup, pods: list[Json]) -> None:
        pouring = group.create_task(self._pour())
        self._take(group, pods)
        several = self._target.kind.resource != "pods"
        if several and not self._previous:
            while True:
                await self._sleep(PODS_SECONDS)
                try:
                    self._take(group, await pods_behind(self._target))
                except NotFound:
                    break
                except ToolError:  # the readers say for themselves what they cannot reach
                    continue
        if self._readers:
            await asyncio.wait(self._readers)
        pouring.cancel()
        self._send()

    def _take(self, group: asyncio.TaskGroup, pods: list[Json]) -> None:
        """Begin to read the containers that are new, those in trouble first."""
        several = self._target.kind.resource != "pods"
        found = [
            (text(pod, "metadata", "name"), container)
            for pod in sorted(pods, key=_trouble_first)
            for container in containers(pod, with_init=not several)
        ]
        reading = sum(source.state in (SourceState.READING, SourceState.WAITING) for source in self._sources)
        for key in found:
            if key in self._places:
                continue
            if reading >= MOST_SOURCES:
                self._left_out.add(key)
                continue
            self._left_out.discard(key)
            self._places[key] = len(self._sources)
            self._sources.append(LogSource(*key))
            reading += 1
            reader = group.create_task(self._read(self._places[key]))
            self._readers.add(reader)
            reader.add_done_callback(self._readers.discard)
        self._left_out &= set(found)
        self._something.set()

    async def _pour(self) -> None:
        """Show what has been gathered, again and again."""
        await asyncio.sleep(FIRST_SECONDS if len(self._sources) > 1 else 0)
        while True:
            await self._something.wait()
            self._send()
            await asyncio.sleep(GATHER_SECONDS)

    def _send(self) -> None:
        self._something.clear()
        lines = sorted(self._pending, key=lambda line: line.at)
        self._pending.clear()
        self._room.set()
        self._emit(LogBatch(tuple(lines), tuple(self._sources), len(self._left_out)))

    async def _read(self, place: int) -> None:
        """Read one container's log through its restarts, until it is over."""
        last, wait = "", _FIRST_WAIT
        while True:
            source, came = self._sources[place], False
            final = self._previous
            try:
                lines = follow_log(
                    self._cluster, self._target.namespace, source.pod, source.container,
                    tail=self._tail, after=last, previous=self._previous,
                )  # fmt: skip
                async with aclosing(lines):  # type: ignore[type-var]
                    async for line in lines:
                        if not came:
                            came, wait = True, _FIRST_WAIT
                            self._stands(place, SourceState.READING, "", last)
                        last = line.at or last
                        self._pending.append(LogLine(place, last, line.text))
                        self._something.set()
                        if len(self._pending) >= MOST_WAITING:
                            self._room.clear()
                            await self._room.wait()
                words = "This is all the instance before wrote." if final else ""
            except (Forbidden, Unauthorized) as error:
                self._stands(place, SourceState.REFUSED, str(error), last)
                return
            except ToolError as error:
                words = str(error)
            if not final:
                more, why = await self._what_now(source)
                final, words = not more, why or words
            self._stands(place, SourceState.ENDED if final else SourceState.WAITING, words, last)
            if final:
                return
            await self._sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _stands(self, place: int, state: SourceState, words: str, at: str) -> None:
        """How it stands with a source now; what is new about it goes into the log as a note."""
        before = self._sources[place]
        self._sources[place] = replace(before, state=state, words=words)
        if words and words != before.words:
            self._pending.append(LogLine(place, at, words, note=True))
        self._something.set()

    async def _what_now(self, source: LogSource) -> tuple[bool, str]:
        """After a log came to its end: whether more may follow, and the sentence that says why it ended."""
        path = f"/api/v1/namespaces/{self._target.namespace}/pods/{source.pod}"
        try:
            pod = await self._cluster.json("GET", path)
        except NotFound:
            return False, f"Pod {source.pod} is gone."
        except ToolError as error:
            return True, str(error)
        status = mapping(pod, "status")
        both = mappings(status, "initContainerStatuses") + mappings(status, "containerStatuses")
        state = next((entry["state"] for entry in both if entry.get("name") == source.container), None)
        if ended := mapping(state, "terminated"):
            how = f"It ended: {text(ended, 'reason')}, exit code {number(ended, 'exitCode')}."
            over = text(status, "phase") in ("Succeeded", "Failed") or _is_init(pod, source.container)
            return not over, how if over else f"{how} Waiting for its restart."
        if waiting := mapping(state, "waiting"):
            return True, f"It waits: {text(waiting, 'reason')}."
        return True, ""


def containers(pod: Json, *, with_init: bool = False) -> list[str]:
    """The names of a pod's containers, those that prepare it first if they are wanted."""
    first: list[JsonValue] = list(mappings(pod, "spec", "initContainers")) if with_init else []
    return [text(entry, "name") for entry in [*first, *mappings(pod, "spec", "containers")]]


def _is_init(pod: Json, container: str) -> bool:
    return container not in containers(pod)


def _trouble_first(pod: Json) -> tuple[bool, str]:
    ready = [entry.get("ready") is True for entry in mappings(pod, "status", "containerStatuses")]
    return bool(ready) and all(ready), text(pod, "metadata", "name")
