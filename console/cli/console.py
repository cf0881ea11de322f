"""`pilothouse` without a subcommand: the screen."""

from __future__ import annotations

import asyncio
import os
import sys
import tomllib
from importlib import import_module
from typing import TYPE_CHECKING

from console.cli.exits import Exit, Problem
from console.cli.output import Output
from console.cli.parser import Choices
from memory.home import Home

if TYPE_CHECKING:
    from agent.agent import Agent


def run(choices: Choices, out: Output) -> int:
    """Open the console and stay until the operator leaves it."""
    if choices.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Problem(
            Exit.USAGE,
            "The console needs a terminal.",
            'Use a subcommand, such as `pilothouse ask "…"`; --help lists them.',
        )
    from console.app import run as run_screen
    from console.options import Options

    async def connect() -> Agent:
        # In a thread, because the clients take long to import and the screen is up already.
        await asyncio.to_thread(import_module, "agent.agent")
        from console.cli.opening import start

        agent = await start(choices, os.environ, screen=True)
        agent.begin_warming()
        return agent

    own = _own_choices(Home.find(os.environ, choices.home))
    options = Options(
        sandbox=choices.sandbox,
        context=choices.context,
        profile=choices.profile,
        read_only=choices.read_only,
        model=choices.model,
        home=choices.home,
        ascii=choices.ascii or own.get("ascii") is True,
        theme=choices.theme or str(own.get("theme", "")),
        mouse=not choices.no_mouse and own.get("mouse") is not False,
    )
    return run_screen(connect, options)


def _own_choices(home: Home) -> dict[str, object]:
    """The `[console]` table of config.toml, for the first paint.

    Whatever is wrong with the file is said when the agent reads all of it, a moment later.
    """
    try:
        table = tomllib.loads(home.settings.read_text("utf-8")).get("console", {})
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}
