"""The console as an operator meets it: connecting, saying, deciding, stopping, leaving."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent import commands as c
from agent import events as e
from console.app import PilothouseApp
from console.live import Agent
from console.options import Options
from tests.console.driving import Console, console
from tests.console.scripted import ScriptedAgent, intended


async def test_everything_says_connecting_until_the_agent_is_there(tmp_path: Path) -> None:
    ready = asyncio.Event()

    async def connect() -> Agent:
        await ready.wait()
        return await ScriptedAgent.start(tmp_path)

    app = PilothouseApp(connect, Options(home=tmp_path), {})
    async with app.run_test(size=(160, 40), notifications=True) as pilot:
        seen = Console(pilot, app, None)  # type: ignore[arg-type]
        assert seen.text.count("connecting…") == 4
        await seen.until(lambda: app.is_built and seen.text.count("connecting…") >= 3)
        ready.set()
        await seen.sees("READ-ONLY")


async def test_a_line_written_before_the_agent_is_there_is_shown_as_queued_and_then_sent(
    tmp_path: Path,
) -> None:
    ready = asyncio.Event()
    agent = await ScriptedAgent.start(tmp_path)

    async def connect() -> Agent:
        await ready.wait()
        return agent

    app = PilothouseApp(connect, Options(home=tmp_path), {})
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        seen = Console(pilot, app, agent)
        await seen.until(lambda: app.is_built)
        await seen.say("hello there")
        await seen.sees("queued: hello there")
        ready.set()
        await seen.sees("You said: hello there")
        assert "queued:" not in seen.text
        assert [command for command in agent.opened[0].commands if isinstance(command, c.Say)] == [
            c.Say(text="hello there")
        ]


async def test_a_failed_connection_says_why_and_connect_tries_again(tmp_path: Path) -> None:
    tries = 0

    async def connect() -> Agent:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError("The journal cannot be opened: the disk is full.")
        return await ScriptedAgent.start(tmp_path)

    app = PilothouseApp(connect, Options(home=tmp_path), {})
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        seen = Console(pilot, app, None)  # type: ignore[arg-type]
        await seen.sees("the disk is full")
        await seen.jump("connect")
        await seen.sees("READ-ONLY")


async def test_a_plan_is_shown_approved_by_key_and_carried_out(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.say("scale checkout in staging to 3")
        await seen.sees("spec.replicas  2 → 3")
        approval = seen.app.main.plan.approval
        assert approval is not None and seen.app.focused is approval

        async def allow() -> None:
            while not seen.session.state.writable:
                await seen.press("w")  # deaf for half a second after the plan appeared
                await seen.pilot.pause(0.02)

        await asyncio.wait_for(allow(), 10)
        await seen.sees("WRITES ALLOWED in kind-staging")
        plan = seen.session.state.waiting
        assert plan is not None

        async def approve() -> None:
            while not any(isinstance(command, c.Approve) for command in seen.session.commands):
                await seen.press("a")
                await seen.pilot.pause(0.02)

        await asyncio.wait_for(approve(), 10)
        await seen.sees("3/3 done")
        sent = next(command for command in seen.session.commands if isinstance(command, c.Approve))
        assert (sent.plan_id, sent.hash, sent.how) == ("p-1", plan.plan.hash, "key")


async def test_a_plan_never_takes_the_focus_from_someone_who_writes(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.type("and then")
        await seen.session.send(c.Say(text="scale checkout to 3"))
        await seen.sees("waits for your decision")
        assert seen.app.focused is seen.app.main.chat.prompt
        assert seen.app.main.chat.prompt.text == "and then"


async def test_what_is_said_while_the_agent_works_waits_visibly(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.say("hold on")
        await seen.sees("working")
        await seen.say("second thing")
        await seen.sees("queued: second thing")
        seen.session.hold.set()
        await seen.sees("You said: second thing")
        assert "queued:" not in seen.text


async def test_escape_twice_stops_the_turn_and_once_does_not(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.say("hold on")
        await seen.sees("working")
        await seen.press("escape")
        assert c.Stop() not in seen.session.commands
        await seen.sees("esc again stops the agent")
        await seen.press("escape")
        await seen.until(lambda: c.Stop() in seen.session.commands)
        await seen.until(lambda: not seen.session.state.busy)


async def test_ctrl_c_quits_only_the_second_time_and_the_first_says_so(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.press("ctrl+c")
        await seen.sees("ctrl+c again quits")
        assert seen.app.is_running and not seen.app._exit
        await seen.press("ctrl+c")
        await seen.until(lambda: seen.app._exit, "leaving")
    assert seen.agent.closed


async def test_writes_are_allowed_only_after_an_explicit_yes(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.press("escape", "w")
        await seen.sees("Allow writes in kind-staging?")
        await seen.press("enter")
        assert not any(isinstance(command, c.AllowWrites) for command in seen.session.commands)
        await seen.press("w", "y")
        await seen.sees("WRITES ALLOWED in kind-staging")
        await seen.press("w")
        await seen.sees("READ-ONLY")
        allowed = [command for command in seen.session.commands if isinstance(command, c.AllowWrites)]
        assert [(command.writes, command.how) for command in allowed] == [(True, "key"), (False, "key")]


async def test_started_read_only_there_is_no_key_for_writes(tmp_path: Path) -> None:
    async with console(tmp_path, options=Options(read_only=True)) as seen:
        await seen.sees("READ-ONLY (pinned)")
        await seen.press("escape", "w")
        await seen.pilot.pause()
        assert "Allow writes" not in seen.text


async def test_esc_turns_away_from_a_waiting_plan_and_decides_nothing(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.say("scale checkout to 3")
        await seen.until(lambda: seen.session.state.waiting is not None)
        await seen.until(lambda: seen.app.focused is not seen.app.main.chat.prompt, "the plan has the keys")
        await seen.press("escape", *"again", "enter")
        await seen.until(lambda: c.Say(text="again") in seen.session.commands)
        assert not any(isinstance(command, c.Reject | c.Approve) for command in seen.session.commands)


async def test_a_finished_plan_can_be_undone_by_u(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        assert not seen.app.main.check_action("undo", ())
        await seen.say("scale checkout to 3")
        await seen.until(lambda: seen.session.state.waiting is not None)
        plan = seen.session.state.waiting
        assert plan is not None
        await seen.session.send(c.Approve(plan_id="p-1", hash=plan.plan.hash, how="key"))
        await seen.sees("3/3 done")
        await seen.until(lambda: bool(seen.app.main.check_action("undo", ())))
        await seen.press("u")
        await seen.sees("Take plan p-1 back")
        assert c.Undo(plan_id="p-1", how="key") in seen.session.commands


async def test_d_takes_the_operators_word_for_a_step_in_doubt_and_enter_leaves_it_open(
    tmp_path: Path,
) -> None:
    async with console(tmp_path) as seen:
        await seen.say("scale checkout to 3")
        await seen.until(lambda: seen.session.state.waiting is not None)
        waiting = seen.session.state.waiting
        assert waiting is not None and not seen.app.main.check_action("settle_doubt", ())
        plan = waiting.plan
        approved = e.PlanApproved(
            plan_id=plan.id, hash=plan.hash, steps=("s1", "s2", "s3"), by="ada", how="key"
        )
        doubt = e.StepInDoubt(plan_id=plan.id, step_id="s2", attempt=1, detail="The cluster does not answer.")
        await seen.session.record(approved, intended(plan.id, plan.step("s2"), 1), doubt)
        await seen.sees("D decides")
        await seen.press("D")
        await seen.sees("Did this happen?")
        await seen.press("enter", "D")
        await seen.sees("Did this happen?")
        assert not any(isinstance(command, c.SettleDoubt) for command in seen.session.commands)
        await seen.press("n")
        told = c.SettleDoubt(plan_id=plan.id, step_id="s2", became="not there", how="key")
        await seen.until(lambda: told in seen.session.commands)


async def test_a_follower_sees_everything_and_sends_nothing(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        seen.session.driving = False
        await seen.say("scale checkout to 3")
        await seen.sees("Another console drives this session")
        assert not any(isinstance(command, c.Say) for command in seen.session.commands)
        assert seen.app.main.chat.prompt.text == "scale checkout to 3"
        assert not seen.app.main.check_action("allow_writes", ())


async def test_an_error_in_the_background_is_a_sentence_and_not_the_end(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:

        async def refuse(_: c.Command) -> None:
            raise RuntimeError("The disk is full.")

        seen.session.send = refuse  # type: ignore[assignment, method-assign]
        await seen.say("hello")
        await seen.sees("The disk is full.")
        assert seen.app.is_running


async def test_a_defect_leaves_a_log_and_a_sentence_that_names_it(tmp_path: Path) -> None:
    from console.crash import keep

    words = keep(ValueError("boom"), tmp_path, {})
    (log,) = (tmp_path / "state" / "logs").iterdir()
    assert str(log) in words and "ctrl+o" in words
    assert "ValueError: boom" in log.read_text("utf-8")


@pytest.mark.parametrize("length", [200_000])
async def test_a_long_paste_arrives_whole(tmp_path: Path, length: int) -> None:
    async with console(tmp_path, size=(100, 30)) as seen:
        text = ("word " * (length // 5)).strip()
        await seen.say(text)
        await seen.until(lambda: c.Say(text=text) in seen.session.commands)
