"""How soon the first step of a plan is on the road to the screen while the model still writes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from agent import events as e
from agent.commands import Say
from tests.bench.row import Row, row
from tests.standins.asking import model_at
from tests.standins.crew import crew, shelf_crew
from tests.standins.model_server import ModelServer
from tests.standins.script import Script, Turn, tool
from tests.standins.shelf import Shelf
from tools.gate import Gate

TOKENS_PER_SECOND = 70


async def first_step_of_a_plan(folder: Path) -> list[Row]:
    """A plan of ten steps at 70 tokens a second: the first step against the offered plan."""
    steps = [
        {
            "id": f"s{n}",
            "title": f"Put the value of shelf number {n} right again",
            "tool": "shelf_put",
            "args": {"name": f"shelf-{n}", "value": "corrected"},
            "depends_on": [f"s{n - 1}"] if n else [],
        }
        for n in range(10)
    ]
    turn = Turn(
        tool("propose_plan", {"goal": "Put the shelves right", "steps": steps}),  # type: ignore[dict-item]
        tokens_per_second=TOKENS_PER_SECOND,
    )
    shelf = Shelf(folder / "shelf", Gate.build()[0])
    async with ModelServer(Script([turn])) as server:
        model = model_at(server.url)
        await model.prepare()
        async with crew(folder / "home", shelf_crew(shelf), model=model) as aboard:
            session = await aboard.open()
            began = time.perf_counter()
            seen: dict[str, float] = {}

            async def watch() -> None:
                async for recorded in session.subscribe():
                    if isinstance(recorded.event, e.StepDrafted | e.PlanOffered):
                        seen.setdefault(recorded.event.kind, time.perf_counter() - began)

            watching = asyncio.create_task(watch())
            await session.order(Say(text="put all the shelves right"))
            await session.idle()
            await asyncio.sleep(0)
            watching.cancel()
            await session.close()
        await model.close()
    return [
        row(
            "first step shown",
            seen["step_drafted"],
            "s",
            "the complete plan",
            seen["plan_offered"],
            at_most=0.15,
        )
    ]
