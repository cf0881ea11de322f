"""How much of a long turn's prompt is the unchanged beginning that a server has in its cache."""

from __future__ import annotations

import os
from pathlib import Path

from agent import events as e
from agent.agent import Agent, Options
from agent.commands import Say
from memory.home import Home
from tests.bench.row import Row, row
from tests.standins.model_server import ModelServer
from tests.standins.prompt_cache import PromptCache
from tests.standins.script import Script, Tool, Turn, text, tool

ROUNDS = 12
AT_ONCE = 3
NAMESPACES = ("payments", "shop-staging", "shop-production", "shop-dev", "monitoring")


async def long_turn(folder: Path) -> list[Row]:
    """A turn of twelve rounds of reads in the practice sandbox, with all tools the product has."""
    script = [Turn(*(_look(number, each) for each in range(AT_ONCE))) for number in range(ROUNDS)]
    async with ModelServer(Script([*script, Turn(text("All was looked at."))])) as server:
        home = Home(folder).prepare()
        home.settings.write_text(f'[model]\nname = "stand-in"\nbase_url = "{server.url}"\n')
        agent = await Agent.start(Options(home=home, sandbox=True, operator="bench"), os.environ)
        try:
            session = await agent.open_session()
            await session.order(
                Say(text="compare everything with everything, in many small steps, my friend")
            )
            await session.idle()
            answered = [r.event for r in session._log.history if isinstance(r.event, e.ModelReplied)]
            assert len(answered) == ROUNDS + 1, "the turn came to its end"
        finally:
            await agent.close()
        cache = PromptCache()
        prompts = [cache.take(request.body) for request in server.requests]
    total, read = sum(prompt.total for prompt in prompts), sum(prompt.read for prompt in prompts)
    return [
        row("input tokens of a long turn that are no cache reads", total - read, "tokens",
            "all its input tokens", total, at_most=0.2)
    ]  # fmt: skip


def _look(number: int, each: int) -> Tool:
    kinds = ("pods", "deployments", "services")
    place = NAMESPACES[number % len(NAMESPACES)]
    return tool("kubernetes_list", {"kind": kinds[each], "namespace": place})
