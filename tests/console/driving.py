"""Starting the console on a scripted agent and reading what is on its screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from console.app import PilothouseApp
from console.live import Agent
from console.options import Options
from tests.console.scripted import ScriptedAgent, ScriptedSession


class Console:
    """A running console, its agent, and what an operator sees of it."""

    def __init__(self, pilot: Pilot[int], app: PilothouseApp, agent: ScriptedAgent) -> None:
        self.pilot, self.app, self.agent = pilot, app, agent

    @property
    def session(self) -> ScriptedSession:
        return self.agent.opened[-1]

    @property
    def text(self) -> str:
        """The screen as plain text, a line per row."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, words: str) -> None:
        """Write into the prompt, as a paste would."""
        self.app.main.chat.prompt.insert(words)
        await self.pilot.pause()

    async def fill(self, words: str) -> None:
        """Write into the field that has the focus, all at once."""
        field = self.app.focused
        assert isinstance(field, Input)
        field.insert_text_at_cursor(words)
        await self.pilot.pause()

    async def jump(self, line: str) -> None:
        """Write a line after `:` and send it."""
        await self.press("colon")
        await self.until(lambda: isinstance(self.app.focused, Input), "the : line")
        await self.fill(line)
        await self.press("enter")

    async def say(self, words: str) -> None:
        await self.type(words)
        await self.press("enter")

    async def until(self, holds: Callable[[], bool], what: str = "") -> None:
        """Let the console work until a condition holds."""
        for _ in range(600):
            if holds():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"never came true: {what or holds}\n{self.text}")

    async def sees(self, words: str) -> None:
        """Wait until these words are on the screen."""
        await self.until(lambda: words in self.text, f"{words!r} on the screen")


@asynccontextmanager
async def console(
    folder: Path,
    size: tuple[int, int] = (150, 36),
    options: Options | None = None,
    environment: dict[str, str] | None = None,
) -> AsyncIterator[Console]:
    """The console on a scripted agent, connected and idle."""
    agent = await ScriptedAgent.start(folder)

    async def connect() -> Agent:
        return agent

    chosen = replace(options or Options(), home=folder)
    app = PilothouseApp(connect, chosen, environment or {})
    async with app.run_test(size=size, notifications=True) as pilot:
        made = Console(pilot, app, agent)
        await made.until(
            lambda: app.is_built and app.main.live is not None and app.main.live.state.seq > 0, "connected"
        )
        yield made
