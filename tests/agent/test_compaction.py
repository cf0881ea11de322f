"""Telling a conversation in short: nothing that was decided is lost, no call is parted from its result."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent import events as e
from agent.commands import Reject, Say
from agent.conversation.compaction import cut
from agent.conversation.context_use import told
from agent.conversation.transcript import last_compacted, messages
from agent.model import Message, TextBlock, ToolUseBlock, Usage
from agent.plan import PlanStatus
from agent.session import Session
from agent.settings import ModelSettings, Settings
from tests.agent.test_conversation import PUT_A, of, plan_of
from tests.standins.asking import model_at
from tests.standins.crew import approve, carry_out, crew, shelf_crew
from tests.standins.model_rules import complaint
from tests.standins.model_server import ModelServer
from tests.standins.script import Failure, Json, Script, Turn, last_words, text, tool
from tests.standins.shelf import Shelf
from tools.gate import Gate

WINDOW = 16_000


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path / "shelf", Gate.build()[0])
    for name in "abcdefgh":
        made.set(name, f"{name} " * 3_000)
    for number in range(50):
        made.set(f"z{number}", "0")
    return made


def small(context_tokens: int = WINDOW) -> Settings:
    return Settings(model=ModelSettings(context_tokens=context_tokens, max_tokens=512))


async def chat(session: Session, chance: random.Random, turns: int) -> list[str]:
    """A long session: looks, answers, plans approved and rejected. Returns what was decided, in words."""
    decided = []
    for number in range(turns):
        kind = chance.choice(("look", "plan", "reject"))
        if kind == "look":
            await carry_out(session, Say(text=f"look at {chance.choice('abcdefgh')} for me, number {number}"))
            continue
        await carry_out(session, Say(text=f"please put something on z{number}, friend"))
        waiting = session.state.waiting
        assert waiting is not None
        if kind == "plan":
            await carry_out(session, approve(waiting.plan))
            assert session.state.plans[waiting.plan.id].status is PlanStatus.SUCCEEDED
            decided.append(f"approved s1 of plan {waiting.plan.id}")
        else:
            await session.order(Reject(plan_id=waiting.plan.id))
            decided.append(f"rejected plan {waiting.plan.id}")
        decided.append(f"please put something on z{number}, friend")
    return decided


def answers(request: Json) -> Turn:
    """A model that looks when told to look, and plans when told to put."""
    words = last_words(request)
    if "told in short from now on" in words:
        return Turn(text("- a summary of what was found"))
    line = words.strip().splitlines()[-1]
    if line.startswith("look at"):
        return Turn(tool("shelf_look", {"name": line.split()[2]}))
    if line.startswith("please put"):
        name = line.split()[4].strip(",")
        return Turn(plan_of({**PUT_A, "args": {"name": name, "value": "1"}}))  # type: ignore[arg-type]
    return Turn(text(f"All is well here. {'So it goes. ' * 40}"))


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_that_was_decided_is_lost_in_a_long_session(
    tmp_path: Path, shelf: Shelf, seed: int
) -> None:
    async with ModelServer(Script(answers)) as server:
        model = model_at(server.url)
        async with crew(tmp_path / "home", shelf_crew(shelf), settings=small(), model=model) as aboard:
            session = await aboard.open()
            decided = await chat(session, random.Random(seed), 50)
            compactions = of(session, e.Compacted)
            assert len(compactions) >= 2, "the session is long enough to be compacted again and again"
            await carry_out(session, Say(text="so what was decided so far, friend?"))
            told = str(server.requests[-1].body["messages"])
            assert [one for one in decided if one not in told] == []
            assert all(complaint(request.body) == "" for request in server.requests)
            await session.close()
            again = await aboard.open()
            assert messages(again._log.history, model.name) == messages(session._log.history, model.name)
            await again.close()
        await model.close()


async def test_outputs_are_referenced_and_still_read_after_a_compaction(tmp_path: Path, shelf: Shelf) -> None:
    async with ModelServer(Script(answers)) as server:
        model = model_at(server.url)
        async with crew(tmp_path / "home", shelf_crew(shelf), settings=small(), model=model) as aboard:
            session = await aboard.open()
            for number in range(12):
                await carry_out(
                    session, Say(text=f"look at {'abcdefgh'[number % 8]} for me, number {number}")
                )
            event = last_compacted(session._log.history)
            assert event is not None and event.outputs
            assert event.by == "model" and event.summary == "- a summary of what was found"
            assert event.after < event.before and session.state.usage.total > 0
            told = str(server.requests[-1].body["messages"])
            assert f"- {event.outputs[-1]}: shelf_look" in told
            await session.close()
        await model.close()


async def test_a_server_that_finds_it_too_long_is_asked_once_more_with_less(
    tmp_path: Path, shelf: Shelf
) -> None:
    looks = [Turn(tool("shelf_look", {"name": name})) for name in "abcd"]
    script: list[object] = [line for look in looks for line in (look, Turn(text("Seen.")))]
    script += [
        Failure(400, message="prompt is too long: 210000 tokens > 200000 maximum"),
        Turn(text("Now it fits.")),
    ]
    async with ModelServer(Script(script)) as server:  # type: ignore[arg-type]
        model = model_at(server.url)
        async with crew(tmp_path / "home", shelf_crew(shelf), settings=small(20_000), model=model) as aboard:
            session = await aboard.open()
            for name in "abcd":
                await carry_out(session, Say(text=f"look at {name} for me, friend"))
            await carry_out(session, Say(text="and what does all of this come to, friend?"))
            *_, reply = of(session, e.ModelReplied)
            assert isinstance(reply, e.ModelReplied) and reply.text == "Now it fits."
            event = last_compacted(session._log.history)
            assert event is not None and event.by == "rule"
            await session.close()
        await model.close()


def test_a_cut_never_parts_a_call_from_its_result() -> None:
    history = _long_history(random.Random(5))
    for window in (200, 2_000, 20_000):
        through = cut(history, window)
        told = messages([one for one in history if (one.seq or 0) > through], "m")
        body: Json = {"max_tokens": 1, "messages": [_wire(one) for one in told]}
        assert through and complaint(body) in ("", "messages.0: the first message must use the user role")


def _long_history(chance: random.Random) -> list[e.Recorded]:
    found: list[e.Durable] = []
    for turn in range(1, 40):
        found.append(e.Said(turn=turn, text=f"turn {turn}"))
        for number in range(chance.randint(0, 3)):
            calls = [
                ToolUseBlock(id=f"c{turn}.{number}.{n}", name="t", input={})
                for n in range(chance.randint(1, 4))
            ]
            message = Message(role="assistant", content=tuple(calls))
            found.append(
                e.ModelReplied(turn=turn, message=message, stop_reason="tool_use", model="m", usage=Usage())
            )
            found += [
                e.ToolReturned(turn=turn, call_id=c.id, tool="t", summary="", output="x" * 50) for c in calls
            ]
        last = Message(role="assistant", content=(TextBlock(text="done"),))
        found.append(
            e.ModelReplied(turn=turn, message=last, stop_reason="end_turn", model="m", usage=Usage())
        )
        found.append(e.TurnEnded(turn=turn, outcome="answered"))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return [e.Recorded(n, at + timedelta(seconds=n), event) for n, event in enumerate(found, start=1)]  # type: ignore[arg-type]


def _wire(message: Message) -> Json:
    return {"role": message.role, "content": [block.model_dump(mode="json") for block in message.content]}


async def test_the_context_is_counted_by_part_and_says_what_was_compacted(
    tmp_path: Path, shelf: Shelf
) -> None:
    async with ModelServer(Script(answers)) as server:
        model = model_at(server.url)
        async with crew(tmp_path / "home", shelf_crew(shelf), settings=small(), model=model) as aboard:
            session = await aboard.open()
            await carry_out(session, Say(text="look at a for me, number 0"))
            before = await session.context()
            assert before.shortened is None and before.spilled == 1
            assert before.spilled_tokens > before.total
            for number in range(1, 12):
                await carry_out(
                    session, Say(text=f"look at {'abcdefgh'[number % 8]} for me, number {number}")
                )
            use = await session.context()
            sizes = {part.name: part.tokens for part in use.parts}
            assert sizes["in short"] > 0 and sizes["tool outputs"] > 0 and sizes["memory"] == 0
            assert use.shortened is not None and 0 < use.shortened.turn < 12
            assert any("told in short up to turn" in line for line in told(use))
            assert use.usage == session.state.usage
            await session.close()
        await model.close()
