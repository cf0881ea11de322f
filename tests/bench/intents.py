"""From a known request to the offered plan, without a model."""

from __future__ import annotations

import os
import time
from pathlib import Path

from agent.agent import Agent, Options
from agent.commands import Say
from memory.home import Home
from tests.bench.row import Row, percentile, row

ROUNDS = 60


async def known_intent_to_plan(folder: Path) -> list[Row]:
    """`scale checkout in staging to N` in the practice sandbox: words in, checked and previewed plan out."""
    agent = await Agent.start(Options(home=Home(folder), sandbox=True, operator="bench"), os.environ)
    try:
        session = await agent.open_session()
        times: list[float] = []
        for count in range(ROUNDS + 5):
            began = time.perf_counter()
            await session.order(Say(text=f"scale checkout in staging to {3 + count % 5}"))
            await session.idle()
            if count >= 5:  # the first ones open connections
                times.append((time.perf_counter() - began) * 1000)
        offered = session.state.current
        assert offered is not None and offered.model_calls == 0
    finally:
        await agent.close()
    return [
        row("known intent to plan, p95", percentile(times, 0.95), "ms", "its own median", percentile(times, 0.5),
            at_most=50, of="value")
    ]  # fmt: skip
