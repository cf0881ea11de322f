"""A practice sandbox for the scenarios, started once and joined like an operator's second console would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from agent.agent import Agent, Options
from memory.home import Home
from tools.sandbox.launch import Running

Start = Callable[..., AbstractAsyncContextManager[Agent]]


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose sandbox is up."""
    home = Home(tmp_path_factory.mktemp("home")).prepare()
    home.sandbox.mkdir(mode=0o700, parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tools.sandbox", str(home.sandbox), "--exit-with-stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        while Running.read(home.sandbox) is None:
            assert process.poll() is None, "the sandbox ended before it was up"
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        yield home
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


@pytest.fixture
def start(practice: Home) -> Start:
    """Starts an agent that has joined the sandbox."""

    @asynccontextmanager
    async def begin(**options: str) -> AsyncIterator[Agent]:
        environ = {**os.environ, "PILOTHOUSE_NO_REAL_MODEL": "1"}
        agent = await Agent.start(Options(home=practice, sandbox=True, operator="tester", **options), environ)
        try:
            yield agent
        finally:
            await agent.close()

    return begin
