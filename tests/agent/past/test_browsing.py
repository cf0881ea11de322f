"""Forks, outcomes, titles, retention: what becomes of sessions after they were worked in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent import events as e
from agent.commands import Reject, Rename, Say
from agent.deciding.decisions import CommandRefused
from agent.folding import fold_all
from agent.past.browsing import Past
from agent.past.clearing import told
from agent.past.outcome import Standing, outcome
from agent.plan import PlanStatus
from agent.state import SessionState, fold
from agent.touching import touched
from memory.finding import Wanted
from memory.lease import claim
from tests.agent.test_conversation import talking
from tests.standins.crew import REDACTOR, Crew, approve, carry_out, crew, look, offer, put, shelf_crew
from tests.standins.script import Turn, text
from tests.standins.shelf import Shelf
from tools.gate import Gate
from tools.tool import Call, Scope

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path / "shelf", Gate.build()[0])
    made.set("a", "0")
    made.set("b", "7")
    return made


def past(aboard: Crew, now: datetime = NOW) -> Past:
    return Past(aboard.home, aboard.journal, REDACTOR, operator="anna", program="tests", clock=lambda: now)


async def test_a_fork_knows_the_conversation_and_inherits_no_approval(tmp_path: Path, shelf: Shelf) -> None:
    async with crew(tmp_path, shelf_crew(shelf)) as aboard:
        session = await aboard.open("origin")
        await carry_out(session, Say(text="what is the airspeed of a swallow"))
        plan = await offer(session, put("a"))
        offered = session.state.seq
        await carry_out(session, approve(plan))
        assert session.state.plans[plan.id].status is PlanStatus.SUCCEEDED
        await session.close()

        name = await past(aboard).fork("origin", offered)
        forked = await aboard.open(name)
        assert [r.event.text for r in forked.history if isinstance(r.event, e.Said)] == [
            "what is the airspeed of a swallow"
        ]
        assert forked.state.plans[plan.id].status is PlanStatus.SUPERSEDED
        assert (forked.state.writable, forked.state.waivers, forked.state.waiting) == (frozenset(), (), None)
        with pytest.raises(CommandRefused):
            await forked.order(approve(plan))
        again = await offer(forked, put("b"))
        assert again.id.startswith(f"{name}.")
        await forked.close()


async def test_a_fork_begins_with_a_reference_that_the_chain_confirms(tmp_path: Path, shelf: Shelf) -> None:
    async with crew(tmp_path, shelf_crew(shelf)) as aboard:
        session = await aboard.open("origin")
        await carry_out(session, Say(text="hello"))
        await session.close()
        name = await past(aboard).fork("origin", 2)
        [first, *_] = await aboard.journal.read(name)
        event = (await past(aboard).read(name))[0].event
        assert isinstance(event, e.SessionForked)
        assert (event.session, event.seq, first.seq) == ("origin", 2, 1)
        assert event.hash == (await aboard.journal.read("origin", limit=2))[-1].hash
        assert (await aboard.journal.verify()).ok


async def test_a_fork_of_a_fork_knows_all_that_was_before(tmp_path: Path, shelf: Shelf) -> None:
    async with crew(tmp_path, shelf_crew(shelf)) as aboard:
        session = await aboard.open("origin")
        await carry_out(session, Say(text="first"))
        await session.close()
        one = await aboard.open(await past(aboard).fork("origin"))
        await carry_out(one, Say(text="second"))
        await one.close()
        two = await aboard.open(await past(aboard).fork(one.id))
        assert [r.event.text for r in two.history if isinstance(r.event, e.Said)] == ["first", "second"]
        assert two.state.turn == 2
        await two.close()


async def test_there_is_no_fork_from_an_event_that_is_not_there(tmp_path: Path, shelf: Shelf) -> None:
    async with crew(tmp_path, shelf_crew(shelf)) as aboard:
        await (await aboard.open("origin")).close()
        with pytest.raises(CommandRefused, match="has events 1 to"):
            await past(aboard).fork("origin", 99)


async def test_the_list_says_what_became_of_a_session(tmp_path: Path, shelf: Shelf) -> None:
    async with crew(tmp_path, shelf_crew(shelf)) as aboard:
        session = await aboard.open("s")
        await carry_out(session, Say(text="hello"))
        assert (await past(aboard).sessions.get("s")).status == "answered"
        plan = await offer(session, put("a"), put("b"), look("c", name="a"))
        assert outcome(session.state, "s").standing is Standing.WAITING
        await carry_out(session, approve(plan))
        row = await past(aboard).sessions.get("s")
        assert (row.status, row.changed) == ("changed", 2)
        found = await past(aboard).find("status:changed by:tester hello")
        assert [row.id for row in found.rows] == ["s"]
        assert (await past(aboard).find("status:changed by:nobody")).rows == []
        await session.close()


async def test_a_rejected_plan_waits_for_nobody_in_the_list(tmp_path: Path, shelf: Shelf) -> None:
    async with crew(tmp_path, shelf_crew(shelf)) as aboard:
        session = await aboard.open("turned down")
        await carry_out(session, Say(text="put it on the shelf"))
        plan = await offer(session, put("a"))
        await session.order(Reject(plan_id=plan.id))
        assert (await aboard.ship.sessions.get("turned down")).status == Standing.REJECTED.value


async def test_folding_a_history_at_once_comes_to_the_same_as_one_by_one(
    tmp_path: Path, shelf: Shelf
) -> None:
    async with talking(tmp_path, shelf, Turn(text("All is well.")), Turn(text("Still."))) as (session, _):
        await carry_out(session, Say(text="how are things"))
        await carry_out(session, Say(text="and now"))
        await carry_out(session, approve(await offer(session, put("a"))))
        await carry_out(session, Rename(title="Things"))
        one_by_one = SessionState()
        for recorded in session.history:
            one_by_one = fold(one_by_one, e.Recorded(recorded.seq, recorded.at, recorded.event))
        unread = [e.Recorded.stored(r.seq, r.at, r.kind, r.event.model_dump_json()) for r in session.history]
        assert fold_all(SessionState(), unread) == one_by_one
        assert one_by_one.usage.total > 0


async def test_the_model_improves_a_title_once_and_never_the_operators(tmp_path: Path, shelf: Shelf) -> None:
    told_once = Turn(text("Fine.")), Turn(text("“Shelf looks fine.”")), Turn(text("Yes."))
    async with talking(tmp_path, shelf, *told_once, titled_by_model=True) as (session, server):
        await carry_out(session, Say(text="how does the shelf look?"))
        await session._log.until(lambda state: state.titled == "model")
        assert session.state.title == "Shelf looks fine"
        await carry_out(session, Say(text="really?"))
        assert len(server.requests) == 3


async def test_a_title_is_kept_without_secrets(tmp_path: Path, shelf: Shelf) -> None:
    async with crew(tmp_path, shelf_crew(shelf)) as aboard:
        await (await aboard.open("s")).close()
        kept = await past(aboard).rename("s", "  the   key AKIAIOSFODNN7EXAMPLE leaked ")
        assert kept.startswith("the key ") and "AKIAIOSFODNN7EXAMPLE" not in kept


async def test_retention_removes_the_old_and_spares_what_somebody_needs(tmp_path: Path, shelf: Shelf) -> None:
    old = NOW - timedelta(days=100)
    async with crew(tmp_path, shelf_crew(shelf), clock=lambda: old) as aboard:
        for name in ("gone", "pinned", "waiting", "doubtful", "held", "origin"):
            session = await aboard.open(name)
            await carry_out(session, Say(text=f"about {name}"))
            if name == "doubtful":
                await session._log.begin("k", e.TitleChanged(title="x"))
            if name == "waiting":
                await offer(session, put("a"))
                await session._mark()
            await session.close()
        await past(aboard, old).pin("pinned", True)
        fork = await past(aboard, NOW).fork("origin")
        young = past(aboard, NOW)
        lease = claim(aboard.home, "held")
        assert lease is not None
        with lease:
            assert [row.id for row in await young.outworn(101)] == []
            gone = await young.clear(90)
        # The fork was begun by a clock that stands still, so it is old too; its origin is not.
        assert {row.id for row in gone} - {fork} == {"gone"}
        left = {row.id for row in (await young.sessions.find(Wanted(), 50)).rows}
        assert {"pinned", "waiting", "doubtful", "held", "origin"} <= left
        assert "“about gone”" in told(gone, 90)
        assert (await aboard.journal.verify()).ok


async def test_a_session_that_is_open_somewhere_is_not_deleted(tmp_path: Path, shelf: Shelf) -> None:
    async with crew(tmp_path, shelf_crew(shelf)) as aboard:
        session = await aboard.open("s")
        with pytest.raises(CommandRefused, match="works on session s"):
            await past(aboard).delete("s")
        await session.close()
        await past(aboard).delete("s")
        assert (await past(aboard).find("")).rows == []


def test_a_look_at_an_object_in_several_contexts_is_found_from_each() -> None:
    call = Call(tool="kubernetes_get@1", args={"kind": "deploy", "name": "cart", "namespace": "shop"})
    event = e.ToolCalled(turn=1, call_id="c", call=call, scope=Scope(context="prod,staging"))
    found = {(touch.place, touch.thing) for touch in touched(event, SessionState())}
    assert found == {("prod", "deployment/cart in shop"), ("staging", "deployment/cart in shop")}
