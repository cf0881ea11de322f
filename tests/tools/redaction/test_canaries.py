"""Planted secrets of 39 kinds in every source: none comes through, alone or in company."""

from __future__ import annotations

import json

import pytest

from tests.tools.redaction.canaries import KINDS, canaries
from tests.tools.redaction.sources import SOURCES, leaks
from tools.redaction.redactor import TOKEN, Redactor

REDACTOR = Redactor(b"a key that only tests have")
PLANTED = canaries()


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(KINDS) >= 30
    assert len({canary.secret for canary in PLANTED}) == len(PLANTED) >= 150


@pytest.mark.parametrize("source", SOURCES)
def test_no_planted_secret_comes_through_by_itself(source: str) -> None:
    found = []
    for canary in PLANTED:
        planted = SOURCES[source]([canary])
        assert leaks(canary, json.dumps(planted, ensure_ascii=False)), "the canary was not planted"
        clean = json.dumps(REDACTOR.value(planted), ensure_ascii=False)
        if leaks(canary, clean) or not TOKEN.search(clean):
            found.append((canary.kind, canary.text, clean))
    assert not found


@pytest.mark.parametrize("source", SOURCES)
def test_no_planted_secret_comes_through_among_all_others(source: str) -> None:
    clean = json.dumps(REDACTOR.value(SOURCES[source](PLANTED)), ensure_ascii=False)
    assert not [canary for canary in PLANTED if leaks(canary, clean)]


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_redacted_stays_as_it_is(source: str) -> None:
    clean = REDACTOR.value(SOURCES[source](PLANTED))
    assert REDACTOR.value(clean) == clean
