"""Live views for the sidebar: one task per view that is shown, nothing for what is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from agent import events as e
from agent.commands import Watch
from agent.logbook import Logbook
from agent.planning.checking import fill
from tools.errors import ToolError
from tools.rows import FeedState, RowsChanged
from tools.tool import Scope

Feed = Callable[[Watch, Scope], AsyncIterator[RowsChanged]]
"""Rows of what is asked for, in a scope."""


class Views:
    """Args: feed: where rows come from."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def watch(self, command: Watch, log: Logbook) -> None:
        """Begin to feed a view; a view of the same id is replaced."""
        self.unwatch(command.view)
        self._tasks[command.view] = asyncio.create_task(self._run(command, log), name=f"view {command.what}")

    def unwatch(self, view: str) -> None:
        if (task := self._tasks.pop(view, None)) is not None:
            task.cancel()

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for view in list(self._tasks):
            self.unwatch(view)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, command: Watch, log: Logbook) -> None:
        scope = fill(command.scope, log.state.scope)
        try:
            async for rows in self._feed(command, scope):
                log.show(e.ViewChanged(view=command.view, rows=rows))
        except ToolError as error:
            log.show(e.ViewChanged(view=command.view, rows=_failed(str(error), log.now())))


def _failed(sentence: str, at: datetime) -> RowsChanged:
    return RowsChanged(columns=(), state=FeedState.FAILED, detail=sentence, at=at)
