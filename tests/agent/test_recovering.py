"""Plans that meet trouble: checks, gates, ways back, and drawing up anew what is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent import events as e
from agent.commands import AllowWrites, PassGate, PlanAgain, Resume, Say, Stop, Undo
from agent.deciding.decisions import CommandRefused
from agent.plan import DraftStep, Plan, PlanProblem, PlanStatus, StepState
from agent.planning.checks import Check
from agent.planning.references import ReferenceProblem
from agent.session import Session
from agent.settings import Limits, Settings
from tests.agent.test_conversation import of, plan_of, talking
from tests.standins.crew import Crew, approve, carry_out, crew, look, offer, put, shelf_crew, until
from tests.standins.script import Turn, text, tool
from tests.standins.shelf import Shelf
from tools.errors import FailureClass, Forbidden, Invalid, ServerFailed
from tools.gate import Gate
from tools.tool import Call


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path / "shelf", Gate.build()[0])
    for name in ("a", "b", "c"):
        made.set(name, "0")
    return made


async def at_once(seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
async def aboard(tmp_path: Path, shelf: Shelf) -> AsyncIterator[Crew]:
    async with crew(tmp_path / "home", shelf_crew(shelf), sleep=at_once) as made:
        yield made


def value_is(name: str, value: str, **more: float) -> Check:
    call = Call(tool="shelf_look", args={"name": name})
    words = {"says": f"{name} is {value}", "call": call, "path": "value", "must": "==", "than": value}
    return Check.model_validate({**words, "within": 0.0, **more})


def back(step: str, *if_failed: str) -> DraftStep:
    return DraftStep(id=f"back-{step}", undoes=step, if_failed=if_failed)


def states(session: Session, plan: Plan) -> dict[str, StepState]:
    progress = session.state.plans[plan.id]
    return {step.id: progress.of(step.id).state for step in plan.steps}


# --- checks ------------------------------------------------------------------------------------------


async def test_a_step_whose_check_holds_says_what_was_seen(aboard: Crew) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a").model_copy(update={"checks": (value_is("a", "1"),)}))
    await carry_out(session, approve(plan))
    seen = session.state.plans[plan.id].of("a")
    assert seen.state is StepState.SUCCEEDED and "a is 1" in seen.observed and "must be == 1" in seen.observed


async def test_a_check_that_does_not_come_true_is_a_failure_of_a_change_that_arrived(
    aboard: Crew, shelf: Shelf
) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a").model_copy(update={"checks": (value_is("b", "9"),)}))
    await carry_out(session, approve(plan))
    seen = session.state.plans[plan.id].of("a")
    assert (seen.state, seen.failure, seen.applied) == (StepState.FAILED, FailureClass.CHECK_FAILED, True)
    assert shelf.arrived == ["a=1"]


async def test_a_check_has_to_stay_true_as_long_as_it_was_asked_to(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    looks = 0

    def spoil(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            shelf.set("b", "broken")

    real = aboard.ship.pace.sleep

    async def sleep(seconds: float) -> None:
        spoil(seconds)
        await real(seconds)

    object.__setattr__(session._staff.site.pace, "sleep", sleep)
    plan = await offer(session, put("a").model_copy(update={"checks": (value_is("b", "0", lasts=60.0),)}))
    await carry_out(session, approve(plan))
    seen = session.state.plans[plan.id].of("a")
    assert seen.state is StepState.FAILED and "did not stay so" in seen.cause


async def test_time_that_the_machine_slept_through_was_not_watched(tmp_path: Path, shelf: Shelf) -> None:
    """A laptop that is closed for an hour in a watch of ten minutes has ten minutes to watch afterwards."""
    time = datetime(2026, 3, 14, 12, tzinfo=UTC)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        nonlocal time
        waits.append(seconds)
        time += timedelta(hours=1) if len(waits) == 3 else timedelta(seconds=seconds)
        await asyncio.sleep(0)

    async with crew(tmp_path / "home", shelf_crew(shelf), sleep=sleep, clock=lambda: time) as aboard:
        session = await aboard.open()
        plan = await offer(
            session, put("a").model_copy(update={"checks": (value_is("b", "0", lasts=600.0),)})
        )
        await carry_out(session, approve(plan))
        assert session.state.plans[plan.id].status is PlanStatus.SUCCEEDED
        assert sum(waits[3:]) >= 600.0


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        (value_is("a", "1").model_copy(update={"call": Call(tool="shelf_put", args={})}), "not a plain read"),
        (value_is("a", "1").model_copy(update={"path": "nothing.here"}), "points to nothing"),
        (value_is("a", "1").model_copy(update={"call": Call(tool="no_such", args={})}), "no tool called"),
    ],
)
async def test_a_check_that_could_never_be_seen_is_refused_before_anything_runs(
    aboard: Crew, check: Check, problem: str
) -> None:
    session = await aboard.open()
    with pytest.raises(PlanProblem, match=problem):
        await offer(session, put("a").model_copy(update={"checks": (check,)}))


def test_values_are_compared_as_numbers_where_a_number_is_wanted() -> None:
    check = Check(says="few", path="rows", must="<", than=3)
    assert check.holds({"rows": ["x", "y"]})[0] and not check.holds({"rows": ["x", "y", "z"]})[0]
    assert Check(says="low", path="rate", must="<=", than=1).holds({"rate": "0.5"})[0]
    with pytest.raises(ReferenceProblem, match="cannot be compared"):
        Check(says="low", path="rate", must="<", than=1).holds({"rate": "fast"})


# --- gates -------------------------------------------------------------------------------------------


async def test_a_gate_holds_the_plan_until_the_operator_lets_it_through(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    gated = put("b", "1", "a").model_copy(update={"gate": "Production too?"})
    plan = await offer(session, put("a"), gated)
    await carry_out(session, approve(plan))
    assert states(session, plan) == {"a": StepState.SUCCEEDED, "b": StepState.WAITING}
    assert shelf.arrived == ["a=1"]
    with pytest.raises(CommandRefused):
        await session.order(PassGate(plan_id=plan.id, step_id="a", how="key"))
    await carry_out(session, PassGate(plan_id=plan.id, step_id="b", how="key"))
    assert session.state.plans[plan.id].status is PlanStatus.SUCCEEDED
    assert shelf.arrived == ["a=1", "b=1"]


async def test_stop_at_a_gate_sends_nothing(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a").model_copy(update={"gate": "Really?"}))
    await carry_out(session, approve(plan))
    await session.order(Stop())
    await until(session, lambda state: state.plans[plan.id].status.final)
    assert states(session, plan) == {"a": StepState.STOPPED} and shelf.arrived == []


async def test_a_plan_left_at_its_gate_waits_there_again_when_it_is_resumed(
    aboard: Crew, shelf: Shelf
) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a").model_copy(update={"gate": "Really?"}))
    await carry_out(session, approve(plan))
    await session.close()
    again = await aboard.open()
    assert again.state.plans[plan.id].status is PlanStatus.INTERRUPTED and shelf.arrived == []
    await carry_out(again, Resume(plan_id=plan.id, how="key", allow_writes=True))
    assert states(again, plan) == {"a": StepState.WAITING}
    await carry_out(again, PassGate(plan_id=plan.id, step_id="a", how="key"))
    assert shelf.arrived == ["a=1"]


# --- ways back ---------------------------------------------------------------------------------------


async def test_what_was_changed_is_put_back_when_a_later_step_fails(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    shelf.faults["look"] = [Forbidden("no")]
    plan = await offer(session, put("a"), look("c", "a"), back("a", "c"))
    way = plan.step("back-a")
    assert way.preview is not None
    assert [(c.path, c.before, c.after) for c in way.preview.changes] == [("value", "1", "0")]
    await carry_out(session, approve(plan))
    assert shelf.arrived == ["a=1", "a=0"]
    progress = session.state.plans[plan.id]
    assert progress.status is PlanStatus.FAILED and "a put back as found" in progress.summary


async def test_a_way_back_is_not_taken_when_nothing_failed(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"), back("a"))
    await carry_out(session, approve(plan))
    assert states(session, plan)["back-a"] is StepState.SKIPPED
    progress = session.state.plans[plan.id]
    assert progress.status is PlanStatus.SUCCEEDED and progress.summary.startswith("1 of 1")
    assert shelf.arrived == ["a=1"]


async def test_what_somebody_changed_meanwhile_is_not_overwritten_on_the_way_back(
    aboard: Crew, shelf: Shelf
) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"), look("c", "a"), back("a", "c"))
    shelf.faults["look"] = [Forbidden("no")]
    real = shelf.fault

    def fault(verb: str) -> None:
        if verb == "look":
            shelf.set("a", "7")
        real(verb)

    shelf.fault = fault  # type: ignore[method-assign]
    await carry_out(session, approve(plan))
    seen = session.state.plans[plan.id].of("back-a")
    assert seen.failure is FailureClass.DRIFT and "found 0, made 1, now 7" in seen.cause
    assert shelf.value("a") == "7"


async def test_taking_a_plan_back_warns_of_what_was_changed_since(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    await carry_out(session, approve(plan))
    shelf.set("a", "7")
    await session.order(Undo(plan_id=plan.id, how="key"))
    waiting = session.state.waiting
    assert waiting is not None and waiting.plan.steps[0].preview is not None
    assert any("found 0, made 1, now 7" in words for words in waiting.plan.steps[0].preview.warnings)


async def test_a_way_back_needs_something_that_can_be_put_back(aboard: Crew) -> None:
    session = await aboard.open()
    with pytest.raises(PlanProblem, match="changes nothing by itself"):
        await offer(session, look("a"), back("a"))
    with pytest.raises(PlanProblem, match="not in the plan"):
        await offer(session, put("a"), back("gone"))


# --- drawing up anew ---------------------------------------------------------------------------------


async def test_after_drift_the_rest_is_offered_again_from_what_is_there_now(
    aboard: Crew, shelf: Shelf
) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"), put("b", "2"))
    shelf.set("b", "5")
    await carry_out(session, approve(plan))
    waiting = session.state.waiting
    assert waiting is not None and waiting.replaces == plan.id
    [step] = waiting.plan.steps
    assert step.preview is not None and step.preview.changes[0].before == "5"
    assert waiting.difference == e.PlanDifference(changed=("b",))
    assert shelf.arrived == ["a=1"]
    await carry_out(session, approve(waiting.plan))
    assert shelf.arrived == ["a=1", "b=2"]


async def test_writes_that_were_approved_just_so_go_on_unasked_and_new_ones_do_not(
    tmp_path: Path, shelf: Shelf
) -> None:
    wrong = {"id": "s1", "title": "Put a", "tool": "shelf_put", "args": {"name": "a", "value": "1"}}
    later = {**wrong, "id": "s2", "args": {"name": "b", "value": "1"}, "depends_on": ["look"]}
    read = {"id": "look", "title": "Look", "tool": "shelf_look", "args": {"name": "c"}}
    other = {**read, "id": "look2", "args": {"name": "a"}}
    turns = (
        Turn(plan_of(wrong, read, later)),
        Turn(plan_of(other, {**later, "depends_on": ["look2"]})),
    )
    async with talking(tmp_path, shelf, *turns) as (session, server):
        await session.order(AllowWrites(place="shelf", writes=True, how="key"))
        await carry_out(session, Say(text="please do the two things we spoke about"))
        first = session.state.waiting
        assert first is not None
        shelf.faults["look"] = [Invalid("no such shelf")]
        await carry_out(session, approve(first.plan))
        again = session.state.current
        assert again is not None and again.replaces == first.plan.id
        told = str(server.requests[-1].body["messages"])
        assert "the plan did not succeed" in told and "s1 (Put a): succeeded" in told
        # s2 rests on another step now, but writes exactly what was approved: it went on by itself.
        assert again.difference is not None and again.difference.kept == ("s2",)
        assert again.status is PlanStatus.SUCCEEDED
        assert shelf.arrived == ["a=1", "b=1"]


async def test_a_model_that_repeats_the_call_that_failed_is_told_so_and_nothing_is_sent(
    tmp_path: Path, shelf: Shelf
) -> None:
    step = {"id": "s1", "title": "Put a", "tool": "shelf_put", "args": {"name": "a", "value": "1"}}
    turns = (Turn(plan_of(step)), Turn(plan_of(step)), Turn(text("I do not know better.")))
    async with talking(tmp_path, shelf, *turns) as (session, server):
        await carry_out(session, Say(text="please do the thing we spoke about"))
        waiting = session.state.waiting
        assert waiting is not None
        shelf.faults["put"] = [Invalid("a does not take numbers")]
        await carry_out(session, approve(waiting.plan))
        assert shelf.calls.count("put") == 1
        assert "is the call that failed before" in str(server.requests[-1].body["messages"])
        assert session.state.waiting is None


async def test_drawing_up_anew_ends_after_its_limit_with_a_report(tmp_path: Path, shelf: Shelf) -> None:
    def step(value: str) -> dict[str, object]:
        return {"id": "s1", "title": "Put a", "tool": "shelf_put", "args": {"name": "a", "value": value}}

    turns = [Turn(plan_of(step(str(count)))) for count in range(1, 6)]
    async with talking(tmp_path, shelf, *turns, limits=Limits(replans=2)) as (session, server):
        shelf.faults["put"] = [Invalid("not that"), Invalid("nor that"), Invalid("nor that either")]
        await carry_out(session, Say(text="please do the thing we spoke about"))
        for _ in range(3):
            waiting = session.state.waiting
            assert waiting is not None
            await carry_out(session, approve(waiting.plan))
        assert session.state.waiting is None and len(server.requests) == 3
        answer = of(session, e.AnswerGiven)[-1]
        assert isinstance(answer, e.AnswerGiven)
        assert "that is the limit" in answer.markdown and "Nothing was changed" in answer.markdown


async def test_what_only_a_person_can_mend_is_reported_and_can_be_drawn_up_again_on_request(
    aboard: Crew, shelf: Shelf
) -> None:
    session = await aboard.open()
    await session.order(AllowWrites(place="shelf", writes=True, how="key"))
    shelf.faults["put"] = [Forbidden("you may not")]
    plan = await offer(session, put("a"), put("b", "1", "a"))
    await carry_out(session, approve(plan))
    report = of(session, e.AnswerGiven)[-1]
    assert isinstance(report, e.AnswerGiven) and "you may not" in report.markdown
    assert session.state.waiting is None
    await carry_out(session, PlanAgain(plan_id=plan.id, how="key"))
    waiting = session.state.current
    assert waiting is not None and waiting.difference is not None
    assert waiting.difference.kept == ("a", "b")
    await until(session, lambda state: state.plans[waiting.plan.id].status.final)
    assert shelf.arrived == ["a=1", "b=1"]


async def test_the_same_failing_read_is_not_sent_twice_in_one_turn(tmp_path: Path, shelf: Shelf) -> None:
    ask = tool("shelf_look", {"name": "a"})
    async with talking(tmp_path, shelf, Turn(ask), Turn(ask), Turn(text("It cannot be read."))) as (
        session,
        _,
    ):
        shelf.faults["look"] = [Forbidden("no rights")]
        await carry_out(session, Say(text="what is on the shelf, friend"))
        assert shelf.calls.count("look") == 1


# --- budgets -----------------------------------------------------------------------------------------


async def test_a_plan_larger_than_its_budget_is_not_offered(tmp_path: Path, shelf: Shelf) -> None:
    small = Settings(limits=Limits(plan_writes=1))
    async with crew(tmp_path / "home", shelf_crew(shelf), settings=small, sleep=at_once) as aboard:
        session = await aboard.open()
        with pytest.raises(PlanProblem, match="2 writes; the budget is 1"):
            await offer(session, put("a"), put("b"))


async def test_when_a_plans_time_is_used_up_no_further_step_starts(tmp_path: Path, shelf: Shelf) -> None:
    small = Settings(limits=Limits(plan_seconds=0.05))
    async with crew(tmp_path / "home", shelf_crew(shelf), settings=small) as aboard:
        session = await aboard.open()
        shelf.pause = 0.1
        plan = await offer(session, put("a"), put("b", "1", "a"))
        await carry_out(session, approve(plan))
        progress = session.state.plans[plan.id]
        assert shelf.arrived == ["a=1"] and "time is used up" in progress.of("b").cause
        assert progress.status is PlanStatus.FAILED


async def test_a_session_whose_tokens_are_used_up_asks_the_model_no_more(
    tmp_path: Path, shelf: Shelf
) -> None:
    turns = (Turn(text("Hello.")), Turn(text("Again.")))
    async with talking(tmp_path, shelf, *turns, limits=Limits(session_tokens=1)) as (session, server):
        await carry_out(session, Say(text="good morning to you"))
        await carry_out(session, Say(text="and how is the weather"))
        assert len(server.requests) == 1
        failed = of(session, e.TurnFailed)[-1]
        assert isinstance(failed, e.TurnFailed) and "tokens are used up" in failed.sentence


async def test_a_passing_fault_is_survived_and_never_reported_as_failure(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    shelf.faults["put"] = [ServerFailed("hiccup")]
    plan = await offer(session, put("a"))
    await carry_out(session, approve(plan))
    assert session.state.plans[plan.id].status is PlanStatus.SUCCEEDED and shelf.arrived == ["a=1"]
