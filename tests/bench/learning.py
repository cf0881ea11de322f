"""What memory saves: the same requests with and without it. `python -m tests.bench.learning` prints the table."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from agent.commands import Say
from agent.plan import PlanStatus
from memory.knowledge import Kind, Knowledge, Where
from tests.bench.row import Row, percentile, row
from tests.standins.asking import model_at
from tests.standins.crew import Crew, approve, carry_out, crew, shelf_crew
from tests.standins.model_server import ModelServer
from tests.standins.script import Json, Script, Turn, last_words, text, tool
from tests.standins.shelf import Shelf
from tools.gate import Gate

TOKENS_PER_SECOND = 70
WAIT = 0.4
"""Seconds before the stand-in's first token."""
MANY = 100_000

TASKS = (
    ("make {} glow bright", {"value": "bright"}),
    ("let {} rest dim", {"value": "dim"}),
    ("turn {} over to steady", {"value": "steady"}),
)
USUAL = "give {} its usual glow"
"""A task that only somebody can do who knows what was said weeks ago; nothing in the world shows it."""
GLOWS = {"lamp": "amber-7", "candle": "rose-2", "beacon": "white-9", "torch": "gold-4"}

THINGS = ("lamp", "candle", "beacon", "torch")


@dataclass(frozen=True, slots=True)
class Run:
    """One request: how it was planned."""

    request: str
    seconds: float
    calls: int
    tokens: int
    done: bool


async def planning(folder: Path) -> list[Row]:
    """Planning time and model calls on the same requests, with memory against without."""
    without, having = await asyncio.gather(
        _arm(folder / "without", remembers=False), _arm(folder / "with", remembers=True)
    )
    repeated = slice(len(TASKS), len(TASKS) * len(THINGS))
    assert all(run.done for run in (*without[: repeated.stop], *having)), "a plan failed"
    return [
        row("planning time of repeated requests, with memory", _mean(having[repeated]), "s",
            "without memory", _mean(without[repeated]), at_most=0.25),
        row("model calls of repeated requests, with memory", _calls(having[repeated]), "calls",
            "without memory", _calls(without[repeated]), at_most=0.0),
        row("tokens of repeated requests, with memory", _tokens(having[repeated]), "tokens",
            "without memory", _tokens(without[repeated]), at_most=0.0),
        row("tasks left undone, with memory", _undone(having), "tasks",
            "without memory", _undone(without), at_most=0.0),
    ]  # fmt: skip


async def recall(folder: Path) -> list[Row]:
    """One recall among a hundred thousand memories of a hundred clusters."""
    path = folder / "knowledge.db"
    await (await Knowledge.open(path, _as_it_is)).close()
    await asyncio.to_thread(_fill, path)
    times: list[float] = []
    async with await Knowledge.open(path, _as_it_is) as knowledge:
        for number in range(220):
            here = Where(cluster=f"cluster{number % 100}", user="ada")
            began = time.perf_counter()
            found = await knowledge.recall(
                f"why is service-{number * 7 % 900} in zone{number % 40} slow today?", here, datetime.now(UTC)
            )
            if number >= 20:
                times.append((time.perf_counter() - began) * 1000)
            assert all(item.memory.where.cluster == here.cluster for item in found), "a leak"
    return [
        row(f"recall among {MANY:,} memories, p95", percentile(times, 0.95), "ms", "its own median",
            percentile(times, 0.5), at_most=20, of="value")
    ]  # fmt: skip


async def _arm(folder: Path, *, remembers: bool) -> list[Run]:
    shelf = Shelf(folder / "shelf", Gate.build()[0])
    for thing in THINGS:
        shelf.set(thing, "dark")
    async with ModelServer(Script(_plan)) as server:
        model = model_at(server.url)
        await model.prepare()
        async with crew(folder / "home", shelf_crew(shelf), model=model, remembers=remembers) as aboard:
            runs: list[Run] = []
            for thing in THINGS:
                for phrase, _ in TASKS:
                    runs.append(await _one(aboard, server, phrase.format(thing), len(runs)))
            await _tell(aboard)
            for thing in THINGS:
                run = await _one(aboard, server, USUAL.format(thing), len(runs))
                runs.append(replace(run, done=run.done and shelf.value(thing) == GLOWS[thing]))
        await model.close()
    return runs


