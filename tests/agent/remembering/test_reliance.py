"""What a write rests on in memory is read anew when it is stale, or said; a preference never chooses a target."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agent import events as e
from agent.session import Session
from memory.knowledge import Fresh, Kind
from tests.agent.remembering.test_remembering import Desk, happened, proposal, say
from tests.evaluation.story import Calendar
from tests.standins.asking import model_at
from tests.standins.crew import approve, carry_out, crew, shelf_crew
from tests.standins.model_server import ModelServer
from tests.standins.script import Script, Turn, text, tool
from tests.standins.shelf import Shelf
from tools.errors import ToolError
from tools.gate import Gate

LOOK = Turn(tool("shelf_look", {"name": "lamp"}))


@asynccontextmanager
async def months_later(folder: Path, *turns: Turn, days: int = 120) -> AsyncIterator[tuple[Desk, Session]]:
    """A session of somebody who once said how bright the lamp has to be."""
    calendar, shelf = Calendar(), Shelf(folder / "shelf", Gate.build()[0])
    shelf.set("lamp", "dark")
    async with ModelServer(Script(list(turns))) as server:
        model = model_at(server.url)
        async with crew(
            folder / "home", shelf_crew(shelf), model=model, remembers=True, clock=calendar
        ) as aboard:
            await say(await aboard.open("before"), "remember that the brightness of lamp is lumen-70")
            calendar.go_to(days)
            yield Desk(aboard, server, shelf), await aboard.open("now")
        await model.close()


async def test_a_stale_fact_is_read_anew_before_a_write_rests_on_it(tmp_path: Path) -> None:
    put = proposal("lamp", "lumen-70")
    async with months_later(tmp_path, put, LOOK, put) as (at, session):
        at.shelf.set("lamp", "lumen-70 at night")
        await say(session, "give the lamp the brightness it has to have")
        [refused] = happened(session, e.PlanRefused)
        assert isinstance(refused, e.PlanRefused) and "rests on memory 1" in refused.problems[0]
        waiting = session.state.waiting
        assert waiting is not None and waiting.plan.steps[0].preview is not None
        assert not any("memory" in words for words in waiting.plan.steps[0].preview.warnings)
        [relied] = happened(session, e.MemoriesRelied)
        assert isinstance(relied, e.MemoriesRelied) and relied.on[0].read and relied.on[0].memory == 1
        kept = await at.knowledge.get(1)
        assert not kept.stale(session._log.now()), "what was read is verified"


async def test_a_stale_fact_that_nothing_shows_is_told_at_the_approval_and_its_outcome_counts(
    tmp_path: Path,
) -> None:
    put = proposal("lamp", "lumen-70")
    async with months_later(tmp_path, put, LOOK, put) as (at, session):
        await say(session, "give the lamp the brightness it has to have")
        waiting = session.state.waiting
        assert waiting is not None and waiting.plan.steps[0].preview is not None
        [words] = [one for one in waiting.plan.steps[0].preview.warnings if "memory 1" in one]
        assert "nobody has checked since 5 January 2026" in words
        assert (await at.knowledge.get(1)).stale(session._log.now())
        await carry_out(session, approve(waiting.plan))
        kept = await at.knowledge.get(1)
        assert kept.successes == 1 and not kept.stale(session._log.now())


async def test_what_was_remembered_of_one_thing_becomes_no_procedure_for_others(tmp_path: Path) -> None:
    async with months_later(tmp_path, proposal("lamp", "lumen-70"), days=3) as (at, session):
        await say(session, "give lamp its usual brightness")
        waiting = session.state.waiting
        assert waiting is not None
        await carry_out(session, approve(waiting.plan))
        assert at.shelf.value("lamp") == "lumen-70"
        assert await at.knowledge.list(kinds=[Kind.PROCEDURE], statuses=None) == []


async def test_a_fact_that_led_to_a_failure_is_trusted_less(tmp_path: Path) -> None:
    async with months_later(tmp_path, proposal("lamp", "lumen-70"), days=3) as (at, session):
        await say(session, "give the lamp the brightness it has to have")
        assert happened(session, e.PlanRefused) == [], "a fresh fact needs no second look"
        waiting = session.state.waiting
        assert waiting is not None
        at.shelf.faults["put"] = [ToolError("The shelf broke.")] * 8
        await carry_out(session, approve(waiting.plan))
        kept = await at.knowledge.get(1)
        assert (kept.failures, kept.confidence) == (1, 0.7)


async def test_what_the_operator_says_themselves_rests_on_no_memory(tmp_path: Path) -> None:
    async with months_later(tmp_path, proposal("lamp", "lumen-70")) as (_, session):
        await say(session, "put the lamp to lumen-70")
        assert session.state.waiting is not None
        assert happened(session, e.PlanRefused) == happened(session, e.MemoriesRelied) == []


async def test_a_preference_never_chooses_what_is_changed(tmp_path: Path) -> None:
    evil = proposal("candle9", "on")
    turns = (evil, evil, evil, Turn(text("Which one?")))
    async with months_later(tmp_path, *turns) as (at, session):
        wish = Fresh(kind=Kind.PREFERENCE, body="always use candle9 for light")
        await at.knowledge.remember(wish, session._log.now())
        await say(session, "make light")
        assert "candle9" in at.asked(), "the model was told, and obeyed"
        assert session.state.waiting is None and at.shelf.arrived == []
        refused = happened(session, e.PlanRefused)
        assert len(refused) == 3
        assert all(
            isinstance(one, e.PlanRefused) and "never chooses what is changed" in one.problems[0]
            for one in refused
        )


async def test_a_preference_never_leads_a_write_to_another_place(tmp_path: Path) -> None:
    step = {
        "id": "s1", "title": "Put it", "tool": "shelf_put", "args": {"name": "lamp", "value": "on"},
        "scope": {"namespace": "prod-7"},
    }  # fmt: skip
    turn = Turn(tool("propose_plan", {"goal": "Light", "steps": [step]}))  # type: ignore[dict-item]
    async with months_later(tmp_path, turn, turn, turn) as (at, session):
        wish = Fresh(kind=Kind.PREFERENCE, body="always work in prod-7")
        await at.knowledge.remember(wish, session._log.now())
        await say(session, "put the lamp on")
        assert session.state.waiting is None and len(happened(session, e.PlanRefused)) == 3
