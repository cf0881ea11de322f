"""Ask a model that a stand-in plays, and collect what it says."""

from __future__ import annotations

import random
from contextlib import aclosing
from typing import Any

from pydantic import SecretStr

from agent.model import Message, Model, ModelEvent, Replied, Request, TextBlock, ToolSpec
from agent.models.config import ModelConfig
from agent.models.messages_api import AnthropicModel

LIST = ToolSpec(
    name="kubernetes_list",
    description="List objects of a kind.",
    input_schema={"type": "object", "properties": {"kind": {"type": "string"}}},
)
PLAN = ToolSpec(
    name="propose_plan", description="Propose a plan.", input_schema={"type": "object"}, eager=True
)


class Waits:
    """Stands in for sleeping between attempts: notes how long, and goes on at once."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def model_at(url: str, waits: Waits | None = None, **fields: Any) -> AnthropicModel:
    """A model at a loopback server, with real models forbidden and no time spent waiting."""
    config = ModelConfig(**{"base_url": url, "api_key": SecretStr("secret-key"), **fields})
    return AnthropicModel(
        config, {"PILOTHOUSE_NO_REAL_MODEL": "1"}, sleep=waits or Waits(), chance=random.Random(7)
    )


def request(*said: str, **fields: Any) -> Request:
    """A request with these words of the operator and both tools."""
    words = said or ("why is payments crashing?",)
    messages = tuple(Message(role="user", content=(TextBlock(text=text),)) for text in words)
    return Request(
        **{
            "system": "You steer clusters.",
            "messages": messages,
            "tools": (LIST, PLAN),
            "max_tokens": 1000,
            "deadline": 20.0,
            **fields,
        }
    )


async def collect(model: Model, asked: Request | None = None) -> list[ModelEvent]:
    """Every event of one call."""
    async with aclosing(model.stream(asked or request())) as events:
        return [event async for event in events]


async def answer(model: Model, asked: Request | None = None) -> Replied:
    """The reply of one call."""
    last = (await collect(model, asked))[-1]
    assert isinstance(last, Replied)
    return last
