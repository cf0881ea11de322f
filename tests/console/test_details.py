"""Closer looks: objects, steps; and choosing a scope."""

from __future__ import annotations

from pathlib import Path

from textual.content import Content

from agent import commands as c
from console.screens.detail.tabs import DetailScreen
from tests.console.driving import console


async def test_a_step_shows_call_change_result_and_raw_error(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.say("scale checkout to 3")
        await seen.until(lambda: seen.session.state.waiting is not None)
        plan = seen.session.state.waiting
        assert plan is not None
        await seen.session.send(c.Approve(plan_id="p-1", hash=plan.plan.hash, how="key"))
        await seen.sees("3/3 done")
        await seen.press("3", "g", "j", "enter")
        await seen.sees("kubernetes_scale@1")
        await seen.press("tab")
        await seen.sees("spec.replicas")
        await seen.press("tab")
        await seen.sees("3 of 3 replicas ready")
        await seen.press("tab")
        await seen.sees('"code":503')


async def test_another_context_is_chosen_by_name_or_from_the_list(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.jump("ctx eks-prod-eu")
        await seen.sees("PRODUCTION")
        assert seen.session.state.scope.context == "eks-prod-eu"
        assert seen.session.state.scope.namespace == ""
        await seen.press("escape", "c")
        await seen.sees("Work in which context or profile?")
        await seen.fill("kind")
        await seen.press("enter")
        await seen.until(lambda: seen.session.state.scope.context == "kind-staging")
        await seen.until(lambda: "PRODUCTION" not in seen.text)


async def test_an_unknown_context_is_answered_with_those_there_are(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.jump("ctx nowhere")
        await seen.sees("There is no context nowhere.")
        assert not any(isinstance(command, c.SetScope) for command in seen.session.commands)


async def test_a_tab_begins_at_its_top_however_far_the_last_one_was_read(tmp_path: Path) -> None:
    lines = {name: [Content(f"{name} {number}") for number in range(200)] for name in ("first", "second")}
    async with console(tmp_path) as seen:
        seen.app.push_screen(DetailScreen("Long", lines))
        await seen.sees("first 0")
        await seen.press("G")
        await seen.sees("first 199")
        await seen.press("tab")
        await seen.sees("second 0")


async def test_slash_context_in_the_prompt_shows_the_tokens_and_says_nothing_to_the_agent(
    tmp_path: Path,
) -> None:
    async with console(tmp_path) as seen:
        await seen.say("/context")
        await seen.sees("About 3,000 of 200,000 tokens")
        assert "conversation" in seen.text and "Nothing was compacted" in seen.text
        await seen.press("escape")
        assert not any(isinstance(command, c.Say) for command in seen.session.commands)
