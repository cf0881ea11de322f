"""The words of follow-ups: what points back, and what is a request of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import events as e
from agent.following import phrases
from agent.following.choosing import chosen_meaning
from agent.following.phrases import Again, Correction, Counted, Elsewhere, FollowUp, Pointing, There, Undo
from agent.manner import elsewhere, manners, wants_fresh

READ: list[tuple[str, FollowUp | None]] = [
    ("what about staging?", Elsewhere("staging")),
    ("and what about the staging cluster?", Elsewhere("staging", "context")),
    ("how about in payments", Elsewhere("payments")),
    ("again for staging", Elsewhere("staging")),
    ("same for the production environment", Elsewhere("production", "place")),
    ("and in payments", Elsewhere("payments")),
    ("and payments?", Elsewhere("payments")),
    ("the other cluster", Elsewhere("", "context", other=True)),
    ("the other namespace", Elsewhere("", "place", other=True)),
    ("do it there too", There()),
    ("do that there as well", There()),
    ("do that in production", There(Elsewhere("production"))),
    ("undo that", Undo()),
    ("take it back", Undo()),
    ("undo plan 20260101-abcde.2", Undo("20260101-abcde.2")),
    ("again", Again()),
    ("do it again", Again()),
    ("refresh", Again()),
    ("make it 5", Counted("5")),
    ("no, staging", Correction("staging")),
    ("I meant the second", Correction("the second")),
    ("no", Correction("")),
    ("what is wrong?", None),
    ("restart checkout", None),
    ("restart the checkout deployment", None),
    ("undo the rollout of checkout", None),
    ("nodes", None),
    ("logs of @pod/shop/cart-1", None),
    ("first restart checkout", None),
]


@pytest.mark.parametrize(("text", "meant"), READ)
def test_the_words_say_what_kind_of_follow_up_it_is(text: str, meant: FollowUp | None) -> None:
    assert phrases.read(text) == meant


@pytest.mark.parametrize(
    ("text", "request_", "which", "place", "kind"),
    [
        ("logs of the top one", "logs of the top one", "place", 0, ""),
        ("restart the second pod", "restart the second pod", "place", 1, "pod"),
        ("restart the third", "restart the third", "place", 2, ""),
        ("diagnose the last one", "diagnose the last one", "place", -1, ""),
        ("show logs of number 4", "show logs of number 4", "place", 3, ""),
        ("scale it to 3", "scale it to 3", "single", 0, ""),
        ("and its logs", "logs of it", "single", 0, ""),
        ("why?", "diagnose it", "single", 0, ""),
        ("restart that deployment", "restart that deployment", "single", 0, "deployment"),
        ("say that the second one is good", "say that the second one is good", "place", 1, ""),
        ("restart that", "restart that", "single", 0, ""),
        ("restart both", "restart both", "all", 0, ""),
        ("scale the other one to 2", "scale the other one to 2", "other", 0, ""),
    ],
)
def test_a_pointer_says_which_of_what(text: str, request_: str, which: str, place: int, kind: str) -> None:
    read = phrases.read(text)
    assert isinstance(read, Pointing) and read.text == request_
    [pointer] = read.pointers
    assert (pointer.which, pointer.place, pointer.kind) == (which, place, kind)


@given(st.text(max_size=200))
def test_no_words_break_the_grammar(text: str) -> None:
    read = phrases.read(text)
    if isinstance(read, Pointing):
        assert all(read.text[p.start : p.end] == p.words for p in read.pointers)


QUESTION = e.QuestionAsked(
    turn=1, question="Which?", choices=("shop-dev", "shop-staging"), meanings=("a", "b")
)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("1", "a"), ("the second one", "b"), ("the last", "b"), ("staging", "b"), ("shop", None), ("3", None)],
)
def test_a_choice_is_named_by_number_by_order_or_by_a_word_of_its_own(said: str, meant: str | None) -> None:
    assert chosen_meaning(said, QUESTION) == meant


def test_a_context_and_fresh_eyes_are_taken_out_of_the_words() -> None:
    [plain] = manners("show pods in staging on the west cluster", ["east", "west"])
    assert (plain.request, plain.context, plain.fresh) == ("show pods in staging", "west", False)
    *_, fresh = manners("show pods in context west, fresh", ["west"])
    assert (fresh.request, fresh.context, fresh.fresh) == ("show pods", "west", True)
    [unknown] = manners("show pods on the north cluster", ["west"])
    assert (unknown.request, unknown.context) == ("show pods on the north cluster", "")
    assert elsewhere("show pods", "west", "west") == "show pods"
    assert wants_fresh("again") and not wants_fresh("show it")
