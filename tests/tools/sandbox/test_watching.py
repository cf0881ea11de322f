from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.tools.sandbox.conftest import ADMIN, EMPTY, Client, config_map
from tools.sandbox.cluster import PracticeCluster

MAPS = "/api/v1/namespaces/lab/configmaps"


class Watch:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> tuple[str, Any]:
        line = await asyncio.wait_for(self._response.content.readline(), 10)
        event = json.loads(line)
        return event["type"], event["object"]

    async def over(self) -> bool:
        return await asyncio.wait_for(self._response.content.readline(), 10) == b""


@asynccontextmanager
async def watching(client: Client, query: str) -> AsyncIterator[Watch]:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with client.session.get(f"{client.cluster.url}{MAPS}?watch=1&{query}", headers=headers) as response:
        yield Watch(response)


async def version(client: Client) -> str:
    return str((await client.get(MAPS))["metadata"]["resourceVersion"])


async def test_a_watch_from_a_version_shows_every_change_after_it_in_order(client: Client) -> None:
    start = await version(client)
    await client.make(MAPS, config_map("one"))
    async with watching(client, f"resourceVersion={start}") as watch:
        assert (await watch.next())[0] == "ADDED"
        await client.merge(f"{MAPS}/one", {"data": {"key": "new"}})
        type_, changed = await watch.next()
        assert (type_, changed["data"]["key"]) == ("MODIFIED", "new")
        await client.send("DELETE", f"{MAPS}/one")
        type_, gone = await watch.next()
        assert type_ == "DELETED"
        assert int(gone["metadata"]["resourceVersion"]) > int(changed["metadata"]["resourceVersion"])


async def test_a_watch_without_a_version_begins_with_what_is_there(client: Client) -> None:
    await client.make(MAPS, config_map("one"))
    async with watching(client, "") as watch:
        type_, obj = await watch.next()
        assert (type_, obj["metadata"]["name"]) == ("ADDED", "one")


async def test_initial_events_end_with_a_marked_bookmark(client: Client) -> None:
    await client.make(MAPS, config_map("one"))
    query = "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    async with watching(client, query) as watch:
        assert (await watch.next())[0] == "ADDED"
        type_, mark = await watch.next()
        assert type_ == "BOOKMARK"
        assert mark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_an_object_that_stops_matching_the_selector_is_deleted_for_the_watch(client: Client) -> None:
    await client.make(MAPS, config_map("one", tier="a"))
    start = await version(client)
    async with watching(client, f"resourceVersion={start}&labelSelector=tier=a") as watch:
        await client.merge(f"{MAPS}/one", {"metadata": {"labels": {"tier": "b"}}})
        assert (await watch.next())[0] == "DELETED"
        await client.merge(f"{MAPS}/one", {"metadata": {"labels": {"tier": "a"}}})
        assert (await watch.next())[0] == "ADDED"


async def test_a_version_that_was_compacted_is_answered_with_410_gone(client: Client) -> None:
    start = await version(client)
    await client.make(MAPS, config_map("one"))
    await client.send("POST", "/sandbox/compact")
    async with watching(client, f"resourceVersion={start}") as watch:
        type_, status = await watch.next()
        assert (type_, status["code"], status["reason"]) == ("ERROR", 410, "Expired")
        assert status["message"].startswith(f"too old resource version: {start}")
        assert await watch.over()


async def test_a_version_older_than_the_remembered_history_is_gone_too() -> None:
    async with (
        PracticeCluster(world=EMPTY, tls=False, history=5) as cluster,
        aiohttp.ClientSession() as session,
    ):
        client = Client(session, cluster)
        start = await version(client)
        for number in range(8):
            await client.make(MAPS, config_map(f"map-{number}"))
        async with watching(client, f"resourceVersion={start}") as watch:
            assert (await watch.next())[0] == "ERROR"
        async with watching(client, f"resourceVersion={int(await version(client)) - 2}") as watch:
            assert (await watch.next())[1]["metadata"]["name"] == "map-6"


async def test_a_watch_ends_after_the_seconds_it_asked_for(client: Client) -> None:
    async with watching(client, f"resourceVersion={await version(client)}&timeoutSeconds=1") as watch:
        assert await watch.over()
