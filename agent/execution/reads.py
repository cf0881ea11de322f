"""A read step: call, retry where its failure allows, keep the output for whoever refers to it."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, JsonValue

from agent.execution.conditions import fulfil
from agent.execution.halt import Stopped
from agent.execution.step import StepRun
from agent.recovery import Response, classify, respond
from tools.errors import ToolError


class ReadStep(StepRun):
    async def run(self) -> None:
        attempt = self.progress.attempt
        while True:
            attempt += 1
            key = await self.intend(attempt)
            began = self.site.log.now()
            try:
                output = await self.unless_stopped(self._call())
            except Stopped:
                await self.stopped(key, "Stopped while reading.")
                return
            except Exception as caught:
                error = classify(caught, self.step.tool)
                again = respond(error, attempt, self.site.pace.attempts, writes=False)
                if again is not Response.RETRY:
                    await self.fail(key, attempt, error)
                    return
                if not await self.pause(key, attempt, error):
                    return
                continue
            value: JsonValue = output.model_dump(mode="json")
            try:
                checked = await fulfil(self)
            except Stopped:
                await self.stopped(key, "Stopped while watching its check.")
            except ToolError as error:
                await self.fail(key, attempt, error, observed=error.message)
            else:
                await self.succeed(key, attempt, checked or summary(value), output=value, began=began)
            return

    async def _call(self) -> BaseModel:
        tool = self.site.registry.get(self.step.tool)
        async with asyncio.timeout(tool.timeout):
            return await tool.run(tool.parse(self.step.args), self.step.scope)


def summary(value: JsonValue) -> str:
    """One line for the tree: how much came back."""
    if isinstance(value, dict):
        if isinstance(value.get("summary"), str):
            return str(value["summary"])
        counts = [f"{len(item)} {key}" for key, item in value.items() if isinstance(item, list)]
        return ", ".join(counts) or f"{len(value)} fields"
    return "done"
