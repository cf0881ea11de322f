"""The prompt: lines, history, mentions, editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import commands as c
from console.editor import EditorProblem, edit
from tests.console.driving import console


async def test_ctrl_j_makes_a_new_line_and_enter_sends_all_of_it(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.press(*"one", "ctrl+j", *"two", "enter")
        await seen.until(lambda: c.Say(text="one\ntwo") in seen.session.commands)
        assert seen.app.main.chat.prompt.text == ""


async def test_up_brings_back_what_was_said_and_down_the_draft(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.say("first")
        await seen.say("second")
        await seen.sees("You said: second")
        await seen.type("draft")
        prompt = seen.app.main.chat.prompt
        await seen.press("up")
        assert prompt.text == "second"
        await seen.press("up")
        assert prompt.text == "first"
        await seen.press("down", "down")
        assert prompt.text == "draft"


async def test_a_mention_completes_from_what_the_sidebar_has_shown(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.sees("cart-7d9f8b-002")
        await seen.press(*"restart ", "at", *"paym")
        await seen.sees("pod/payments-7d9f8b-000  shop")
        await seen.press("down", "tab")
        assert seen.app.main.chat.prompt.text == "restart pod/payments-7d9f8b-004 "
        assert "pod/payments-7d9f8b-000  shop" not in seen.text


async def test_asking_about_a_row_puts_its_name_into_the_prompt(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.sees("cart-7d9f8b-002")
        await seen.press("escape", "4", "a")
        prompt = seen.app.main.chat.prompt
        await seen.until(lambda: prompt.text == "@pod/shop/cart-7d9f8b-002 ")
        assert seen.app.focused is prompt


def test_the_editor_gives_back_what_it_wrote(tmp_path: Path) -> None:
    script = tmp_path / "editor.sh"
    script.write_text('#!/bin/sh\nprintf "%s and more\\n" "$(cat "$1")" > "$1.new" && mv "$1.new" "$1"\n')
    script.chmod(0o700)
    assert edit("some", {"EDITOR": str(script)}) == "some and more"


@pytest.mark.parametrize("command", ["/nowhere/editor", "false"])
def test_an_editor_that_fails_says_so(command: str) -> None:
    with pytest.raises(EditorProblem, match=command):
        edit("some", {"EDITOR": command})
