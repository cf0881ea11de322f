"""Whether one object has changed or gone, told as it happens and without carrying the object itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from tools.errors import Forbidden, NotFound, ToolError, Unauthorized

if TYPE_CHECKING:
    from tools.kubernetes.finding import Target

Happened = Literal["changed", "deleted"]

POLL_SECONDS = 5.0
_WATCH_SECONDS = 290
_IDLE_SECONDS = 320.0
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
_AS_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


async def changes_of(
    target: Target,
    uid: str,
    version: str,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Happened]:
    """`changed` whenever the object is another, `deleted` once and last when it is gone.

    Heals by itself after every interruption; where watching is not allowed, it asks every few seconds.
    An object made anew under the same name counts as the deletion of this one.

    Args:
        target: the object. Not for Secrets, whose metadata may hold their values.
        uid: its identity.
        version: the resourceVersion that is known already.
        sleep: waits that many seconds.
    """
    watchable = "watch" in target.kind.verbs
    wait = _FIRST_WAIT
    while True:
        try:
            if watchable:
                async for event in _watched(target, version):
                    if event.type == "ERROR":
                        break
                    wait = _FIRST_WAIT
                    version = event.object.metadata.version or version
                    if event.type == "DELETED" or event.object.metadata.uid not in ("", uid):
                        yield "deleted"
                        return
                    if event.type == "MODIFIED":
                        yield "changed"
            await sleep(_FIRST_WAIT if watchable else POLL_SECONDS)
            seen = await _metadata(target)
            if seen.uid != uid:
                yield "deleted"
                return
            if seen.version != version:
                version = seen.version
                yield "changed"
        except NotFound:
            yield "deleted"
            return
        except (Forbidden, Unauthorized):
            if not watchable:
                return
            watchable = False
        except ToolError:
            await sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)


class _Metadata(msgspec.Struct):
    uid: str = ""
    version: str = msgspec.field(name="resourceVersion", default="")


class _Object(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


class _Event(msgspec.Struct):
    type: str
    object: _Object


async def _metadata(target: Target) -> _Metadata:
    body = await target.cluster.request("GET", target.path(), accept=_AS_METADATA)
    return msgspec.json.decode(body, type=_Object).metadata


async def _watched(target: Target, version: str) -> AsyncIterator[_Event]:
    query: dict[str, str | int] = {
        "watch": "true",
        "fieldSelector": f"metadata.name={target.name}",
        "resourceVersion": version,
        "timeoutSeconds": _WATCH_SECONDS,
    }
    path = target.kind.path(target.namespace)
    rest = b""
    async with target.cluster.stream(path, query=query, accept=_AS_METADATA, idle=_IDLE_SECONDS) as chunks:
        async for chunk in chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                if line.strip():
                    yield msgspec.json.decode(line, type=_Event)
