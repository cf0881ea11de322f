"""The session browser: list, search, read, replay, go on, rename, delete; over a real journal."""

from __future__ import annotations

from pathlib import Path

from console.screens.replay import ReplayScreen
from tests.console.driving import Console, console


async def two_sessions(seen: Console) -> None:
    await seen.say("the harbour is quiet")
    await seen.sees("You said: the harbour is quiet")
    await seen.jump("new")
    await seen.until(lambda: len(seen.agent.opened) == 2 and seen.app.main.live is not None)
    await seen.sees("Session of ada")
    await seen.say("all is well")
    await seen.sees("You said: all is well")
    await seen.agent.sessions.rename(seen.agent.opened[0].id, "Harbour")


async def browser(seen: Console) -> None:
    await seen.press("ctrl+o")
    await seen.sees("2 sessions")


async def test_a_search_finds_what_was_said_as_it_is_typed(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await two_sessions(seen)
        await browser(seen)
        await seen.fill("quiet")
        await seen.sees("1 session")
        await seen.sees(": the harbour is quiet")
        await seen.fill("zzz")
        await seen.sees("No session has these words.")


async def test_an_old_session_can_be_gone_on_in(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await two_sessions(seen)
        first = seen.agent.opened[0]
        await browser(seen)
        await seen.press("down", "enter")
        await seen.until(lambda: len(seen.agent.opened) == 3, "opened")
        assert seen.session.id == first.id
        assert seen.agent.opened[1].closed


async def test_a_replay_steps_forwards_and_back_and_ends_complete(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await two_sessions(seen)
        await browser(seen)
        await seen.press("down", "f2")
        await seen.sees("Replay: Harbour")
        replay = seen.app.screen
        assert isinstance(replay, ReplayScreen)
        complete = replay.position
        await seen.sees("You said: the harbour is quiet")
        await seen.press("b")
        assert replay.position == 0
        await seen.until(lambda: "You said" not in seen.text)
        await seen.press("right", "right", "left")
        assert replay.position == 1
        await seen.press("e")
        assert replay.position == complete
        await seen.press("escape", "f3", "plus", "plus", "plus")
        await seen.until(
            lambda: isinstance(seen.app.screen, ReplayScreen) and seen.app.screen.position == complete,
            "played to its end",
        )


async def test_deleting_asks_and_removes_for_good(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await two_sessions(seen)
        gone = seen.agent.opened[0].id
        await browser(seen)
        await seen.press("down", "f8")
        await seen.sees("Delete “Harbour”?")
        await seen.press("enter")
        assert len(await seen.agent.sessions.list()) == 2
        await seen.press("f8", "y")
        await seen.sees("1 session")
        assert gone not in [row.id for row in await seen.agent.sessions.list()]


async def test_the_open_session_is_not_deleted_under_its_own_feet(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await two_sessions(seen)
        await browser(seen)
        await seen.press("f8")
        await seen.sees("This session is open here")


async def test_renaming_changes_the_title_in_the_list(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await two_sessions(seen)
        await browser(seen)
        await seen.press("down", "f4")
        await seen.sees("New title")
        await seen.fill("Pier")
        await seen.press("enter")
        await seen.until(lambda: "HarbourPier" in seen.text or "Pier" in seen.text)
