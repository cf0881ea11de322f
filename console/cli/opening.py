"""Opens the agent, or the journal alone, for the time of one command."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.events import Recorded
from agent.logbook import open_envelope
from agent.state import SessionState, fold
from console import __version__
from console.cli.parser import Choices
from memory.home import Home
from memory.journal import Journal
from memory.sessions import Sessions

if TYPE_CHECKING:
    from agent.agent import Agent


@asynccontextmanager
async def agent_at_work(choices: Choices, environ: Mapping[str, str] = os.environ) -> AsyncIterator[Agent]:
    """The agent, closed at the end."""
    agent = await start(choices, environ)
    try:
        yield agent
    finally:
        await agent.close()


async def start(choices: Choices, environ: Mapping[str, str], *, screen: bool = False) -> Agent:
    """The agent of these options. Close it when done.

    Args:
        screen: whether somebody stays and watches.
    """
    from agent.agent import Agent, Options

    options = Options(
        home=Home.find(environ, choices.home),
        sandbox=choices.sandbox,
        context=choices.context,
        namespace=choices.namespace,
        profile=choices.profile,
        region=choices.region,
        read_only=choices.read_only,
        model=choices.model,
        program=f"pilothouse {__version__}",
        screen=screen,
    )
    return await Agent.start(options, environ)


@asynccontextmanager
async def open_journal(
    choices: Choices, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[tuple[Journal, Sessions]]:
    """The journal and its sessions, without an agent."""
    home = Home.find(environ, choices.home).prepare()
    async with await Journal.open(home.journal, lambda: datetime.now(UTC)) as journal:
        yield journal, Sessions(journal)


async def replay(journal: Journal, session: str) -> tuple[list[Recorded], SessionState]:
    """A session's events and the state they come to."""
    events = [open_envelope(envelope) for envelope in await journal.read(session)]
    state = SessionState()
    for event in events:
        state = fold(state, event)
    return events, state
