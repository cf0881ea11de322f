"""Every planted secret, from every source, into every sink: none arrives."""

from __future__ import annotations

import asyncio

import pytest

from tests.scenarios.secrets_world import Told, told
from tests.standins.crew import REDACTOR
from tests.tools.redaction.sources import leaks
from tools.redaction.redactor import TOKEN

SINKS = (
    "model", "events", "streamed text", "title", "screen", "export", "JSON export",
    "sessions show --json", "sessions --json", "audit show --json", "memory add --json", "memory --json",
    "errors", "errors --json", "crash report", "log", "data on disk", "state on disk",
)  # fmt: skip


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return asyncio.run(told(tmp_path_factory.mktemp("secrets")))


@pytest.mark.parametrize("sink", SINKS)
def test_no_planted_secret_reaches(sink: str, everything: Told) -> None:
    held = everything.sinks[sink]
    assert TOKEN.search(held), "nothing of what was planted came this far"
    found = [(canary.kind, canary.text) for canary in everything.planted if leaks(canary, held)]
    assert not found


def test_every_sink_is_looked_at(everything: Told) -> None:
    assert set(SINKS) == set(everything.sinks)


def test_the_model_is_given_the_token_of_every_secret_that_is_one_word(everything: Told) -> None:
    whole = [canary for canary in everything.planted if canary.needles == (canary.value,)]
    assert len(whole) > 100
    assert not [c.kind for c in whole if REDACTOR.token(c.secret) not in everything.sinks["model"]]
