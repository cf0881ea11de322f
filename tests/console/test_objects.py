"""An object from all sides: tabs, search, folds, live logs, what belongs to it, who touched it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from agent import commands as c
from agent import events as e
from agent.looking.yaml_text import yaml_page
from console.screens.detail.resource import ResourceScreen
from console.screens.replay import ReplayScreen
from console.widgets.log_view import RING
from console.widgets.yaml_view import YamlView
from tests.console.driving import Console, console
from tests.console.looked import more_lines
from tools.kubernetes.live.workload_logs import LogBatch, LogSource, SourceState

POD = "cart-7d9f8b-002"


@asynccontextmanager
async def looking(folder: Path, size: tuple[int, int] = (150, 36)) -> AsyncIterator[Console]:
    """The console with a pod open."""
    async with console(folder, size=size) as seen:
        await seen.press("escape", "4")
        await seen.sees(POD)
        await seen.press("enter")
        await seen.sees("[d summary]")
        await seen.sees("phase")
        yield seen


def screen(seen: Console) -> ResourceScreen:
    assert isinstance(seen.app.screen, ResourceScreen)
    return seen.app.screen


def request(seen: Console, kind: type[c.Inspect | c.FollowLogs]) -> str:
    """The latest request of its kind that is still looked at."""
    return next(key for key, command in reversed(seen.session.looked.items()) if isinstance(command, kind))


async def test_letters_lead_to_each_side_and_tab_to_the_next(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        await seen.sees("latest warnings")
        for key, words in [
            ("y", f"name: {POD}"),
            ("e", "BackOff ×12"),
            ("l", "line 199 red"),
            ("o", "service/cart in shop"),
            ("s", "Scale cart to 3"),
            ("d", "phase"),
            ("tab", f"name: {POD}"),
            ("shift+tab", "phase"),
        ]:
            await seen.press(key)
            await seen.sees(words)
        assert "\x1b" not in seen.text


async def test_the_footer_names_the_keys_of_the_side_in_view(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        assert "f follow" not in seen.text and "/ search" not in seen.text
        await seen.press("l")
        await seen.sees("p pause")
        await seen.sees("/ search")
        assert "esc back" in seen.text
        await seen.press("y")
        await seen.sees("x unfold")
        assert "p pause" not in seen.text


async def test_book_keeping_is_folded_until_asked_for_and_a_copy_has_all_of_it(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        await seen.press("y")
        await seen.sees("managedFields:  # 2 field managers")
        assert "hidden-one" not in seen.text
        view = screen(seen).views["yaml"]
        assert "hidden-one" in cast(YamlView, view).text
        await seen.press("x")
        await seen.sees("hidden-one")
        await seen.press("x")
        await seen.until(lambda: "hidden-one" not in seen.text)


async def test_a_search_goes_from_match_to_match_and_opens_folds(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        await seen.press("y", "slash")
        await seen.fill("value 5")
        await seen.sees("“value 5” 1 of 11")
        await seen.press("enter", "n")
        await seen.sees("“value 5” 2 of 11")
        await seen.press("N", "N")
        await seen.sees("“value 5” 11 of 11")
        await seen.sees("key-59")
        await seen.press("slash")
        await seen.press("ctrl+u")
        await seen.fill("HIDDEN-one")
        await seen.sees("no “HIDDEN-one”")
        await seen.press("ctrl+u")
        await seen.fill("hidden-one")
        await seen.sees("manager: hidden-one")
        await seen.press("escape", "escape")
        await seen.until(lambda: "“hidden" not in seen.text)
        assert isinstance(seen.app.screen, ResourceScreen)
        await seen.press("escape")
        await seen.until(lambda: not isinstance(seen.app.screen, ResourceScreen))


async def test_lines_follow_until_one_scrolls_up_and_then_are_counted(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        await seen.press("l")
        await seen.sees("line 199 red")
        follow = request(seen, c.FollowLogs)
        seen.session.show(more_lines(follow, POD, 0, 50))
        await seen.sees("later 49")
        await seen.press("k")
        await seen.sees("held here")
        seen.session.show(more_lines(follow, POD, 50, 30))
        await seen.sees("30 new lines")
        assert "later 79" not in seen.text
        await seen.press("f")
        await seen.sees("later 79")
        await seen.sees("following")


async def test_a_pause_holds_the_lines_and_loses_none(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        await seen.press("l")
        await seen.sees("line 199 red")
        await seen.press("p")
        seen.session.show(more_lines(request(seen, c.FollowLogs), POD, 0, 40))
        await seen.sees("paused, 40 lines wait")
        assert "later" not in seen.text
        await seen.press("p")
        await seen.sees("later 39")
        assert "later 0" in screen(seen).logs.text


async def test_the_ring_stays_bounded_and_what_is_read_stays_in_place(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        await seen.press("l")
        await seen.sees("line 199 red")
        follow = request(seen, c.FollowLogs)
        for first in range(0, RING, 4000):
            seen.session.show(more_lines(follow, POD, first, 4000))
        await seen.sees(f"later {RING - 1}")
        await seen.press("ctrl+u", "ctrl+u")
        await seen.sees("held here")
        before = re.findall(r"later \d+", seen.text)
        seen.session.show(more_lines(follow, POD, RING, 4000))
        await seen.sees("4,000 new lines")
        assert re.findall(r"later \d+", seen.text) == before
        assert len(screen(seen).logs.text.splitlines()) <= RING + 1000


async def test_one_container_can_be_seen_alone_and_the_instance_before(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        await seen.press("l")
        await seen.sees("line 198 red")
        await seen.press("C", "C")
        await seen.sees("only b")
        assert "line 198 red" not in seen.text and "line 199 red" in seen.text
        await seen.press("C", "P")
        await seen.sees("the last words before the crash")
        assert [
            command.previous for command in seen.session.looked.values() if isinstance(command, c.FollowLogs)
        ] == [True]


async def test_a_log_that_is_refused_or_over_says_so(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        await seen.press("l")
        await seen.sees("line 199 red")
        follow = request(seen, c.FollowLogs)
        ended = LogBatch((), (LogSource(f"{POD}-a", "app", SourceState.ENDED, "It ended: Completed."),))
        seen.session.show(e.LogGrew(request=follow, batch=ended))
        await seen.sees("It ended: Completed.")
        seen.session.show(e.LogGrew(request=follow, failure="You may not read pods/log in shop.", over=True))
        await seen.sees("You may not read pods/log in shop.")
        assert "line 199 red" in seen.text


async def test_an_object_deleted_while_open_says_so_and_stays_readable(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        words = f"pod/{POD} in shop was deleted at 12:00:01. What is shown is how it was last seen."
        seen.session.show(
            e.Inspected(request=request(seen, c.Inspect), side="summary", failure=words, gone=True)
        )
        await seen.sees("was deleted at 12:00:01")
        assert "phase" in seen.text
        await seen.press("y")
        await seen.sees("was deleted at 12:00:01")
        await seen.sees(f"name: {POD}")


async def test_a_side_that_cannot_be_read_says_why_and_the_others_are_there(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        look = request(seen, c.Inspect)
        screen(seen)._arrived.discard("events")
        seen.session.show(e.Inspected(request=look, side="events", failure="You may not list events."))
        await seen.press("e")
        await seen.sees("You may not list events.")
        await seen.press("y")
        await seen.sees(f"name: {POD}")


async def test_enter_opens_what_belongs_to_it_and_escape_comes_back(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        await seen.press("o")
        await seen.sees("Ingresses may not be listed.")
        await seen.press("j", "enter")
        await seen.sees("service/cart in shop  kind-staging")
        assert len(seen.session.looked) == 2
        await seen.press("escape")
        await seen.sees(f"pod/{POD} in shop  kind-staging")
        await seen.until(lambda: len(seen.session.looked) == 1, "the other look has ended")
        await seen.press("escape")
        await seen.until(lambda: not seen.session.looked, "nothing is looked at")


async def test_a_past_session_that_touched_it_is_read_from_there(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        await seen.agent.sessions.create("20260313-older", "Scale cart to 3")
        await seen.press("s")
        await seen.sees("changed it")
        await seen.press("enter")
        await seen.until(lambda: isinstance(seen.app.screen, ReplayScreen))
        await seen.press("escape")
        await seen.until(lambda: isinstance(seen.app.screen, ResourceScreen))


async def test_asking_puts_a_mention_into_the_prompt_from_however_deep(tmp_path: Path) -> None:
    async with looking(tmp_path) as seen:
        await seen.press("o")
        await seen.sees("service/cart in shop")
        await seen.press("j", "enter")
        await seen.sees("service/cart in shop  kind-staging")
        await seen.sees("phase")
        await seen.press("a")
        await seen.until(lambda: seen.app.screen is seen.app.main)
        assert seen.app.main.chat.prompt.text == "@service/shop/cart "


async def test_half_a_million_lines_open_at_their_start_and_can_be_searched(tmp_path: Path) -> None:
    obj = {"data": {f"key{number}": f"value {number}" for number in range(500_000)}}
    page = yaml_page(obj)
    async with looking(tmp_path) as seen:
        await seen.press("y")
        seen.session.show(e.Inspected(request=request(seen, c.Inspect), side="yaml", page=page))
        await seen.sees("500,001 lines")
        await seen.sees("key0:")
        await seen.press("G")
        await seen.sees("key499999: value 499999")
        await seen.press("g")
        await seen.sees("key0:")


async def test_on_a_small_terminal_nothing_is_lost(tmp_path: Path) -> None:
    async with looking(tmp_path, size=(80, 24)) as seen:
        await seen.press("l")
        await seen.sees("line 199 red")
        assert max(map(len, seen.text.splitlines())) <= 80
        await seen.sees("esc back")


@pytest.mark.parametrize(("key", "side"), [("y", "yaml"), ("l", "logs"), ("e", "events"), ("d", "summary")])
async def test_a_row_is_opened_from_the_side_its_key_names(tmp_path: Path, key: str, side: str) -> None:
    async with console(tmp_path) as seen:
        await seen.sees(POD)
        await seen.press("escape", "4", key)
        await seen.until(lambda: getattr(seen.app.screen, "side", "") == side)
