"""Carrying plans out: order, grants, observation, failures, stop, undo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent import events as e
from agent.commands import AllowWrites, Became, EditStep, Resume, Say, SettleDoubt, Stop, StrikeStep, Undo
from agent.decisions import CommandRefused, Why
from agent.execution.halt import Halt
from agent.execution.writes import WriteStep
from agent.plan import PlanStatus, StepState
from agent.settings import PlaceSettings, Settings
from tests.standins.crew import Crew, approve, carry_out, crew, look, offer, put, shelf_crew, until
from tests.standins.shelf import Shelf
from tools.errors import (
    Conflict,
    FailureClass,
    Forbidden,
    GateRefused,
    Invalid,
    ServerFailed,
    Throttled,
    TimedOut,
    ToolError,
    Unreachable,
)  # fmt: skip
from tools.gate import Gate


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path / "shelf", Gate.build()[0])
    for name in ("a", "b", "c", "prod-a"):
        made.set(name, "0")
    return made


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
async def aboard(tmp_path: Path, shelf: Shelf, waits: list[float]) -> AsyncIterator[Crew]:
    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    async with crew(tmp_path / "home", shelf_crew(shelf), sleep=sleep) as made:
        yield made


async def test_an_approved_plan_changes_the_world_and_says_what_it_saw(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a", "1"), put("b", "2", "a"), look("c", "b"))
    await carry_out(session, approve(plan))
    progress = session.state.plans[plan.id]
    assert progress.status is PlanStatus.SUCCEEDED
    assert shelf.arrived == ["a=1", "b=2"]
    assert progress.of("a").observed == "a is 1"
    assert progress.of("c").output == {"name": "c", "value": "0", "rows": ["0"]}


async def test_intent_is_recorded_before_and_outcome_after_each_call(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    seen: list[int] = []
    shelf.landmark = lambda where: seen.append(session.state.seq)
    await carry_out(session, approve(plan))
    kinds = {recorded.seq: recorded.event.kind for recorded in session._log.history}
    assert kinds[seen[0]] == "step_intended"
    assert kinds[seen[0] + 1] == "step_succeeded"


async def test_nothing_leaves_without_an_approval(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    await offer(session, put("a"))
    with pytest.raises(GateRefused):
        shelf.put("a", "9")
    assert shelf.arrived == []


async def test_a_grant_covers_its_own_target_once(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    refused: list[str] = []

    def hostile(where: str) -> None:
        if where == "after effect":
            for name in ("a", "b"):
                try:
                    shelf.put(name, "9")
                except GateRefused as error:
                    refused.append(str(error))

    shelf.landmark = hostile
    await carry_out(session, approve(plan))
    assert len(refused) == 2
    assert shelf.arrived == ["a=1"]


async def test_an_approval_holds_only_for_the_hash_that_was_shown(aboard: Crew) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    with pytest.raises(CommandRefused) as refusal:
        await session.order(approve(plan, hash="0" * 64))
    assert refusal.value.why is Why.STALE


async def test_a_session_is_read_only_until_the_operator_leaves_it(aboard: Crew) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    with pytest.raises(CommandRefused) as refusal:
        await session.order(approve(plan, allow_writes=False))
    assert refusal.value.why is Why.DECISION


async def test_production_needs_the_name_typed(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("s", "1", name="prod-a"))
    with pytest.raises(CommandRefused, match="prod-a"):
        await session.order(approve(plan))
    await carry_out(session, approve(plan, confirmed=("prod-a",)))
    assert shelf.arrived == ["prod-a=1"]


async def test_drift_between_approval_and_call_asks_again(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    shelf.set("a", "somebody else")
    await carry_out(session, approve(plan))
    step = session.state.plans[plan.id].of("a")
    assert (step.state, step.failure) == (StepState.FAILED, FailureClass.DRIFT)
    assert shelf.arrived == []


async def test_steps_of_one_plan_may_build_on_each_other(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"), put("again", "1", "a", name="a"))
    await carry_out(session, approve(plan))
    # The second was shown as 0 → 1 and finds 1: that is no longer what was approved.
    assert session.state.plans[plan.id].of("again").failure is FailureClass.DRIFT


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (Throttled("slow down", retry_after=3.0), 2),
        (ServerFailed("500"), 2),
        (Unreachable("reset"), 2),
        (Conflict("changed"), 2),
        (Forbidden("no right"), 1),
        (Invalid("bad field"), 1),
        (ToolError("bug"), 1),
    ],
)
async def test_only_failures_that_can_pass_are_tried_again(
    aboard: Crew, shelf: Shelf, error: ToolError, tries: int
) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    shelf.faults["put"] = [error, None]
    await carry_out(session, approve(plan))
    step = session.state.plans[plan.id].of("a")
    assert step.attempt == tries
    assert step.state is (StepState.SUCCEEDED if tries == 2 else StepState.FAILED)
    assert len(shelf.arrived) == (1 if tries == 2 else 0)


async def test_retry_after_is_honoured_to_the_second(aboard: Crew, shelf: Shelf, waits: list[float]) -> None:
    session = await aboard.open()
    plan = await offer(session, look("a"))
    shelf.faults["look"] = [Throttled("slow down", retry_after=7.0), None]
    await carry_out(session, approve(plan))
    assert waits == [7.0]


async def test_a_server_that_asks_for_too_much_patience_is_reported(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    shelf.faults["put"] = [Throttled("slow down", retry_after=600.0)]
    await carry_out(session, approve(plan))
    step = session.state.plans[plan.id].of("a")
    assert (step.state, step.failure) == (StepState.FAILED, FailureClass.THROTTLED)


async def test_retries_end(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, look("a"))
    shelf.faults["look"] = [ServerFailed("500")] * 20
    await carry_out(session, approve(plan))
    step = session.state.plans[plan.id].of("a")
    assert (step.state, step.attempt) == (StepState.FAILED, 4)


async def test_a_write_whose_answer_was_lost_is_looked_up_and_not_sent_again(
    aboard: Crew, shelf: Shelf
) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    shelf.lose_answer = TimedOut("no answer")
    await carry_out(session, approve(plan))
    assert session.state.plans[plan.id].of("a").state is StepState.SUCCEEDED
    assert shelf.arrived == ["a=1"]


async def test_success_that_cannot_be_observed_is_a_failure(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"), put("b", "1", "a"))
    shelf.lie = True
    await carry_out(session, approve(plan))
    progress = session.state.plans[plan.id]
    assert progress.of("a").failure is FailureClass.CHECK_FAILED
    assert progress.of("a").applied is False, "the server's word alone does not make a change"
    assert progress.of("b").state is StepState.SKIPPED
    assert progress.status is PlanStatus.FAILED


async def test_a_failure_takes_down_only_what_rests_on_it(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"), put("b", "1", "a"), put("c"))
    shelf.faults["put"] = [Forbidden("no right"), None]
    await carry_out(session, approve(plan))
    states = {key: step.state for key, step in session.state.plans[plan.id].steps.items()}
    assert sorted(states.values()) == sorted([StepState.FAILED, StepState.SKIPPED, StepState.SUCCEEDED])


async def test_only_the_approved_steps_run(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"), put("b"))
    await carry_out(session, approve(plan, steps=("b",)))
    assert shelf.arrived == ["b=1"]
    assert session.state.plans[plan.id].of("a").state is StepState.SKIPPED


async def test_a_struck_step_takes_what_rests_on_it_along_and_needs_a_new_decision(aboard: Crew) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"), put("b", "1", "a"), put("c"))
    await session.order(StrikeStep(plan_id=plan.id, step_id="a"))
    waiting = session.state.waiting
    assert waiting is not None and [step.id for step in waiting.plan.steps] == ["c"]
    with pytest.raises(CommandRefused):
        await session.order(approve(plan))


async def test_stop_halts_within_one_second_and_says_what_was_in_flight(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"), put("b", "1", "a"))
    shelf.pause = 30.0
    await session.order(approve(plan))
    await until(session, lambda state: state.plans[plan.id].of("a").state is StepState.RUNNING)
    await session.order(Stop())
    async with asyncio.timeout(1.0):
        await session.idle()
    progress = session.state.plans[plan.id]
    assert progress.status is PlanStatus.STOPPED
    assert progress.of("a").state is StepState.STOPPED
    assert progress.of("b").state is StepState.SKIPPED
    assert shelf.arrived == []


async def test_what_has_not_left_when_stop_is_said_does_not_leave_any_more(
    aboard: Crew, shelf: Shelf
) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    shelf.pause = 0.05  # the call is under way, its write is not, and there is time left to send it
    await session.order(approve(plan))
    await until(session, lambda state: state.plans[plan.id].of("a").state is StepState.RUNNING)
    await session.order(Stop())
    await session.idle()
    step = session.state.plans[plan.id].of("a")
    assert (step.state, step.applied) == (StepState.STOPPED, False)
    assert shelf.arrived == [] and shelf.value("a") == "0"


async def test_the_end_of_a_stopped_plan_says_how_far_a_write_had_come(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"), put("b", "1", "a"))
    shelf.landmark = lambda where: shelf.set("a", "half") if where == "after effect" else None
    await session.order(approve(plan))
    await until(session, lambda state: bool(state.plans[plan.id].of("a").observed))
    await session.order(Stop())
    await session.idle()
    (ended,) = [r.event for r in session._log.history if isinstance(r.event, e.PlanFinished)]
    title = plan.step("a").title
    assert ended.summary == (
        "0 of 2 approved steps done and checked, 1 stopped, 1 skipped."
        f" {title}: The change was sent; when stopped: a is half"
    )


async def test_a_finished_plan_can_be_taken_back_by_a_plan_of_its_own(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a", "1"), put("b", "1"))
    await carry_out(session, approve(plan))
    await session.order(Undo(plan_id=plan.id, how="key"))
    waiting = session.state.waiting
    assert waiting is not None
    assert shelf.value("a") == "1", "an undo is a plan and waits for its own decision"
    await carry_out(session, approve(waiting.plan))
    assert (shelf.value("a"), shelf.value("b")) == ("0", "0")


async def test_what_nobody_knows_is_answered_plainly_when_there_is_no_model(aboard: Crew) -> None:
    session = await aboard.open()
    await carry_out(session, Say(text="sing me a song"))
    answers = [r.event for r in session._log.history if isinstance(r.event, e.AnswerGiven)]
    assert "Without a model" in answers[0].markdown and "auth login" in answers[0].markdown


async def test_a_read_only_program_cannot_be_talked_into_writing(tmp_path: Path, shelf: Shelf) -> None:
    async with crew(tmp_path / "other", shelf_crew(shelf), settings=Settings(read_only=True)) as closed:
        session = await closed.open()
        with pytest.raises(CommandRefused, match="started read-only"):
            await session.order(AllowWrites(place="shelf", writes=True, how="key"))
        plan = await offer(session, put("a"))
        with pytest.raises(CommandRefused) as refusal:
            await session.order(approve(plan))
        assert refusal.value.why is Why.POLICY


async def test_leaving_read_only_is_one_visible_act_for_one_place(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    await session.order(AllowWrites(place="shelf", writes=True, how="key"))
    assert session.state.writable == {"shelf"}
    await carry_out(session, approve(plan, allow_writes=False))
    assert shelf.arrived == ["a=1"]
    await session.order(AllowWrites(place="shelf", writes=False, how="key"))
    assert session.state.writable == frozenset()


async def interrupted(tmp_path: Path, shelf: Shelf) -> str:
    """A plan whose process ended after the intent and before anything arrived; returns its id."""
    async with crew(tmp_path / "home", shelf_crew(shelf)) as first:
        session = await first.open()
        plan = await offer(session, put("a"))
        await session._log.record(
            e.PlanApproved(plan_id=plan.id, hash=plan.hash, steps=("a",), by="tester", how="key")
        )
        await WriteStep(session._staff.site, plan.id, plan.step("a"), Halt()).intend(1)
        await session.close()
        return plan.id


async def test_resuming_writes_nothing_until_writes_are_allowed_again(tmp_path: Path, shelf: Shelf) -> None:
    plan_id = await interrupted(tmp_path, shelf)
    async with crew(tmp_path / "home", shelf_crew(shelf)) as again:
        session = await again.open()
        with pytest.raises(CommandRefused) as refusal:
            await session.order(Resume(plan_id=plan_id, how="key"))
        assert refusal.value.why is Why.DECISION
        assert shelf.arrived == [] and shelf.calls.count("put") == 0
        await session.order(AllowWrites(place="shelf", writes=True, how="key"))
        await carry_out(session, Resume(plan_id=plan_id, how="key"))
        assert shelf.arrived == ["a=1"]


@pytest.mark.parametrize(
    "settings", [Settings(read_only=True), Settings(contexts={"shelf": PlaceSettings(read_only=True)})]
)
async def test_nothing_resumes_a_write_where_writing_is_closed(
    tmp_path: Path, shelf: Shelf, settings: Settings
) -> None:
    plan_id = await interrupted(tmp_path, shelf)
    async with crew(tmp_path / "home", shelf_crew(shelf), settings=settings) as again:
        session = await again.open()
        with pytest.raises(CommandRefused) as refusal:
            await session.order(Resume(plan_id=plan_id, how="flag", allow_writes=True))
        assert refusal.value.why is Why.POLICY
        assert shelf.arrived == []


async def test_an_edited_step_is_never_described_by_its_old_title(aboard: Crew) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a", "4"), goal="Put 4 on a")
    await session.order(EditStep(plan_id=plan.id, step_id="a", args={"name": "a", "value": "3"}))
    waiting = session.state.waiting
    assert waiting is not None
    assert waiting.plan.steps[0].title != plan.steps[0].title
    assert waiting.plan.goal == f"Plan {plan.id}, edited"


async def test_a_plan_resumed_while_a_step_stays_in_doubt_is_interrupted_again(
    tmp_path: Path, shelf: Shelf
) -> None:
    plan_id = await interrupted(tmp_path, shelf)
    shelf.set("a", "neither what it was nor what it was to be")
    async with crew(tmp_path / "home", shelf_crew(shelf)) as again:
        session = await again.open()
        for _ in range(2):  # it can be looked at as often as the operator likes
            await carry_out(session, Resume(plan_id=plan_id, how="flag", allow_writes=True))
            progress = session.state.plans[plan_id]
            assert (progress.status, progress.of("a").state) == (PlanStatus.INTERRUPTED, StepState.IN_DOUBT)
        shelf.set("a", "1")
        await carry_out(session, Resume(plan_id=plan_id, how="flag", allow_writes=True))
        assert session.state.plans[plan_id].status is PlanStatus.SUCCEEDED
        assert shelf.arrived == []


@pytest.mark.parametrize(
    ("became", "status", "applied"),
    [("there", PlanStatus.SUCCEEDED, True), ("unknown", PlanStatus.FAILED, None)],
)
async def test_the_operators_word_ends_a_doubt_that_nothing_else_can_end_and_is_on_record(
    tmp_path: Path, shelf: Shelf, became: Became, status: PlanStatus, applied: bool | None
) -> None:
    plan_id = await interrupted(tmp_path, shelf)
    shelf.set("a", "neither what it was nor what it was to be")
    async with crew(tmp_path / "home", shelf_crew(shelf)) as again:
        session = await again.open()
        await session.order(SettleDoubt(plan_id=plan_id, step_id="a", became=became, how="key"))
        progress = session.state.plans[plan_id]
        assert (progress.status, progress.of("a").applied) == (status, applied)
        said = [one.event for one in session._log.history if isinstance(one.event, e.DoubtSettled)]
        assert [(one.by, one.became) for one in said] == [("tester", became)]
        assert shelf.arrived == []


async def test_what_the_operator_says_is_not_there_is_sent_again_only_when_the_plan_goes_on(
    tmp_path: Path, shelf: Shelf
) -> None:
    plan_id = await interrupted(tmp_path, shelf)
    shelf.set("a", "neither what it was nor what it was to be")
    async with crew(tmp_path / "home", shelf_crew(shelf)) as again:
        session = await again.open()
        await session.order(SettleDoubt(plan_id=plan_id, step_id="a", became="not there", how="key"))
        progress = session.state.plans[plan_id]
        assert (progress.status, progress.of("a").state) == (PlanStatus.INTERRUPTED, StepState.APPROVED)
        assert shelf.arrived == []
        shelf.set("a", "0")
        await carry_out(session, Resume(plan_id=plan_id, how="flag", allow_writes=True))
        assert session.state.plans[plan_id].status is PlanStatus.SUCCEEDED
        assert shelf.arrived == ["a=1"]


async def test_a_step_that_is_not_in_doubt_takes_nobodys_word(aboard: Crew) -> None:
    session = await aboard.open()
    plan = await offer(session, put("a"))
    with pytest.raises(CommandRefused):
        await session.order(SettleDoubt(plan_id=plan.id, step_id="a", became="there", how="key"))
