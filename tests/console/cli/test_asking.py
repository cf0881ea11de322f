"""`ask` and `plan` with a model: its words, its questions, its failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.console.cli.running import Finished, Pilothouse, interrupt
from tests.standins.model_server import ModelServer, Seen
from tests.standins.script import Failure, Script, Turn, text, tool


@asynccontextmanager
async def served(
    pilothouse: Pilothouse, *lines: object, on_request: Callable[[Seen], None] | None = None
) -> AsyncIterator[ModelServer]:
    """A model's server that plays these turns, and settings that name it."""
    async with ModelServer(Script(list(lines)), on_request=on_request) as server:  # type: ignore[arg-type]
        settings = pilothouse.home / "config" / "config.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f'[model]\nname = "harbour-1"\nbase_url = "{server.url}"\n')
        yield server


async def said(pilothouse: Pilothouse, *words: str) -> Finished:
    return await asyncio.to_thread(pilothouse, *words)


async def test_an_answer_of_the_model_is_printed_whole(pilothouse: Pilothouse) -> None:
    async with served(pilothouse, Turn(text("All is **well**."))):
        done = await said(pilothouse, "ask", "how are things?")
    assert (done.code, done.out) == (0, "All is **well**.\n")


async def test_an_answer_tells_its_cost_in_calls(pilothouse: Pilothouse) -> None:
    async with served(pilothouse, Turn(text("Fine."))):
        document = (await said(pilothouse, "ask", "how are things?", "--json")).document
    assert (document["outcome"], document["answer"], document["model_calls"]) == ("answered", "Fine.", 1)
    assert document["plan"] is None and document["question"] is None


@pytest.mark.parametrize("verb", ["ask", "plan"])
async def test_a_question_of_the_model_needs_a_decision(pilothouse: Pilothouse, verb: str) -> None:
    question = tool("ask_operator", {"question": "Which one?", "choices": ["red", "blue"]})
    async with served(pilothouse, Turn(question), Turn(question)):
        done = await said(pilothouse, verb, "paint it", "--json")
        shown = await said(pilothouse, verb, "paint it")
    assert done.code == shown.code == 4
    assert done.document["question"] == {"question": "Which one?", "choices": ["red", "blue"]}
    assert "Which one?\n  1. red\n  2. blue" in shown.out
    assert f"pilothouse {verb} --session" in shown.out


async def test_plan_answers_a_request_that_needs_no_plan(pilothouse: Pilothouse) -> None:
    async with served(pilothouse, Turn(text("Nothing to change."))):
        done = await said(pilothouse, "plan", "is there anything to do?", "--json")
    assert (done.code, done.document["outcome"]) == (0, "answered")


async def test_a_refused_key_is_missing_credentials(pilothouse: Pilothouse) -> None:
    async with served(pilothouse, Failure(401, again=True)):
        done = await said(pilothouse, "ask", "hello?", "--json")
    assert (done.code, done.error["exit"]) == (5, 5)


async def test_a_model_server_that_is_away_is_unreachable(pilothouse: Pilothouse) -> None:
    async with served(pilothouse):
        pass
    done = await said(pilothouse, "ask", "hello?", "--json")
    assert (done.code, done.error["exit"]) == (5, 5)


async def test_ctrl_c_while_the_model_thinks_ends_at_once_and_keeps_the_session(
    pilothouse: Pilothouse,
) -> None:
    asked = asyncio.Event()
    async with served(pilothouse, Turn(text("never"), delay=50.0), on_request=lambda _: asked.set()):
        with pilothouse.started("ask", "think about it", "--json") as process:
            async with asyncio.timeout(30):
                await asked.wait()
            done = await asyncio.to_thread(interrupt, process)
    assert (done.code, done.error["exit"]) == (130, 130)
    assert "Traceback" not in done.err
    [session] = pilothouse("sessions", "--json").document["sessions"]
    shown = pilothouse("sessions", "show", session["id"], "--json").document
    assert shown["events"][-1]["kind"] in ("turn_ended", "title_changed")
    assert [e["outcome"] for e in shown["events"] if e["kind"] == "turn_ended"] == ["stopped"]
