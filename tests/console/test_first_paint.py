"""The console is on the screen before anything heavy is imported."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio, sys
from console.app import PilothouseApp
from console.options import Options

HEAVY = {"anthropic", "kubernetes", "boto3", "botocore", "keyring", "aiosqlite", "aiohttp", "pydantic", "agent"}

async def never():
    await asyncio.Event().wait()

class Painted(PilothouseApp):
    def action_connect(self):
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
