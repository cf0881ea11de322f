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


async def test_a_fork_from_a_point_of_a_replay_is_opened(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await two_sessions(seen)
        first = seen.agent.opened[0]
        await browser(seen)
        await seen.press("down", "f2")
        await seen.sees("fork here")
        await seen.press("b", "right", "right", "f")
        await seen.until(lambda: len(seen.agent.opened) == 3, "opened")
        [event, *_] = await seen.agent.past.read(seen.session.id)
        assert event.kind == "session_forked"
        assert getattr(event.event, "session", "") == first.id and getattr(event.event, "seq", 0) == 2


async def test_a_pinned_session_goes_to_the_top_and_the_cursor_with_it(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await two_sessions(seen)
        await browser(seen)
        await seen.press("down", "f7")
        await seen.sees("■ Harbour")
        assert (await seen.agent.past.find("is:pinned")).rows[0].title == "Harbour"
        await seen.press("f7")
        await seen.until(lambda: "■ Harbour" not in seen.text)


async def test_the_preview_tells_what_a_session_was_about(tmp_path: Path) -> None:
    for size in ((160, 48), (80, 24)):
        folder = tmp_path / str(size[0])
        folder.mkdir()
        async with console(folder, size=size) as seen:
            await two_sessions(seen)
            await browser(seen)
            await seen.press("down")
            await seen.sees(f"{seen.agent.opened[0].id}, by ada")


async def test_a_filter_that_is_wrong_is_told_and_the_list_stays(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await two_sessions(seen)
        await browser(seen)
        await seen.fill("status:splendid")
        await seen.sees("status is one of")
        assert "Harbour" in seen.text


async def test_an_export_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await two_sessions(seen)
        await browser(seen)
        await seen.press("down", "f9")
        await seen.sees(".jsonl or .json says")
        await seen.press("ctrl+a", "ctrl+k")
        await seen.fill(str(tmp_path / "harbour.md"))
        await seen.press("enter")
        await seen.until(lambda: (tmp_path / "harbour.md").exists())
        await seen.until(lambda: "the harbour is quiet" in (tmp_path / "harbour.md").read_text())


async def test_a_session_that_was_cut_off_is_said_in_the_chat_and_opened_with_one_key(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await two_sessions(seen)
        seen.agent.interrupted.append(seen.agent.opened[0].id)
        await seen.press("escape", "R")
        await seen.until(lambda: len(seen.agent.opened) == 3, "opened")
        assert seen.session.id == seen.agent.opened[0].id
        assert seen.agent.interrupted == []
