"""Mentions in the prompt name one object exactly, for known requests and for the model alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.conversation.briefing import briefing
from agent.mentions import Mention, contexts_of, in_words, mention_of, mentions
from agent.runbooks.library import Library
from agent.runbooks.runbook import builtin
from tools.tool import Registry

LIBRARY = Library(builtin())
_NAMES = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True)


@pytest.mark.parametrize(
    ("request_", "runbook", "words"),
    [
        ("why is @deployment/checkout/shop broken?", "diagnose", {"workload": "deployment/shop", "place": "checkout"}),
        ("scale @deployment/checkout/shop to 3", "scale",
         {"workload": "deployment/shop", "place": "checkout", "count": "3"}),
        ("restart @statefulset/shop/redis", "restart", {"workload": "statefulset/redis", "place": "shop"}),
        ("logs of @pod/payments/payments-1", "logs", {"workload": "pod/payments-1", "place": "payments"}),
        ("what's wrong with @deployment/cart?", "diagnose", {"workload": "deployment/cart"}),
    ],
)  # fmt: skip
def test_a_known_request_takes_a_mention_as_its_subject(
    request_: str, runbook: str, words: dict[str, str]
) -> None:
    match = LIBRARY.match(request_)
    assert match is not None
    assert (match.runbook.name, match.words) == (runbook, words)


def test_a_text_without_mentions_stays_as_it_is() -> None:
    for text in (
        "scale cart to 3",
        "image shop/cart:1@sha256:ab12",
        "mail ada@example.org/x/y",
        "@",
        "@/a/b",
        "@pod/",
    ):
        assert in_words(text) == text
        assert mentions(text) == ()


def test_every_object_is_found_once_and_punctuation_is_left_out() -> None:
    found = mentions("compare @deployment/shop/cart, @deployment/shop/cart and (see) @node/worker-1.")
    assert found == (
        Mention(kind="deployment", namespace="shop", name="cart"),
        Mention(kind="node", namespace="", name="worker-1"),
    )


@given(kind=st.sampled_from(["pod", "deployment", "widgets.example.com"]), namespace=_NAMES, name=_NAMES)
def test_what_is_put_into_the_prompt_is_read_as_the_same_object(kind: str, namespace: str, name: str) -> None:
    [mention] = mentions(f"why is {mention_of(kind, namespace, name)} slow?")
    assert mention == Mention(kind=kind, namespace=namespace, name=name)


@given(
    namespace=_NAMES,
    name=_NAMES,
    context=st.sampled_from(["prod", "arn:aws:eks:eu-1:12:cluster/prod", "admin@a.b", "gke_x_y"]),
)
def test_a_mention_of_an_object_elsewhere_names_its_context(namespace: str, name: str, context: str) -> None:
    words = mention_of("Pod", namespace, name, context)
    assert mentions(f"why is {words}, of all, slow?") == (
        Mention(kind="pod", namespace=namespace, name=name, context=context),
    )
    assert in_words(f"logs of {words}") == f"logs of pod/{name} in {namespace}"
    assert contexts_of(f"compare {words} and @pod/x/y", "here") == {context, "here"}


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading_of_mentions(text: str) -> None:
    assert len(mentions(text)) <= in_words(text).count("/") + 1


def test_the_model_is_told_what_a_mention_means() -> None:
    assert "`@kind/namespace/name`" in briefing(Registry([]))
