"""A wide plan takes about as long as its longest step."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench.row import Row, row
from tests.standins.crew import approve, carry_out, crew, look, offer, shelf_crew
from tests.standins.shelf import Shelf
from tools.gate import Gate

STEPS, SECONDS = 16, 1.0


async def sixteen_steps(folder: Path) -> list[Row]:
    """Sixteen independent reads of one second each, journalled like any other step."""
    shelf = Shelf(folder / "shelf", Gate.build()[0], pause=SECONDS)
    async with crew(folder / "home", shelf_crew(shelf)) as aboard:
        session = await aboard.open()
        plan = await offer(session, *(look(f"s{n}") for n in range(STEPS)))
        began = time.perf_counter()
        await carry_out(session, approve(plan))
        took = time.perf_counter() - began
        await session.close()
    return [row("16 one-second steps", took, "s", "the longest step", SECONDS, at_most=1.15)]
