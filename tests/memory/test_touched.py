"""Which sessions had to do with an object."""

from __future__ import annotations

import json
from pathlib import Path

from memory.database import Database
from memory.envelope import Draft, Touch
from memory.journal import Journal
from memory.migrations import JOURNAL
from memory.sessions import Sessions
from memory.touched import sessions_touching
from tests.memory.scribes import Ticks, draft

CART = "deployment/cart in shop"
OLDER = JOURNAL._replace(migrations=JOURNAL.migrations[:1])


def touching(how: str, thing: str = CART, place: str = "staging") -> Draft:
    return Draft(kind="note", version=1, body="{}", touches=(Touch(place=place, thing=thing, how=how),))


async def test_sessions_that_touched_an_object_come_latest_first_with_what_they_did(
    journal: Journal, sessions: Sessions
) -> None:
    await sessions.create("one", "Scale cart")
    await journal.append("one", touching("planned"), draft(), touching("changed"))
    await sessions.create("two", "Why is cart slow?")
    await journal.append("two", touching("looked at"), touching("looked at"))
    found = await sessions_touching(journal.database, "staging", CART)
    assert [(item.session, item.title, item.how) for item in found] == [
        ("two", "Why is cart slow?", {"looked at"}),
        ("one", "Scale cart", {"planned", "changed"}),
    ]
    assert found[0].at > found[1].at
    assert [item.session for item in await sessions_touching(journal.database, "staging", CART, limit=1)] == [
        "two"
    ]


async def test_another_place_and_a_longer_name_are_another_object(journal: Journal) -> None:
    await journal.append("one", touching("changed", place="production"))
    await journal.append("two", touching("changed", thing="deployment/cart in shop-dev"))
    assert await sessions_touching(journal.database, "staging", CART) == []


async def test_a_deleted_session_leaves_no_trace_of_what_it_touched(
    journal: Journal, sessions: Sessions
) -> None:
    await journal.append("one", touching("changed"))
    await sessions.delete("one")
    assert await journal.database.fetch("SELECT * FROM touched") == []


async def test_the_look_up_walks_an_index_and_never_the_journal(journal: Journal) -> None:
    from memory.touched import _SESSIONS

    plan = await journal.database.fetch(f"EXPLAIN QUERY PLAN {_SESSIONS}", (CART, "staging", 9))
    steps = [str(row[3]) for row in plan]
    assert any("SEARCH touched USING PRIMARY KEY (thing=? AND place=?)" in step for step in steps)
    assert not [step for step in steps if step.startswith(("SCAN events", "SCAN touched", "SCAN sessions"))]


async def test_a_journal_of_the_first_format_learns_what_its_plans_touched(path: Path) -> None:
    def step(name: str, target: str, tool: str = "kubernetes_scale@1") -> object:
        preview = {"target": target} if target else None
        return {"id": name, "tool": tool, "scope": {"context": "staging"}, "preview": preview}

    steps = [step("s1", CART), step("s2", "deployment/web in shop"), step("s3", "")]
    plan = {"plan": {"id": "p-1", "steps": steps}}
    done = {"plan_id": "p-1", "step_id": "s1"}
    before = Journal(await Database.open(path, OLDER), Ticks())
    await before.append(
        "old",
        draft(kind="plan_offered", body=json.dumps(plan)),
        draft(kind="step_succeeded", body=json.dumps(done)),
        draft(kind="plan_offered", body="not even JSON"),
        draft(kind="plan_offered", body="[1]"),
    )
    await before.append("other", draft(kind="step_succeeded", body=json.dumps(done)))
    await before.close()
    async with await Journal.open(path, Ticks()) as journal:
        [cart] = await sessions_touching(journal.database, "staging", CART)
        [web] = await sessions_touching(journal.database, "staging", "deployment/web in shop")
        assert (cart.session, cart.how) == ("old", {"planned", "changed"})
        assert web.how == {"planned"}
        assert (await journal.verify()).rows == 5
