"""Draws the README's picture from a real run: `uv run --extra sandbox python docs/picture.py`.

Starts the console on a fresh practice sandbox, asks for a change, and saves the screen while the plan
waits for its decision.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from agent.agent import Agent
from agent.agent import Options as AgentOptions
from console.app import PilothouseApp
from console.options import Options
from memory.home import Home

REQUESTS = ("why is payments crashing?", "scale checkout in staging to 4")
PICTURE = Path(__file__).with_name("console.svg")
PATIENCE = 60.0


async def draw(home: Path) -> None:
    async def connect() -> Agent:
        options = AgentOptions(home=Home(home), sandbox=True, operator="you")
        return await Agent.start(options, {**os.environ, "PILOTHOUSE_NO_REAL_MODEL": "1"})

    app = PilothouseApp(connect, Options(sandbox=True, home=home))
    async with app.run_test(size=(150, 44), notifications=False) as pilot:
        async with asyncio.timeout(PATIENCE):
            while app.agent is None or not app.agent.open_sessions:
                await pilot.pause(0.1)
            session = app.agent.open_sessions[-1]
            for request in REQUESTS:
                turn = session.state.turn
                await pilot.press(*(_key(character) for character in request), "enter")
                while session.state.turn == turn or session.state.busy:
                    await pilot.pause(0.1)
        await pilot.pause(2.0)  # the pods arrive
        app.save_screenshot(str(PICTURE))
        await app.agent.close()


def _key(character: str) -> str:
    return {" ": "space", "?": "question_mark"}.get(character, character)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(draw(Path(folder)))
