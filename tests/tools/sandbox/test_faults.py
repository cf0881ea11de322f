from __future__ import annotations

import aiohttp
import pytest

from tests.tools.sandbox.conftest import VIEWER, Client, config_map
from tools.sandbox.faults import Fault, Match

MAPS = "/api/v1/namespaces/lab/configmaps"


async def test_a_fault_strikes_as_often_as_it_was_told_and_says_when_to_retry(client: Client) -> None:
    fault = {"match": {"verb": "create"}, "status": 429, "retry_after": 3, "times": 2}
    await client.send("POST", "/sandbox/faults", fault)
    codes = []
    for _ in range(3):
        answer = await client.send("POST", MAPS, config_map("one"))
        codes.append((answer.status, answer.headers.get("Retry-After")))
    assert codes == [(429, "3"), (429, "3"), (201, None)]


async def test_a_fault_hits_only_what_it_matches(client: Client) -> None:
    client.cluster.inject(Fault(match=Match(resource="configmaps", name="two"), status=500))
    assert (await client.send("POST", MAPS, config_map("one"))).status == 201
    assert (await client.send("POST", MAPS, config_map("two"))).status == 500
    assert (await client.send("GET", "/api/v1/namespaces/lab/pods")).status == 200


async def test_a_connection_broken_before_the_write_leaves_nothing_behind(client: Client) -> None:
    client.cluster.inject(Fault(match=Match(verb="create"), disconnect="before", times=1))
    with pytest.raises(aiohttp.ClientError):
        await client.send("POST", MAPS, config_map("one"))
    assert (await client.send("GET", f"{MAPS}/one")).status == 404


async def test_a_connection_broken_after_the_write_leaves_it_done(client: Client) -> None:
    client.cluster.inject(Fault(match=Match(verb="create"), disconnect="after", times=1))
    with pytest.raises(aiohttp.ClientError):
        await client.send("POST", MAPS, config_map("one"))
    assert (await client.send("GET", f"{MAPS}/one")).status == 200


async def test_a_lie_answers_well_and_does_nothing(client: Client) -> None:
    await client.make(MAPS, config_map("one"))
    client.cluster.inject(Fault(match=Match(verb="patch"), lie=True))
    assert (await client.merge(f"{MAPS}/one", {"data": {"key": "new"}})).status == 200
    assert (await client.get(f"{MAPS}/one"))["data"]["key"] == "value"


async def test_the_log_holds_every_write_once_with_who_and_how(client: Client) -> None:
    await client.send("POST", f"{MAPS}?dryRun=All", config_map("one"))
    await client.send("POST", MAPS, config_map("one"))
    await client.send("DELETE", f"{MAPS}/one", token=VIEWER)
    await client.get(MAPS)
    asked = (await client.get("/sandbox/requests"))["requests"]
    seen = [(entry["verb"], entry["name"], entry["user"], entry["dry_run"], entry["code"]) for entry in asked]
    assert seen == [
        ("create", "one", "sandbox-admin", True, 201),
        ("create", "one", "sandbox-admin", False, 201),
        ("delete", "one", "sandbox-viewer", False, 403),
    ]


async def test_faults_are_taken_back(client: Client) -> None:
    client.cluster.inject(Fault(status=503))
    assert (await client.send("GET", MAPS)).status == 503
    await client.send("DELETE", "/sandbox/faults")
    assert (await client.send("GET", MAPS)).status == 200


async def test_the_controls_are_for_the_administrator(client: Client) -> None:
    assert (await client.send("POST", "/sandbox/faults", {"status": 500}, token=VIEWER)).status == 403
    wrong = await client.send("POST", "/sandbox/faults", {"statsu": 500})
    assert wrong.status == 400
