"""Waiting for something that may never answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_time(work: Callable[[], T], seconds: float) -> T:
    """Run blocking `work` in a thread for at most so long.

    The thread is a daemon of its own: one that hangs holds up neither the other threads of the loop's pool
    nor the end of the program.

    Raises:
        TimeoutError: it took longer; the thread is left behind and what it returns is dropped.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type]  # None only when T allows it

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:
            failure = error
        # The loop is gone when the program ended before the answer came.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="pilothouse-patience", daemon=True).start()
    async with asyncio.timeout(seconds):
        return await answer
