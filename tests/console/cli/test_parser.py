"""The grammar: options stand anywhere, mistakes are told in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.cli.exits import Exit, Problem
from console.cli.parser import Asked, Choices, Shown, parse


def asked(*words: str) -> Asked:
    found = parse(words)
    assert isinstance(found, Asked)
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("--sandbox", "--home", "/h", "--json", "sessions", "list"),
        ("sessions", "--sandbox", "list", "--home", "/h", "--json"),
        ("sessions", "list", "--json", "--home=/h", "--sandbox"),
    ],
)
def test_global_options_mean_the_same_before_and_after_the_command(words: tuple[str, ...]) -> None:
    found = asked(*words)
    assert found.choices == Choices(sandbox=True, home=Path("/h"), json=True)
    assert found.target == "console.cli.sessions:list_all"


def test_an_option_given_first_survives_the_command(tmp_path: Path) -> None:
    found = asked("--context", "a", "ask", "hello", "--namespace", "b")
    assert (found.choices.context, found.choices.namespace) == ("a", "b")


def test_without_a_command_the_console_opens() -> None:
    found = asked("--ascii", "--no-mouse", "--theme", "pilothouse-day", "--read-only")
    assert found.target == "console.cli.console:run"
    assert found.choices == Choices(ascii=True, no_mouse=True, theme="pilothouse-day", read_only=True)


def test_words_of_a_request_need_no_quotes() -> None:
    assert asked("ask", "why", "is", "it", "down").arguments == {"words": ["why", "is", "it", "down"]}


def test_steps_and_names_may_be_given_several_times() -> None:
    found = asked("apply", "p.1", "--approve", "ff", "--step", "a", "--step", "b", "--confirm", "x")
    assert found.arguments == {"plan_id": "p.1", "approve": "ff", "steps": ["a", "b"], "confirmed": ["x"]}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["frob"], "frob"),
        (["apply"], "PLAN_ID"),
        (["ask"], "TEXT"),
        (["memory", "forget", "seven"], "seven"),
        (["memory", "forget", "0"], "0"),
        (["sessions", "list", "--limit", "-3"], "limit"),
        (["audit"], "audit verify"),
        (["sandbox"], "sandbox up"),
        (["--home"], "home"),
        (["--home", "", "locate"], "home"),
        (["plan", "x", "--frob"], "--frob"),
        (["--sand", "ask", "x"], "--sand"),
    ],
)
def test_a_mistake_is_a_usage_problem_that_names_it(words: list[str], says: str) -> None:
    with pytest.raises(Problem) as caught:
        parse(words)
    assert caught.value.exit is Exit.USAGE
    assert says in caught.value.sentence
    assert "--help" in caught.value.hint


@given(st.lists(st.one_of(st.text(), st.sampled_from(["--json", "--home", "ask", "apply", "-h", "--", "-"]))))
def test_whatever_is_typed_is_understood_or_told(words: list[str]) -> None:
    try:
        found = parse(words)
    except Problem as problem:
        assert problem.exit is Exit.USAGE
        assert problem.sentence
    else:
        assert isinstance(found, Asked | Shown)
