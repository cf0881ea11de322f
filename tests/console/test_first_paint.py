"""The console is on the screen before anything heavy is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from console.app import PilothouseApp
from console.live import Agent
from console.options import Options
from console.screens.opening import PLAIN, skeleton
from tests.console.driving import Console
from tests.console.scripted import ScriptedAgent

PROGRAM = """
import asyncio, sys
from console.app import PilothouseApp
from console.options import Options

CLIENTS = {"anthropic", "kubernetes", "boto3", "botocore", "keyring", "aiosqlite", "aiohttp"}
HEAVY = CLIENTS | {"pydantic", "agent", "tools", "memory"}

async def never():
    await asyncio.Event().wait()

class Painted(PilothouseApp):
    async def build(self):
        loaded = sorted(HEAVY & {name.partition(".")[0] for name in sys.modules})
        painted = "".join(s.text for strip in self.screen._compositor.render_strips() for s in strip)
        print("LOADED", loaded)
        print("PAINTED", painted.count("connecting"))
        self.exit()

Painted(never, Options()).run(headless=True, size=(160, 40))
"""


def test_the_first_paint_loads_neither_the_agent_nor_any_client() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert "LOADED []" in done.stdout, done.stdout + done.stderr
    assert "PAINTED 4" in done.stdout, done.stdout


async def test_what_is_typed_before_the_panes_are_there_is_not_lost(tmp_path: Path) -> None:
    from textual.events import Key

    agent = await ScriptedAgent.start(tmp_path)

    async def connect() -> Agent:
        return agent

    class Hasty(PilothouseApp):
        async def build(self) -> None:
            for letter in "why?":
                self.screen.post_message(Key(letter, letter))
            await self.screen.wait_for_refresh()
            await super().build()

    app = Hasty(connect, Options(home=tmp_path), {})
    async with app.run_test(size=(120, 40)) as pilot:
        await Console(pilot, app, agent).until(
            lambda: app.is_built and app.main.live is not None and app.main.chat.prompt.text == "why?"
        )


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (80, 24), (100, 30), (160, 48), (250, 70)])
def test_the_skeleton_fits_every_terminal(size: tuple[int, int]) -> None:
    width, height = size
    lines = skeleton(width, height)
    assert len(lines) <= max(height, 1)
    assert {len(line) for line in lines[1:]} <= {width}


def test_the_skeleton_of_a_plain_terminal_is_plain() -> None:
    assert all(sign in " +-|" or sign.isalnum() or sign == "…" for sign in "".join(skeleton(160, 40, PLAIN)))
