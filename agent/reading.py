"""Running read tools: retried where the failure's class says so, never with a grant."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from pydantic import BaseModel

from agent.recovery import Response, classify, respond, wait
from tools.errors import FailureClass, Forbidden, Invalid, ToolError
from tools.redaction.redactor import TOKEN, Redactor
from tools.tool import Call, Effect, Registry, Scope

_TOLD_AT_ONCE = frozenset({FailureClass.UNREACHABLE, FailureClass.TIMEOUT})
"""Somebody sits and waits: that a server is not there is said now, not after four more tries."""


class Reader:
    """Runs reads on behalf of answers, plan checks and the model.

    Args:
        redactor: hides secrets in what comes back, while it still has its structure.
        attempts: tries in all for one read.
        sleep: waits that many seconds.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        redactor: Redactor,
        attempts: int,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.redactor = redactor
        self._registry = registry
        self._attempts = attempts
        self._sleep = sleep

    async def run(self, call: Call, scope: Scope) -> BaseModel:
        """The tool's output.

        Raises:
            ToolError: the call is not a plain read, or it failed for good.
        """
        tool = self._registry.get(call.tool)
        if tool.effect is not Effect.READ:
            raise Forbidden(
                f"{tool.id} is a {tool.effect.value.replace('_', ' ')}; it cannot be called directly.",
                hint="Put it into a plan with propose_plan, which the operator decides on.",
            )
        if token := TOKEN.search(json.dumps(call.args, ensure_ascii=False)):
            raise Invalid(
                f"{token[0]} only stands for a secret; {tool.id} cannot look for the value itself.",
                hint="Look for the object or the name that the value belongs to.",
            )
        args = tool.parse(call.args)
        attempt = 0
        while True:
            attempt += 1
            try:
                async with asyncio.timeout(tool.timeout):
                    return self.redactor.model(await tool.run(args, scope))
            except Exception as caught:
                error: ToolError = classify(caught, f"{call.tool} in {scope.context or scope.profile}")
                again = respond(error, attempt, self._attempts, writes=False) is Response.RETRY
                if not again or error.failure in _TOLD_AT_ONCE:
                    raise error from caught
                await self._sleep(wait(error, attempt))
