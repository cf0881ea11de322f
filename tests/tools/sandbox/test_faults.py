from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.tools.sandbox.conftest import ADMIN, VIEWER, Client, config_map
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


async def test_a_late_effect_comes_after_its_answer_whatever_the_answer_was(client: Client) -> None:
    for name, fault in (("one", Fault(late=0.5)), ("two", Fault(late=0.5, status=503))):
        client.cluster.inject(fault.model_copy(update={"times": 1}))
        answer = await client.send("POST", MAPS, config_map(name))
        assert answer.status == (fault.status or 201)
        assert (await client.send("GET", f"{MAPS}/{name}")).status == 404
        async with asyncio.timeout(10):
            while (await client.send("GET", f"{MAPS}/{name}")).status == 404:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_what_gets_lost_on_the_way_is_not_there_and_the_rest_is(client: Client) -> None:
    client.cluster.inject(Fault(match=Match(dry_run=False), drop=("data.key", "no.such.field")))
    assert (await client.send("POST", MAPS, config_map("one"))).status == 201
    found = await client.get(f"{MAPS}/one")
    assert found["metadata"]["name"] == "one" and not found.get("data")


async def test_a_held_answer_belongs_to_a_write_that_was_done(client: Client) -> None:
    client.cluster.inject(Fault(match=Match(verb="create"), hold=60.0))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await client.send("POST", MAPS, config_map("one"))
    assert (await client.send("GET", f"{MAPS}/one")).status == 200


async def test_a_strangers_page_is_answered_and_nothing_is_done(client: Client) -> None:
    client.cluster.inject(Fault(match=Match(verb="create"), body="<html>sign in</html>"))
    assert (await client.send("POST", MAPS, config_map("one"))).status == 200
    assert (await client.send("GET", f"{MAPS}/one")).status == 404


async def test_trouble_may_wait_its_turn_and_lead_to_more(client: Client) -> None:
    client.cluster.inject(
        Fault(match=Match(verb="create"), skip=1, status=500, times=1, then=(Fault(status=503),))
    )
    codes = [(await client.send("POST", MAPS, config_map(name))).status for name in ("one", "two")]
    assert [*codes, (await client.send("GET", MAPS)).status] == [201, 500, 503]


async def test_an_administrator_under_another_name_has_troubles_of_his_own(client: Client) -> None:
    client.cluster.inject(Fault(match=Match(user="ann"), status=500))
    assert (await client.send("GET", MAPS, token=f"{ADMIN}:ann")).status == 500
    assert (await client.send("GET", MAPS, token=f"{ADMIN}:bob")).status == 200
    await client.send("DELETE", "/sandbox/faults?user=ann")
    assert (await client.send("GET", MAPS, token=f"{ADMIN}:ann")).status == 200


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
