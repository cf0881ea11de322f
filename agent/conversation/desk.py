"""What a turn with the model works with, and what the model would be sent at any moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from agent.checking import Checker
from agent.conversation.briefing import briefing, own_tools, read_tools
from agent.conversation.transcript import messages
from agent.logbook import Logbook
from agent.model import Model, Request
from agent.reading import Reader
from agent.settings import Limits
from tools.tool import Registry


@dataclass(frozen=True, slots=True)
class Desk:
    """What a turn works with."""

    model: Model
    registry: Registry
    reader: Reader
    checker: Checker
    log: Logbook
    limits: Limits
    max_tokens: int
    next_plan: Callable[[], str]
    memories: Callable[[], Awaitable[Mapping[tuple[int, ...], str]]]
    """The words of the memories that the session used, by their ids."""
    window: int = 200_000
    """Tokens that the model can hold, the reply included."""

    async def request(self) -> Request:
        """What the model would be sent now. Its beginning is the same every time, so that servers can cache it."""
        return Request(
            system=briefing(self.registry),
            messages=messages(self.log.history, self.model.name, await self.memories()),
            tools=(*read_tools(self.registry), *own_tools(self.registry)),
            max_tokens=self.max_tokens,
            deadline=self.limits.turn_seconds,
        )
