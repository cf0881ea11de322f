"""The decision: nothing without a key, nothing too early, nothing that was not on the screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent import events as e
from agent.commands import AllowWrites, Approve, EditStep, Reject, StrikeStep
from agent.plan import Plan, Ruling, Verdict
from agent.state import PlanProgress, SessionState, fold
from console.widgets.approval import GRACE, Approval
from console.widgets.demo_material import plan, waiting
from tests.console.widgets.stage import NOON, Stage, on_stage

OPEN = frozenset({"shop-prod"})


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def offered(plan: Plan) -> PlanProgress:
    return fold(SessionState(), e.Recorded(1, NOON, e.PlanOffered(turn=1, plan=plan))).plans[plan.id]


def simple() -> Plan:
    """The plan without the step that wants a name typed."""
    full = plan()
    return Plan(
        id="p-1", goal=full.goal, scope=full.scope, origin="runbook:scale@1",
        steps=(full.steps[0], full.steps[2], full.steps[4]),
    )  # fmt: skip


def commands(app: Stage) -> list[object]:
    return [message.command for message in app.of(Approval.Decided)]


def asked(
    writable: frozenset[str] = OPEN, progress: PlanProgress | None = None, wait: float = GRACE
) -> Approval:
    clock = Clock()
    widget = Approval(monotonic=clock)
    widget.ask(progress or offered(simple()), writable)
    clock.seconds += wait
    return widget


async def test_the_sheet_says_everything_a_decision_needs() -> None:
    widget = asked(frozenset(), waiting())
    async with on_stage(widget, (90, 44)) as (app, _):
        for words in (
            "PRODUCTION", "context shop-prod, namespace payments", f"hash {plan().hash[:12]}",
            "3 writes, 5 objects", "by model claude-opus-5-5", "Read-only in shop-prod. Press w",
            "[■] write s2  Restart deployment payments  3 objects", "deployment/payments in payments",
            "~ spec.replicas  2 → 3", "Can be undone: kubernetes.scale (name checkout, replicas 2)",
            "destructive s6  Delete configmap payments-old", "Cannot be undone.", "- data.POOL_SIZE  20 (removed)",
            "Policy: ask, by rule writes-ask", "PodDisruptionBudget payments allows no disruption",
            "type payments", "Reads, no change: s1 List the pods",
        ):  # fmt: skip
            assert words in app.text, words


async def test_a_approves_the_whole_plan_by_the_hash_that_was_shown() -> None:
    async with on_stage(asked()) as (app, pilot):
        await pilot.press("a")
        assert commands(app) == [Approve(plan_id="p-1", hash=simple().hash, how="key")]


@pytest.mark.parametrize("key", ["a", "s", "w", "x", "r", "e"])
async def test_no_key_decides_in_the_half_second_after_the_plan_appeared(key: str) -> None:
    async with on_stage(asked(frozenset(), wait=GRACE - 0.01)) as (app, pilot):
        await pilot.press(key, "enter")
        assert commands(app) == []
        assert "only just appeared" in app.text or "Enter decides nothing" in app.text


async def test_a_plan_that_changes_under_the_hand_starts_the_half_second_again() -> None:
    clock = Clock()
    widget = Approval(monotonic=clock)
    widget.ask(offered(simple()), OPEN)
    clock.seconds += 10
    async with on_stage(widget) as (app, pilot):
        widget.ask(waiting(), OPEN)
        await pilot.press("a")
        assert commands(app) == []
        widget.ask(waiting(), OPEN)
        clock.seconds += GRACE
        await pilot.press("s")
        assert "Type payments to confirm" in app.text


@pytest.mark.parametrize("key", ["enter", "y", "tab", "space", "n", "1", "q"])
async def test_no_other_key_approves(key: str) -> None:
    async with on_stage(asked()) as (app, pilot):
        await pilot.press(key, key, "enter")
        assert commands(app) == []


async def test_while_the_place_is_read_only_approving_only_says_so() -> None:
    async with on_stage(asked(frozenset())) as (app, pilot):
        await pilot.press("a", "s")
        assert commands(app) == [] and "Still read-only in shop-prod" in app.text
        await pilot.press("w")
        assert commands(app) == [AllowWrites(place="shop-prod", writes=True, how="key")]


async def test_allowing_writes_keeps_marks_and_needs_approving_still() -> None:
    widget = asked(frozenset())
    async with on_stage(widget) as (app, pilot):
        await pilot.press("space", "w")
        widget.ask(offered(simple()), OPEN)
        await pilot.pause()
        assert widget.marks == ("s1",) and "Read-only" not in app.text
        assert [type(command) for command in commands(app)] == [AllowWrites]


async def test_s_approves_only_what_is_marked() -> None:
    progress = waiting()
    async with on_stage(asked(OPEN, progress)) as (app, pilot):
        await pilot.press("space", "s")
        assert commands(app) == [
            Approve(plan_id="p-71", hash=plan().hash, how="key", steps=("s1", "s3", "s5"))
        ]
        assert app.of(Approval.MarksChanged)[0].step_ids == ("s1", "s3", "s5")


async def test_marking_nothing_approves_nothing() -> None:
    widget = asked()
    async with on_stage(widget) as (app, pilot):
        widget.mark(())
        await pilot.press("s")
        assert commands(app) == [] and "Nothing is marked" in app.text


async def test_a_mistyped_name_is_typed_again_without_any_letter_becoming_a_key() -> None:
    async with on_stage(asked(OPEN, waiting())) as (app, pilot):
        await pilot.press("a", *"serch", "enter")
        await pilot.press(*"payments", "enter")
        assert commands(app) == [
            Approve(plan_id="p-71", hash=plan().hash, how="key", confirmed=("payments",))
        ]


async def test_a_step_that_needs_its_name_is_approved_only_with_exactly_that_name() -> None:
    async with on_stage(asked(OPEN, waiting())) as (app, pilot):
        await pilot.press("a", *"payment", "enter")
        assert commands(app) == [] and "That is not payments" in app.text
        await pilot.press("a", "escape", "a", *"payments", "enter")
        assert commands(app) == [
            Approve(plan_id="p-71", hash=plan().hash, how="key", confirmed=("payments",))
        ]


async def test_r_rejects_with_a_comment_and_escape_goes_back_first() -> None:
    async with on_stage(asked()) as (app, pilot):
        await pilot.press("r", *"no", "escape")
        assert commands(app) == []
        await pilot.press("r", *"too late", "enter")
        assert commands(app) == [Reject(plan_id="p-1", comment="too late")]


async def test_x_strikes_the_write_under_the_cursor() -> None:
    async with on_stage(asked(OPEN, waiting())) as (app, pilot):
        await pilot.press("j", "x")
        assert commands(app) == [StrikeStep(plan_id="p-71", step_id="s3")]


async def test_e_sends_changed_arguments_and_refuses_what_is_no_object() -> None:
    async with on_stage(asked()) as (app, pilot):
        await pilot.press("e", *["down"] * 6, "end", "backspace", "ctrl+s")
        assert commands(app) == [] and "not a JSON object yet" in app.text
        await pilot.press(*',"replicas":5}', "ctrl+s")
        (command,) = commands(app)
        assert isinstance(command, EditStep) and command.step_id == "s3"
        assert command.args == {"kind": "deployment", "name": "checkout", "replicas": 5}


async def test_letters_typed_into_a_field_are_text_and_decide_nothing() -> None:
    async with on_stage(asked()) as (app, pilot):
        await pilot.press("r", *"always")
        assert commands(app) == []


async def test_what_policy_denies_cannot_be_approved() -> None:
    base = simple()
    ruling = Ruling(verdict=Verdict.DENY, rule="freeze", reason="Change freeze.")
    steps = tuple(
        step.model_copy(update={"ruling": ruling}) if step.effect.writes else step for step in base.steps
    )
    async with on_stage(asked(OPEN, offered(base.model_copy(update={"steps": steps})))) as (app, pilot):
        await pilot.press("a")
        assert commands(app) == [] and "Policy denies s3 by freeze" in app.text


async def test_a_click_on_a_key_is_that_key() -> None:
    widget = asked()
    async with on_stage(widget) as (app, pilot):
        row = next(number for number, line in enumerate(app.lines) if "approve all" in line)
        await pilot.click(offset=(app.lines[row].index("approve all"), row))
        await pilot.pause()
        assert [type(command) for command in commands(app)] == [Approve]


@pytest.mark.parametrize("size", [(20, 6), (44, 20), (250, 70)])
async def test_it_draws_at_any_size_and_reaches_its_end(size: tuple[int, int]) -> None:
    async with on_stage(asked(OPEN, waiting()), size) as (app, pilot):
        await pilot.press("end")
        assert "checkout" in app.text


async def test_a_plan_that_one_of_two_approved_says_for_whom_it_waits() -> None:
    two = Ruling(verdict=Verdict.ASK, rule="two-people", approvals=2)
    full = simple()
    steps = tuple(
        step.model_copy(update={"ruling": two}) if step.effect.writes else step for step in full.steps
    )
    asking = full.model_copy(update={"steps": steps})
    given = e.ApprovalGiven(
        plan_id=asking.id, hash=asking.hash, steps=tuple(step.id for step in steps),
        by="anna", login="anna (1000)", how="key",
    )  # fmt: skip
    widget = asked(progress=offered(asking))
    async with on_stage(widget) as (app, pilot):
        assert "2 people have to approve" in app.text
        assert "waits for a second person" not in app.text
        widget.ask(replace(offered(asking), given=(given,)), OPEN)
        await pilot.pause()
        assert "Approved by anna; waits for a second person." in app.text
