"""`pilothouse sessions context`: what the model would be sent, by part, and what is told only in short."""

from __future__ import annotations

from dataclasses import replace

from console.cli.exits import Exit
from console.cli.opening import agent_at_work
from console.cli.output import Output, plain
from console.cli.parser import Choices


async def run(choices: Choices, out: Output, *, session: str) -> int:
    """Print the tokens of a session's context. The session is only read, whoever works in it."""
    from datetime import UTC, datetime

    from agent.conversation.context_use import context_use, told
    from agent.logbook import Logbook
    from agent.remembering.remembering import quotes

    async with agent_at_work(replace(choices, sandbox=False)) as agent:
        await agent.sessions.get(session)
        log = Logbook(agent.journal, session, lambda: datetime.now(UTC), agent.redactor)
        await log.load()
        memories = await quotes(agent.knowledge, log.history)
        use = context_use(log, agent.registry, agent.settings, memories)
    out.result(
        {"total": use.total, **use.model_dump(mode="json")}, lambda: [plain(line) for line in told(use)]
    )
    return Exit.DONE
