"""The plan tree: every state has its glyph and word, branches show, keys mean the step under the cursor."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agent import events as e
from agent.plan import DraftStep, Plan, PlanStatus, StepState
from agent.state import PlanProgress, SessionState, StepProgress, fold
from console.widgets.demo_material import drafts, plan, running, waiting
from console.widgets.glyphs import ASCII, UNICODE, plan_look, step_look
from console.widgets.plan_layout import arrange
from console.widgets.plan_tree import PlanTree
from tests.console.widgets.stage import NOON, on_stage
from tools.errors import FailureClass


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


def step(name: str, *after: str) -> DraftStep:
    return DraftStep(id=name, tool="t", depends_on=after)


def drawn(*steps: DraftStep) -> list[str]:
    return [
        f"{'  ' * len(place.levels)}{'-' if place.opens else ''}{place.step.id}" for place in arrange(steps)
    ]


def test_a_chain_goes_straight_down() -> None:
    assert drawn(step("a"), step("b", "a"), step("c", "b")) == ["a", "b", "c"]


def test_steps_that_run_side_by_side_are_branches() -> None:
    assert drawn(step("a"), step("b"), step("c", "a")) == ["  -a", "  c", "  -b"]


def test_a_fan_out_branches_and_the_join_returns_to_the_level_it_left() -> None:
    fan = [step("a"), step("b", "a"), step("c", "a"), step("d", "b"), step("e", "d", "c")]
    assert drawn(*fan) == ["a", "  -b", "  d", "  -c", "e"]
    assert next(place.after for place in arrange(fan) if place.step.id == "e") == ("d", "c")


def test_a_half_written_plan_with_a_dangling_reference_is_shown_as_written() -> None:
    assert drawn(step("a", "z"), step("b", "a")) == ["a", "b"]


def test_no_step_is_lost_or_shown_twice() -> None:
    shown = [place.step.id for place in arrange(plan().steps)]
    assert sorted(shown) == sorted(item.id for item in plan().steps)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=lambda glyphs: str(glyphs.name))
def test_no_two_states_share_a_glyph_and_a_word(glyphs: object) -> None:
    used = UNICODE if glyphs is UNICODE else ASCII
    looks = [step_look(state, used) for state in StepState]
    assert len({look.glyph for look in looks}) == len(looks) == len({look.word for look in looks})
    assert all(plan_look(status, used).word for status in PlanStatus)
    assert all(look.style.split()[-1].startswith("$") for look in looks)


async def test_a_running_plan_reads_like_this() -> None:
    tree = PlanTree(now=lambda: NOON)
    async with on_stage(tree, (75, 16)) as (app, _):
        tree.show(running(NOON))
        tree.blur()
        await app.animator.wait_until_complete()
        shown = [line[:74].rstrip() for line in app.lines]
    assert shown[:15] == [
        "Restart payments with the new password and give checkout a third replica",
        "► running  1/6 done  1m14s",
        "",
        "✓ R List the pods of payments                                    done 0.4s",
        "    3 pods",
        "├─ ◐ W Restart deployment payments                      checking 1/3 1m14s",
        "│      2 of 3 new pods are ready",
        "│  ◇ R Watch the rollout of payments                               waiting",
        "└─ ↻ W Scale deployment checkout to 3                   retrying 2/5 1m14s",
        "       again in 8s · throttled: The API server asks for patience (429).",
        "   ✗ R Check the endpoints of checkout                    failed 3/3 1m14s",
        "       not found: There is no Endpoints object called checkout in",
        "       payments.",
        "◇ D Delete configmap payments-old                                  waiting",
        "    after s4, s5",
    ]


async def test_drafts_appear_while_the_plan_is_being_written() -> None:
    tree = PlanTree()
    async with on_stage(tree) as (app, pilot):
        tree.show(None, drafts()[:2])
        await pilot.pause()
        assert "The plan is being written: 2 steps so far" in app.text
        tree.show(None, drafts())
        await pilot.pause()
        assert app.text.count("drafted") == 4


async def test_the_clock_ticks_only_while_something_runs() -> None:
    clock = Clock()
    tree = PlanTree(now=clock)
    async with on_stage(tree) as (app, pilot):
        tree.show(waiting())
        assert not tree.ticking
        tree.show(running(NOON))
        assert tree.ticking
        clock.time += timedelta(seconds=3)
        tree.show(running(NOON))
        await pilot.pause()
        assert "1m17s" in app.text and "again in 5s" in app.text
        tree.show(finished())
        assert not tree.ticking


def finished() -> PlanProgress:
    progress = running(NOON)
    done = StepProgress(StepState.SUCCEEDED, 1, 1, NOON, NOON)
    return PlanProgress(
        progress.plan, 1, NOON, PlanStatus.SUCCEEDED, progress.approved, dict.fromkeys(progress.steps, done)
    )


async def test_the_cursor_stays_on_its_step_when_lines_come_and_go() -> None:
    tree = PlanTree(now=lambda: NOON)
    async with on_stage(tree) as (app, pilot):
        tree.show(waiting())
        await pilot.press("j", "j", "j", "enter")
        tree.show(running(NOON))
        await pilot.press("enter")
        assert [message.step_id for message in app.of(PlanTree.StepOpened)] == ["s3", "s3"]


async def test_striking_a_step_strikes_what_rests_on_it_and_taking_it_back_brings_what_it_needs() -> None:
    tree = PlanTree()
    async with on_stage(tree) as (app, pilot):
        tree.show(waiting())
        await pilot.press("j", "space")
        assert tree.marks == ("s1", "s3", "s5")
        assert app.text.count("struck") == 3
        await pilot.press("G", "space")
        marks = [message.step_ids for message in app.of(PlanTree.MarksChanged)]
        assert marks == [("s1", "s3", "s5"), ("s1", "s2", "s3", "s4", "s5", "s6")]


async def test_nothing_can_be_struck_once_the_plan_runs() -> None:
    tree = PlanTree(now=lambda: NOON)
    async with on_stage(tree) as (app, pilot):
        tree.show(running(NOON))
        await pilot.press("space")
        assert tree.marks == () and app.of(PlanTree.MarksChanged) == []


async def test_another_plan_forgets_the_marks_of_the_last() -> None:
    tree = PlanTree()
    async with on_stage(tree) as (_, pilot):
        tree.show(waiting())
        await pilot.press("space")
        other = Plan(**{**plan().model_dump(), "id": "p-72"})
        offered = fold(SessionState(), e.Recorded(1, NOON, e.PlanOffered(turn=1, plan=other))).plans["p-72"]
        tree.show(offered)
        assert len(tree.marks) == len(other.steps)


async def test_hostile_words_of_a_server_stay_on_their_line() -> None:
    tree = PlanTree(now=lambda: NOON)
    progress = running(NOON)
    progress.steps["s2"] = StepProgress(
        StepState.FAILED,
        1,
        1,
        NOON,
        NOON,
        failure=FailureClass.INVALID,
        cause="\x1b[2J[red]a\nb" + "x" * 9_000,
    )
    async with on_stage(tree, (60, 20)) as (app, pilot):
        tree.show(progress)
        await pilot.pause()
        assert "invalid: [red]a" in app.text and "\x1b" not in app.text
        assert all(strip.cell_length == 60 for strip in app.screen._compositor.render_strips())


@pytest.mark.parametrize("size", [(20, 5), (44, 12), (250, 70)])
async def test_it_draws_at_any_size(size: tuple[int, int]) -> None:
    tree = PlanTree(now=lambda: NOON)
    async with on_stage(tree, size) as (app, pilot):
        tree.show(running(NOON))
        await pilot.press("G")
        assert "Delete" in app.text
