"""What carrying out a step costs beyond the call of its tool: journal, grant, observation, events."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from agent.plan import DraftStep, PlanStatus
from agent.settings import Limits, Settings
from tests.bench.row import Row, row
from tests.standins.crew import Crew, approve, carry_out, crew, look, offer, put, shelf_crew
from tests.standins.shelf import Shelf
from tools.gate import Gate
from tools.tool import Scope

STEPS, PLANS = 50, 4
"""Steps in a plan, one after the other, and how many such plans are carried out."""

_LIMITS = Limits(plan_writes=STEPS, plan_objects=STEPS)


async def executor_overhead(folder: Path) -> list[Row]:
    """CPU of one step in the executor, less that of the same tool's verbs called by hand."""
    shelf = Shelf(folder / "shelf", Gate.build()[0])
    for name in _names():
        shelf.set(name, "0")
    async with crew(folder / "home", shelf_crew(shelf), settings=Settings(limits=_LIMITS)) as aboard:
        reads = [look(name, *after) for name, after in _chain()]
        bare_read = await _cpu(lambda: _reads(aboard))
        read = await _executed(aboard, "reads", lambda plan: reads)
        bare_write = await _cpu(lambda: _writes(aboard))
        write = await _executed(
            aboard, "writes", lambda plan: [put(n, str(plan), *after) for n, after in _chain()]
        )
    goal = {"at_most": 3.0, "of": "value"}
    return [
        row("executor overhead of a read step", read - bare_read, "ms CPU", "the bare call", bare_read, **goal),  # type: ignore[arg-type]
        row("executor overhead of a write step", write - bare_write, "ms CPU", "preview, call and look by hand",
            bare_write, **goal),  # type: ignore[arg-type]
    ]  # fmt: skip


def _names() -> list[str]:
    return [f"v{number}" for number in range(STEPS)]


def _chain() -> list[tuple[str, tuple[str, ...]]]:
    """Each name with the one it comes after."""
    names = _names()
    return [(name, (names[place - 1],) if place else ()) for place, name in enumerate(names)]


async def _executed(aboard: Crew, session_id: str, steps: Callable[[int], list[DraftStep]]) -> float:
    """Milliseconds of CPU for one step of a plan, from its approval to its end."""
    session = await aboard.open(session_id)
    spent = 0.0
    for number in range(1, PLANS + 1):
        plan = await offer(session, *steps(number))
        began = time.process_time()
        await carry_out(session, approve(plan))
        spent += time.process_time() - began
        assert session.state.plans[plan.id].status is PlanStatus.SUCCEEDED
    await session.close()
    return spent * 1000 / (STEPS * PLANS)


async def _cpu(work: Callable[[], Awaitable[None]]) -> float:
    """Milliseconds of CPU for one step done by hand."""
    began = time.process_time()
    for _ in range(PLANS):
        await work()
    return (time.process_time() - began) * 1000 / (STEPS * PLANS)


async def _reads(aboard: Crew) -> None:
    tool = aboard.ship.registry.get("shelf_look")
    for name in _names():
        output = await tool.run(tool.parse({"name": name}), Scope())
        output.model_dump(mode="json")


async def _writes(aboard: Crew) -> None:
    tool = aboard.ship.registry.write("shelf_put")
    for name in _names():
        args = tool.parse({"name": name, "value": "by hand"})
        preview = await tool.preview(args, Scope())
        with aboard.ship.mint.grant(name, preview.permits, seconds=10):
            await tool.run(args, Scope())
        await tool.observe(args, Scope(), preview)
