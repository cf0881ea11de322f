"""Several contexts, several namespaces in one view, as the operator asks for them."""

from __future__ import annotations

from pathlib import Path

from agent import commands as c
from console.reach import Reach, several
from console.screens.scope import ScopeScreen
from tests.console.driving import Console, console

BOTH = ("kind-staging", "eks-prod-eu")


def watches(seen: Console) -> list[c.Watch]:
    return [command for command in seen.session.commands if isinstance(command, c.Watch)]


async def test_two_contexts_after_ctx_are_watched_together_and_the_working_one_stays(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.jump("ctx kind-staging, eks-prod-eu")
        await seen.until(lambda: watches(seen)[-1].contexts == BOTH)
        assert not [command for command in seen.session.commands if isinstance(command, c.SetScope)]
        await seen.sees("kind-staging, eks-prod-eu / ")
        await seen.jump("ctx kind-staging")
        await seen.until(lambda: watches(seen)[-1].contexts == ())


async def test_an_unknown_context_among_several_is_named_and_nothing_changes(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.jump("ctx kind-staging,nowhere")
        await seen.sees("There is no context nowhere.")
        assert all(command.contexts == () for command in watches(seen))


async def test_marked_contexts_of_the_picker_are_seen_at_once(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.jump("scope")
        await seen.until(lambda: isinstance(seen.app.screen, ScopeScreen))
        await seen.press("space", "down", "space", "enter")
        await seen.until(lambda: watches(seen)[-1].contexts == BOTH)


async def test_several_namespaces_are_watched_together_and_one_is_worked_in(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.jump("pods staging,production")
        await seen.until(lambda: watches(seen)[-1].namespaces == ("staging", "production"))
        assert not watches(seen)[-1].all_namespaces
        await seen.jump("ns payments")
        await seen.until(lambda: watches(seen)[-1].scope.namespace == "payments")
        assert watches(seen)[-1].namespaces == ()


async def test_a_row_of_another_context_is_asked_about_with_its_context(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.jump("ctx eks-prod-eu,kind-staging")
        await seen.until(lambda: watches(seen)[-1].contexts == BOTH[::-1])
        await seen.press("escape", "4")
        table = seen.app.main.resources.table
        await seen.until(lambda: table is not None and table.cursor_row is not None)
        assert table is not None and table.cursor_row is not None
        row = table.cursor_row
        working = seen.app.main.live.state.scope.context if seen.app.main.live else ""
        await seen.press("a")
        named = f"@pod/{row.namespace}/{row.name}"
        wanted = named if row.scope == working else f"{named}@{row.scope}"
        await seen.until(lambda: wanted in seen.app.main.chat.prompt.text.split())


def test_a_context_whose_name_holds_a_comma_is_one_context() -> None:
    assert several("a,b", {"a,b", "c"}) == ("a,b",)
    assert several(" a, b,a,", {"a", "b"}) == ("a", "b")
    assert several("", {"a"}) == ()


def test_where_a_view_looks_is_said_in_words() -> None:
    assert Reach().words("", everywhere=False) == "all namespaces"
    assert Reach(namespaces=("a", "b")).words("shop", everywhere=False) == "a, b"
    assert Reach(("x", "y"), ("a",)).words("", everywhere=True) == "x, y / all namespaces"


async def test_a_filter_and_its_labels_end_with_the_view_they_were_written_for(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.press("escape", "4", "slash")
        await seen.fill("-l app=web cart")
        await seen.press("enter")
        await seen.until(lambda: watches(seen)[-1].labels == "app=web")
        await seen.jump("ec2")
        await seen.until(lambda: watches(seen)[-1].what == "aws:ec2")
        assert watches(seen)[-1].labels == ""
        await seen.sees("web-1")


async def test_asking_for_the_view_in_view_again_keeps_its_rows_and_says_where_it_looks(
    tmp_path: Path,
) -> None:
    async with console(tmp_path) as seen:
        await seen.jump("pods staging,production")
        await seen.sees("staging, production")
        await seen.sees("live  60")
        count = len(watches(seen))
        await seen.jump("pods")
        await seen.pilot.pause()
        assert len(watches(seen)) == count
        await seen.sees("live  60")
        await seen.sees("staging, production")
