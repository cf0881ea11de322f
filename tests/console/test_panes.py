"""How the panes share the terminal, at every size."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.arrangement import Pane, Wishes, arrange
from tests.console.driving import console


@pytest.mark.parametrize(
    ("width", "shown", "stacked"),
    [(250, 3, False), (140, 3, False), (139, 3, True), (100, 3, True), (99, 1, False), (40, 1, False)],
)
def test_wide_medium_and_narrow_terminals_get_their_layout(width: int, shown: int, stacked: bool) -> None:
    found = arrange(Wishes(), width)
    assert (len(found.shown), found.stacked) == (shown, stacked)


@given(
    st.integers(0, 300),
    st.frozensets(st.sampled_from(list(Pane))),
    st.sampled_from([None, *Pane]),
    st.sampled_from(list(Pane)),
)
def test_something_is_always_seen(
    width: int, hidden: frozenset[Pane], zoomed: Pane | None, active: Pane
) -> None:
    assert arrange(Wishes(hidden=hidden, zoomed=zoomed, active=active), width).shown


async def test_tab_and_numbers_switch_panes_in_a_narrow_terminal(tmp_path: Path) -> None:
    async with console(tmp_path, size=(80, 24)) as seen:
        await seen.sees("[1 chat]  3 plan  4 resources")
        assert "cart-" not in seen.text
        await seen.press("escape", "4")
        await seen.sees("cart-7d9f8b")
        await seen.sees("1 chat  3 plan  [4 resources]")
        await seen.press("3")
        await seen.sees("No plan yet.")
        await seen.press("tab")
        await seen.sees("[4 resources]")


async def test_a_pane_can_be_enlarged_hidden_resized_and_all_brought_back(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.press("escape", "4", "z")
        await seen.sees("1 chat  3 plan  [4 resources]")
        await seen.press("escape")
        await seen.sees("No plan yet.")
        before = seen.app.main.resources.size.width
        await seen.press("plus", "plus")
        await seen.until(lambda: seen.app.main.resources.size.width > before)
        await seen.press("Z")
        await seen.until(lambda: "cart-" not in seen.text)
        await seen.press("0")
        await seen.sees("cart-7d9f8b")


async def test_a_tiny_terminal_is_told_so_and_comes_back(tmp_path: Path) -> None:
    async with console(tmp_path, size=(20, 5)) as seen:
        await seen.sees("too small: 20x5")
        await seen.press("tab", "question_mark", "escape", "colon", "escape", "ctrl+p", "escape")
        for size in ((1, 1), (39, 9), (300, 80), (80, 24)):
            await seen.pilot.resize_terminal(*size)
            await seen.pilot.pause()
        await seen.sees("Session of ada")
        assert "too small" not in seen.text


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 48), (250, 70)])
async def test_scope_mode_and_help_are_on_the_screen_at_every_size(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with console(tmp_path, size=size) as seen:
        await seen.sees("READ-ONLY")
        await seen.sees("kind-staging / shop")
        for words in (
            "kind-staging / shop",
            "no model: known intents only",
            "? help",
            "ctrl+p actions",
            "driving",
        ):
            assert words in seen.text


async def test_a_hidden_view_is_no_longer_watched(tmp_path: Path) -> None:
    from agent import commands as c

    async with console(tmp_path) as seen:
        await seen.sees("cart-7d9f8b")
        watched = [command for command in seen.session.commands if isinstance(command, c.Watch)]
        assert [command.what for command in watched] == ["pods"]
        await seen.press("escape", "4", "right_square_bracket")
        await seen.until(lambda: c.Unwatch(view=watched[0].view) in seen.session.commands)
        await seen.until(
            lambda: (
                [w.what for w in seen.session.commands if isinstance(w, c.Watch)] == ["pods", "deployments"]
            )
        )
        await seen.press("Z")
        await seen.until(lambda: len([u for u in seen.session.commands if isinstance(u, c.Unwatch)]) == 2)
