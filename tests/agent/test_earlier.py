"""Answers that are fresh are used again, with their age; what is stale or written since is read anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent import events as e
from agent.commands import Say
from agent.earlier import earlier, from_ago
from agent.session import Session
from tests.agent.test_conversation import PUT_A, of, plan_of
from tests.standins.asking import model_at
from tests.standins.crew import approve, carry_out, crew, shelf_crew
from tests.standins.model_server import ModelServer
from tests.standins.script import Json, Script, Turn, last_words, text, tool
from tests.standins.shelf import Shelf
from tools.gate import Gate
from tools.tool import Call, Scope


class Clock:
    """A time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def looks_or_puts(request: Json) -> Turn:
    line = last_words(request).strip().splitlines()[-1]
    if "look" in line:
        return Turn(tool("shelf_look", {"name": "a"}))
    return Turn(plan_of(PUT_A)) if "put" in line else Turn(text("Seen."))  # type: ignore[arg-type]


@asynccontextmanager
async def at_work(tmp_path: Path) -> AsyncIterator[tuple[Session, Shelf, Clock, ModelServer]]:
    shelf, clock = Shelf(tmp_path / "shelf", Gate.build()[0]), Clock()
    shelf.set("a", "0")
    async with ModelServer(Script(looks_or_puts)) as server:
        model = model_at(server.url)
        async with crew(tmp_path / "home", shelf_crew(shelf), model=model, clock=clock) as aboard:
            session = await aboard.open()
            yield session, shelf, clock, server
            await session.close()
        await model.close()


async def test_the_model_is_given_a_fresh_answer_again_with_its_age(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (session, shelf, clock, server):
        await carry_out(session, Say(text="look at it, dear friend"))
        clock.pass_by(12)
        await carry_out(session, Say(text="please have another look, friend"))
        assert shelf.calls.count("look") == 1
        assert 'read="from 12 s ago"' in str(server.requests[-1].body["messages"])
        clock.pass_by(4)
        await carry_out(session, Say(text="please have another look, friend"))
        assert shelf.calls.count("look") == 2, "a copy is as old as what it is a copy of"


async def test_whoever_asks_afresh_gets_it_read_afresh(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (session, shelf, _, _server):
        await carry_out(session, Say(text="look at it, dear friend"))
        await carry_out(session, Say(text="have a look at it, dear friend, fresh"))
        assert shelf.calls.count("look") == 2


async def test_what_was_written_since_ends_an_answer(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (session, shelf, _, _server):
        await carry_out(session, Say(text="look at it, dear friend"))
        await carry_out(session, Say(text="put one on it, dear friend"))
        assert session.state.waiting is not None
        await carry_out(session, approve(session.state.waiting.plan))
        before = shelf.calls.count("look")
        await carry_out(session, Say(text="please have another look, friend"))
        assert shelf.calls.count("look") == before + 1


async def test_another_scope_or_other_arguments_are_another_question(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (session, _, clock, _server):
        await carry_out(session, Say(text="look at it, dear friend"))
        [called] = of(session, e.ToolCalled)
        assert isinstance(called, e.ToolCalled)

        def known(call: Call, scope: Scope) -> bool:
            return earlier(session._log.history, {}, call, scope, fresh=15, now=clock()) is not None

        assert known(called.call, called.scope)
        assert not known(called.call, Scope(context="other"))
        assert not known(Call(tool=called.call.tool, args={"name": "b"}), called.scope)


@pytest.mark.parametrize(
    ("age", "words"), [(0.2, "from 1 s ago"), (12.4, "from 12 s ago"), (240, "from 4 min ago")]
)
def test_an_age_is_told_in_one_unit(age: float, words: str) -> None:
    assert from_ago(age) == words
