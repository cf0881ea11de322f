"""Everything that is looked at beside the conversation: live views, closer looks, logs that are followed.

One task for each; what looks at nothing costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import assert_never

from agent import commands as c
from agent import events as e
from agent.logbook import Logbook
from agent.looking.inspecting import Inspector
from agent.looking.views import Views
from agent.planning.checking import fill
from agent.recovery import classify
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.finding import OnClusters
from tools.kubernetes.live.workload_logs import LogBatch, follow_logs

log = logging.getLogger(__name__)


class Looks:
    """Takes the commands that only look.

    Args:
        views: feeds the sidebar.
        inspector: looks at one object.
        clusters: where logs come from; None where there are no clusters.
    """

    def __init__(self, views: Views, inspector: Inspector, clusters: Clusters | None) -> None:
        self._views = views
        self._inspector = inspector
        self._clusters = clusters
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def take(self, command: c.Look, book: Logbook) -> None:
        """Begin to look, or look away. What comes of it are events in the logbook."""
        match command:
            case c.Watch():
                self._views.watch(command, book)
            case c.Unwatch():
                self._views.unwatch(command.view)
            case c.Inspect():
                look = self._inspector.inspect(command, book.state.scope, book.show)
                self._begin(command.request, look)
            case c.FollowLogs():
                self._begin(command.request, self._follow(command, book))
            case c.LookAway():
                self._end(command.request)
            case _:
                assert_never(command)

    async def close(self) -> None:
        """Look away from everything."""
        tasks = list(self._tasks.values())
        for request in list(self._tasks):
            self._end(request)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._views.close()

    def _begin(self, request: str, look: Coroutine[None, None, None]) -> None:
        self._end(request)
        task = asyncio.create_task(look, name=f"look {request}")
        self._tasks[request] = task
        task.add_done_callback(lambda done: self._over(request, done))

    def _end(self, request: str) -> None:
        if (task := self._tasks.pop(request, None)) is not None:
            task.cancel()

    def _over(self, request: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(request) is task:
            del self._tasks[request]
        if not task.cancelled() and (error := task.exception()):
            log.error("%s broke", task.get_name(), exc_info=error)

    async def _follow(self, command: c.FollowLogs, book: Logbook) -> None:
        def show(batch: LogBatch) -> None:
            book.show(e.LogGrew(request=command.request, batch=batch))

        failure = ""
        try:
            if self._clusters is None or ":" in command.what:
                failure = f"There are no logs of {command.what} to follow."
            else:
                scope = fill(command.scope, book.state.scope)
                target = await OnClusters(self._clusters).target(command.what, command.name, "", scope)
                await follow_logs(target, show, previous=command.previous, tail=command.tail)
        except Exception as caught:
            failure = str(classify(caught, f"Following the logs of {command.name}"))
        book.show(e.LogGrew(request=command.request, failure=failure, over=True))
