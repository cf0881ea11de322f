"""What running a read step and running a write step have in common.

Every attempt is journalled twice: its intent before the call leaves the machine, its outcome before
anything that rests on it starts.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import JsonValue

from agent import events as e
from agent.execution.halt import Halt, Stopped
from agent.logbook import Logbook
from agent.plan import Step
from agent.reading import Reader
from agent.recovery import wait
from agent.settings import Limits
from agent.state import StepProgress
from memory.ledger import BegunState
from tools.errors import ToolError
from tools.gate import Mint, Permit
from tools.tool import Registry

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """How parallel and how patient execution is. `sleep` waits that many seconds."""

    concurrent: int = 16
    attempts: int = 4
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True, slots=True)
class Site:
    """Where steps run: the tools, the mint that lets writes out, the logbook, the reader for checks."""

    registry: Registry
    mint: Mint
    log: Logbook
    pace: Pace
    reader: Reader
    limits: Limits = Limits()


class KeyTaken(Exception):
    """The journal knows this attempt already: somebody else ran it. Nothing may be sent."""


class StepRun(ABC):
    """One step of an approved plan, from its first attempt to its outcome."""

    def __init__(self, site: Site, plan_id: str, step: Step, stop: Halt) -> None:
        self.site = site
        self.plan_id = plan_id
        self.step = step
        self.stop = stop

    @abstractmethod
    async def run(self) -> None:
        """Attempt the step until it has an outcome; records everything, raises nothing of the tools'."""

    @property
    def progress(self) -> StepProgress:
        return self.site.log.state.plans[self.plan_id].of(self.step.id)

    async def intend(
        self, attempt: int, permits: tuple[Permit, ...] = (), before: dict[str, JsonValue] | None = None
    ) -> str:
        """Make the intent durable and return its key. Raises `KeyTaken` if it was announced before.

        Args:
            before: the recorded before-state, where it is another than that of the approved preview.
        """
        key = f"{self.plan_id}/{self.step.id}/{attempt}"
        begun = await self.site.log.begin(
            key,
            e.StepIntended(
                plan_id=self.plan_id,
                step_id=self.step.id,
                attempt=attempt,
                attempts=self.site.pace.attempts,
                key=key,
                call=self.step.call,
                scope=self.step.scope,
                effect=self.step.effect,
                permits=permits,
                before=before or {},
            ),
        )
        if begun.state is not BegunState.FRESH:
            raise KeyTaken(key)
        return key

    async def succeed(
        self, key: str, attempt: int, observed: str, *, output: JsonValue = None, began: datetime
    ) -> None:
        await self.site.log.end(
            key,
            e.StepSucceeded(
                plan_id=self.plan_id,
                step_id=self.step.id,
                attempt=attempt,
                observed=observed,
                output=output,
                seconds=(self.site.log.now() - began).total_seconds(),
            ),
        )

    async def fail(
        self, key: str, attempt: int, error: ToolError, *, observed: str = "", applied: bool | None = None
    ) -> None:
        """Record the failure that ends the step; without a key when nothing had been announced."""
        event = e.StepFailed(
            plan_id=self.plan_id,
            step_id=self.step.id,
            attempt=attempt,
            failure=error.failure,
            cause=error.message,
            hint=error.hint,
            raw=error.raw,
            observed=observed,
            applied=applied,
        )
        await (self.site.log.end(key, event) if key else self.site.log.record(event))

    async def needless(self, attempt: int, observed: str) -> None:
        """Record that the world is already as the step wants it; nothing is sent."""
        await self.site.log.record(
            e.StepSucceeded(plan_id=self.plan_id, step_id=self.step.id, attempt=attempt, observed=observed)
        )

    async def stopped(self, key: str, detail: str, *, applied: bool | None = None) -> None:
        event = e.StepStopped(plan_id=self.plan_id, step_id=self.step.id, detail=detail, applied=applied)
        await (self.site.log.end(key, event) if key else self.site.log.record(event))

    async def pause(self, key: str, attempt: int, error: ToolError) -> bool:
        """Record that this attempt failed and wait for the next; False if the operator said stop."""
        seconds = wait(error, attempt)
        await self.site.log.end(
            key,
            e.AttemptFailed(
                plan_id=self.plan_id,
                step_id=self.step.id,
                attempt=attempt,
                failure=error.failure,
                cause=error.message,
                raw=error.raw,
                retry_at=self.site.log.now() + timedelta(seconds=seconds),
            ),
        )
        try:
            await self.unless_stopped(self.sleep(seconds))
        except Stopped:
            await self.stopped("", "Stopped while waiting for the next try.", applied=False)
            return False
        return True

    async def sleep(self, seconds: float) -> None:
        await self.site.pace.sleep(seconds)

    async def unless_stopped(self, work: Coroutine[Any, Any, T], *, grace: float = 0.0) -> T:
        """The result of `work`; raises `Stopped` once stop is said and `grace` seconds have passed."""
        return await self.stop.over(work, grace=grace)
