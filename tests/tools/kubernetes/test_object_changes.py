"""Whether one object changed or went is told at once, and heals like any watch."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.tools.kubernetes.api_server import ApiServer, api_server, connected
from tests.tools.kubernetes.lab import PATIENCE, Lab
from tests.tools.kubernetes.scenery import change, remove
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.live.object_changes import POLL_SECONDS, changes_of

MAPS = ResourceType("", "v1", "configmaps", "ConfigMap", True, ("get", "list", "watch"), "configmap")
PATH = "/api/v1/namespaces/shop/configmaps"
ONE = f"{PATH}/one"


async def target_in(lab: Lab) -> tuple[Target, str, str]:
    """A ConfigMap of the lab, its uid and its version."""
    await lab.config_map("one", {"a": "1"})
    target = await OnClusters(lab.clusters).target("cm", "one", "", lab.scope)
    metadata: Any = (await target.read())["metadata"]
    return target, metadata["uid"], metadata["resourceVersion"]


async def test_a_change_is_told_and_then_its_end(lab: Lab) -> None:
    changes = changes_of(*await target_in(lab))
    async with asyncio.timeout(PATIENCE):
        first = asyncio.ensure_future(anext(changes))
        await change(lab, "cm", "one", {"data": {"a": "2"}})
        assert await first == "changed"
        await remove(lab, "cm", "one")
        assert [told async for told in changes][-1] == "deleted"


async def test_another_object_is_not_taken_for_it(lab: Lab) -> None:
    target, uid, version = await target_in(lab)
    await lab.config_map("two", {})
    await change(lab, "cm", "two", {"data": {"a": "2"}})
    await remove(lab, "cm", "one")
    async with asyncio.timeout(PATIENCE):
        assert [told async for told in changes_of(target, uid, version)] == ["deleted"]


async def test_one_made_anew_under_the_same_name_is_not_it(lab: Lab) -> None:
    target, uid, version = await target_in(lab)
    await remove(lab, "cm", "one")
    await lab.config_map("one", {"a": "1"})
    async with asyncio.timeout(PATIENCE):
        assert [told async for told in changes_of(target, uid, version)][-1] == "deleted"


class World:
    """A server that holds one object; a test decides what its watches say."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.waits: list[float] = []
        self.version = "1"
        self.uid = "u1"
        self.watches: list[list[dict[str, Any]] | int] = []
        """What one watch after the other says before it ends; a number is a refusal. Then they stay silent."""
        server.answers[PATH] = self._watch
        server.answers[ONE] = self._get

    def event(self, type_: str, version: str, uid: str = "u1") -> dict[str, Any]:
        return {
            "type": type_,
            "object": {"metadata": {"name": "one", "uid": uid, "resourceVersion": version}},
        }

    def asked_from(self) -> list[str]:
        return [seen.query["resourceVersion"] for seen in self.server.seen if seen.path == PATH]

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)

    async def _get(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"metadata": {"uid": self.uid, "resourceVersion": self.version}})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        said = self.watches.pop(0) if self.watches else None
        if isinstance(said, int):
            return web.json_response({"kind": "Status", "message": "no", "code": said}, status=said)
        response = web.StreamResponse()
        await response.prepare(request)
        for event in said or ():
            await response.write(json.dumps(event).encode() + b"\n")
        if said is None:
            await asyncio.Event().wait()
        return response


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[tuple[World, AsyncIterator[str]]]:
    async with api_server() as server, connected(server.url, folder) as (cluster, _):
        held = World(server)
        changes = changes_of(Target(cluster, MAPS, "shop", "one"), "u1", "1", sleep=held.sleep)
        async with asyncio.timeout(PATIENCE):
            yield held, changes
        await changes.aclose()  # type: ignore[attr-defined]


async def test_what_happened_while_the_connection_was_down_is_told(tmp_path: Path) -> None:
    async with world(tmp_path) as (held, changes):
        held.watches = [[held.event("MODIFIED", "2")], [held.event("MODIFIED", "4")]]
        held.version = "2"
        assert await anext(changes) == "changed"
        held.version = "3"  # by nobody the watch tells of
        assert await anext(changes) == "changed"
        assert await anext(changes) == "changed"
        assert held.asked_from() == ["1", "3"]


async def test_a_watch_that_only_ends_tells_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as (held, changes):
        held.watches = [[], [], [held.event("MODIFIED", "2")]]
        assert await anext(changes) == "changed"
        assert len(held.asked_from()) == 3


@pytest.mark.parametrize("trouble", [410, 500, 503, 429])
async def test_a_server_in_trouble_is_asked_again_after_longer_and_longer_waits(
    tmp_path: Path, trouble: int
) -> None:
    async with world(tmp_path) as (held, changes):
        held.watches = [trouble, trouble, trouble, [held.event("MODIFIED", "2")]]
        assert await anext(changes) == "changed"
        assert held.waits == [0.5, 1.0, 2.0]


async def test_where_the_server_forgot_the_version_the_present_counts(tmp_path: Path) -> None:
    async with world(tmp_path) as (held, changes):
        held.watches = [[{"type": "ERROR", "object": {"kind": "Status", "code": 410}}]]
        held.version = "7"
        assert await anext(changes) == "changed"


async def test_where_watching_is_not_allowed_it_is_looked_at_every_few_seconds(tmp_path: Path) -> None:
    async with world(tmp_path) as (held, changes):
        held.watches = [403]
        held.version = "2"
        assert await anext(changes) == "changed"
        held.uid = "u2"
        assert await anext(changes) == "deleted"
        assert held.waits == [POLL_SECONDS, POLL_SECONDS]
        with pytest.raises(StopAsyncIteration):
            await anext(changes)


async def test_where_nothing_may_be_looked_at_it_ends(tmp_path: Path) -> None:
    async with world(tmp_path) as (held, changes):
        held.watches = [403]
        held.server.fails(ONE, 403, "Forbidden", "no")
        with pytest.raises(StopAsyncIteration):
            await anext(changes)