async def _one(aboard: Crew, server: ModelServer, request: str, number: int) -> Run:
    session = await aboard.open(f"s{number}")
    before, began = len(server.requests), time.perf_counter()
    await carry_out(session, Say(text=request))
    seconds = time.perf_counter() - began
    waiting = session.state.waiting
    if waiting is not None:
        await carry_out(session, approve(waiting.plan))
    knowledge = aboard.ship.knowledge
    for proposed in await knowledge.list(kinds=[Kind.PROCEDURE]) if knowledge else []:
        if knowledge and proposed.status == "proposed":
            await knowledge.confirm(proposed.id, datetime.now(UTC))
    usage = session.state.usage
    done = waiting is not None and session.state.plans[waiting.plan.id].status is PlanStatus.SUCCEEDED
    await session.close()
    return Run(
        request, seconds, len(server.requests) - before, usage.prompt_tokens + usage.output_tokens, done
    )


async def _tell(aboard: Crew) -> None:
    """Weeks before, in another session: how each thing usually glows."""
    session = await aboard.open("weeks-before")
    for thing, glow in GLOWS.items():
        await carry_out(session, Say(text=f"remember that the glow of {thing} is {glow}"))
    await session.close()


def _plan(request: Json) -> Turn:
    """The stand-in plans what was asked, at the pace of a real model; what it was not given, it asks for."""
    given = last_words(request)
    words = next(line for line in reversed(given.split("\n")) if any(thing in line for thing in THINGS))
    if "remember" in words:
        return Turn(text("I cannot remember that."))
    asked = re.search(r"give (\w+) its usual glow", given)
    name = asked[1] if asked else next(thing for thing in THINGS if thing in words)
    if asked:
        told = re.search(rf"the glow of {name} is ([\w-]+)", given)
        if told is None:
            question: Json = {"question": f"What is the usual glow of {name}?"}
            return Turn(tool("ask_operator", question), tokens_per_second=TOKENS_PER_SECOND, delay=WAIT)
        value = told[1]
    else:
        value = next(args["value"] for phrase, args in TASKS if phrase.split()[0] in words)
    step: dict[str, JsonValue] = {
        "id": "s1", "title": f"Put {name} right", "tool": "shelf_put", "args": {"name": name, "value": value},
    }  # fmt: skip
    return Turn(
        tool("propose_plan", {"goal": f"Bring {name} to {value}", "steps": [step]}),
        tokens_per_second=TOKENS_PER_SECOND,
        delay=WAIT,
    )


def _as_it_is(value: JsonValue) -> JsonValue:
    """Nothing here is a secret."""
    return value


def _fill(path: Path) -> None:
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    with sqlite3.connect(path) as file:
        rows = [
            (
                number + 1, f"service-{number % 900}",
                f"service-{number % 900} in zone{number % 40} is slow when node{number % 5000} is busy, note {number}",
                f"cluster{number % 100}",
            )
            for number in range(MANY)
        ]  # fmt: skip
        file.executemany(
            "INSERT INTO memories (id, kind, status, subject, body, cluster, source, at, valid_from, verified)"
            f" VALUES (?, 'fact', 'active', ?, ?, ?, 'said', '{at}', '{at}', '{at}')",
            rows,
        )
        file.executemany(
            "INSERT INTO words (rowid, subject, body) VALUES (?, ?, ?)", (entry[:3] for entry in rows)
        )
        file.execute("INSERT INTO words (words) VALUES ('optimize')")
    file.close()


def _mean(runs: Sequence[Run]) -> float:
    return sum(run.seconds for run in runs) / len(runs)


def _tokens(runs: Sequence[Run]) -> float:
    return float(sum(run.tokens for run in runs))


def _undone(runs: Sequence[Run]) -> float:
    return float(sum(not run.done for run in runs))


def _calls(runs: Sequence[Run]) -> float:
    return float(sum(run.calls for run in runs))


async def _table() -> None:
    with tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as folder:
        without, having = await asyncio.gather(
            _arm(Path(folder) / "without", remembers=False), _arm(Path(folder) / "with", remembers=True)
        )
    print(f"{'request':<28}{'without memory':>34}{'with memory':>34}")
    for one, other in zip(without, having, strict=True):
        print(f"{one.request:<28}{_cell(one):>34}{_cell(other):>34}")
    print(f"{'all':<28}{_cell(_sum(without)):>34}{_cell(_sum(having)):>34}")


def _sum(runs: Sequence[Run]) -> Run:
    return Run(
        "all", sum(r.seconds for r in runs), sum(r.calls for r in runs), sum(r.tokens for r in runs),
        all(r.done for r in runs),
    )  # fmt: skip


def _cell(run: Run) -> str:
    done = "done" if run.done else "undone"
    return f"{done} {run.seconds:.2f} s {run.calls:>2} calls {run.tokens:>5} tok"


if __name__ == "__main__":
    asyncio.run(_table())
