"""One list of actions feeds keys, palette, footer, help and the `:` line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.events import Key
from textual.widgets import Input

from agent import commands as c
from console.actions import ACTIONS, Where, bindings, by_word
from console.app import PilothouseApp
from console.jump import Known, complete, meaning
from console.screens.detail.resource import ResourceScreen
from console.screens.detail.tabs import DetailScreen
from console.screens.help import help_lines
from console.screens.main import MainScreen
from console.screens.memories import MemoriesScreen
from console.screens.replay import ReplayScreen
from console.screens.sessions import SessionsScreen
from console.widgets.footer import footer_line
from console.widgets.prompt import Prompt
from console.widgets.resource_pane import ResourcePane
from tests.console.driving import console

OWNERS = {
    Where.ANYWHERE: PilothouseApp,
    Where.MAIN: MainScreen,
    Where.PROMPT: Prompt,
    Where.RESOURCES: ResourcePane,
    Where.SESSIONS: SessionsScreen,
    Where.MEMORIES: MemoriesScreen,
    Where.REPLAY: ReplayScreen,
    Where.DETAIL: DetailScreen,
    Where.OBJECT: ResourceScreen,
}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_has_someone_who_does_it(action: object) -> None:
    owner = OWNERS[action.where]  # type: ignore[attr-defined]
    assert callable(getattr(owner, f"action_{action.id}", None))  # type: ignore[attr-defined]


def test_no_two_actions_of_one_place_share_a_key_and_no_two_share_a_word() -> None:
    for place in Where:
        keys = Counter(key for binding in bindings(place) for key in binding.key.split(","))
        assert [key for key, count in keys.items() if count > 1] == []
    words = Counter(word for action in ACTIONS for word in action.words)
    assert [word for word, count in words.items() if count > 1] == []


def test_the_help_names_every_action_with_its_keys() -> None:
    text = "\n".join(line.plain for line in help_lines(None, {}))
    for action in ACTIONS:
        assert action.title in text
        assert action.shown_keys() in text


async def test_the_footer_shows_only_what_works_where_the_focus_is(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.sees("enter send")
        assert "sort" not in seen.text.lower().splitlines()[-1]
        await seen.press("escape", "4")
        await seen.sees("/ filter")
        last = seen.text.splitlines()[-1]
        assert "enter send" not in last and "u undo" not in last and "R resume" not in last


def test_a_narrow_footer_keeps_the_way_to_everything_else() -> None:
    from textual.binding import ActiveBinding

    made = [Binding(f"f{n}", f"do{n}", f"word{n}") for n in range(1, 12)]
    made += [Binding("ctrl+p", "palette", "actions"), Binding("question_mark", "help", "help")]
    line = footer_line([ActiveBinding(None, binding, True, "") for binding in made], 60)  # type: ignore[arg-type]
    words = line.content.plain
    assert line.content.cell_length <= 60
    assert words.rstrip().endswith("ctrl+p actions  ? help")
    assert "f1 word1" in words
    assert line.key_at(words.index("word1")) == "f1"
    assert line.key_at(words.index("? help")) == "question_mark"
    assert line.key_at(0) == ""


async def test_the_palette_offers_every_action_of_the_console_by_name(tmp_path: Path) -> None:
    async with console(tmp_path, size=(120, 60)) as seen:
        await seen.press("ctrl+p")
        await seen.sees("Show every key and command")
        await seen.fill("new session")
        await seen.sees("Begin a new session")
        await seen.press("enter", "enter")
        await seen.until(lambda: len(seen.agent.opened) == 2, "a second session")


async def test_question_mark_on_an_empty_prompt_is_help_and_in_a_sentence_is_a_letter(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.press("question_mark")
        await seen.sees("Keys and commands")
        await seen.press("escape")
        await seen.type("why")
        await seen.press("question_mark")
        assert seen.app.main.chat.prompt.text == "why?"


@pytest.mark.parametrize(
    ("line", "action", "argument", "what", "namespace"),
    [
        ("pods prod", None, "", "pods", "prod"),
        (":po", None, "", "pods", None),
        ("deploy all", None, "", "deployments", ""),
        ("ec2", None, "", "aws:ec2", None),
        ("certificates.cert-manager.io", None, "", "certificates.cert-manager.io", None),
        ("ctx eks-prod-eu", "ctx", "eks-prod-eu", None, None),
        ("theme nord", "theme", "nord", None, None),
        ("q", "leave", "", None, None),
        ("sessions", "sessions", "", None, None),
    ],
)
def test_the_colon_line_means(
    line: str, action: str | None, argument: str, what: str | None, namespace: str | None
) -> None:
    jump = meaning(line)
    assert jump is not None
    assert (jump.action.id if jump.action else None) == action
    assert jump.argument == argument
    assert (jump.view.what if jump.view else None) == what
    assert jump.namespace == namespace


def test_the_colon_line_completes_words_views_and_names() -> None:
    known = Known(contexts=["kind", "eks-prod"], themes=["pilothouse-day"], namespaces=["shop"])
    assert [item.text for item in complete("po", known)][:1] == ["pods"]
    assert [item.text for item in complete("ctx pro", known)] == ["ctx eks-prod"]
    assert [item.text for item in complete("ctx kind,", known)] == ["ctx kind,eks-prod"]
    assert [item.text for item in complete("theme ", known)] == ["theme pilothouse-day"]
    assert [item.text for item in complete("pods ", known)] == ["pods shop", "pods all"]
    assert meaning("  ") is None
    assert by_word("nothing of the kind") is None


async def test_jumping_to_a_kind_in_a_namespace_watches_it_there(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.jump("svc payments")
        await seen.until(
            lambda: any(
                isinstance(command, c.Watch)
                and command.what == "services"
                and command.scope.namespace == "payments"
                for command in seen.session.commands
            )
        )
        await seen.sees("[services]")


async def test_a_text_begun_before_the_prompt_has_the_focus_is_a_text(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        main = seen.app.main
        main.chat.prompt.write("run cart")
        main.set_focus(None)
        assert main.is_writing
        main.chat.prompt.write("")
        await seen.until(lambda: not main.is_writing)


async def test_a_colon_in_a_burst_of_letters_is_a_colon(tmp_path: Path) -> None:
    burst = "setimageofcart" * 5 + ":9" + "x" * 20
    async with console(tmp_path) as seen:
        for character in burst:
            seen.app.post_message(Key({":": "colon"}.get(character, character), character))
        await seen.until(lambda: len(seen.app.main.chat.prompt.text) == len(burst))


async def test_a_line_typed_in_one_go_after_the_colon_loses_no_letter(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.press("escape")
        for key in ("colon", *"ec2", "enter"):
            seen.app.post_message(Key(key, ":" if key == "colon" else key if len(key) == 1 else None))
        await seen.sees("[ec2]")


async def test_a_filter_typed_in_one_go_loses_no_letter_and_sets_nothing_off(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.sees("cart-7d9f8b-002")
        await seen.press("escape", "4")
        for key in ("slash", *"payay/x"):
            name = {"/": "slash"}.get(key, key)
            seen.app.post_message(Key(name, {"slash": "/"}.get(key, key)))
        await seen.until(lambda: seen.app.main.resources.query_one("#filter", Input).value == "payay/x")
        assert seen.app.main.chat.prompt.text == ""


async def test_letters_that_follow_the_key_to_write_are_text_and_decide_nothing(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.sees("cart-7d9f8b-002")
        await seen.press("escape", "4")
        for key in "ia is the answer":
            seen.app.post_message(Key({" ": "space"}.get(key, key), key))
        await seen.until(lambda: seen.app.main.chat.prompt.text == "a is the answer")
