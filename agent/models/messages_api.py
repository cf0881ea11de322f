"""A model behind the Messages API: Anthropic's own, Bedrock's, Vertex's, or a server of one's own.

This folder is the one home of the `anthropic` SDK. Importing it costs seconds, so it happens in a
thread when a model is first needed, never at start-up (`prepare` does it ahead of time).

The SDK's retries are off: it would obey any Retry-After, and could not tell the screen that it is
waiting. Ours stop at the first word that was given out, and at the request's own deadline.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from pydantic import JsonValue

from agent.model import Capabilities, ModelEvent, Replied, Request, RetryWaiting, ToolOpened, ToolReady
from agent.models import capabilities, failures
from agent.models.assembly import Assembly
from agent.models.client import build
from agent.models.config import NO_REAL_MODEL, ModelConfig, Provider, real_models_forbidden
from agent.models.errors import (
    BadRequest,
    MalformedToolCall,
    ModelError,
    NoCredentials,
    Overloaded,
    RealModelForbidden,
    Refused,
    ServerFailed,
    Throttled,
    TruncatedToolCall,
)
from agent.models.fallback import recover
from agent.models.prices import cost
from agent.models.wire import body

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncStream
    from anthropic.types import RawMessageStreamEvent

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
"""Seconds between attempts where the server names none: doubling, with jitter."""

CHECK_PATIENCE = 15.0
"""Seconds a server may take to say what a model can do."""

DRAIN_PATIENCE = 0.25
"""Seconds a server may take to close a stream that it said is over."""

Sleep = Callable[[float], Awaitable[object]]


class AnthropicModel:
    """A `Model` reached through the `anthropic` SDK.

    Args:
        config: which model, where, with whose key.
        environ: the process's environment; read for the switch that forbids real models.
        sleep: waits a number of seconds between two attempts.
        chance: jitter for these waits, and ids for recovered tool calls.
    """

    def __init__(
        self,
        config: ModelConfig,
        environ: Mapping[str, str],
        *,
        sleep: Sleep = asyncio.sleep,
        chance: random.Random | None = None,
    ) -> None:
        self.config = config
        self._forbidden = real_models_forbidden(environ) and not config.loopback
        self._sleep = sleep
        self._chance = chance or random.Random()
        self._client: AsyncAnthropic | None = None
        self._preparing = asyncio.Lock()
        self._closed = False
        self._show_thinking = capabilities.assumed(self.config).adaptive_thinking

    @property
    def name(self) -> str:
        return self.config.model

    async def prepare(self) -> None:
        """Load the SDK and build the client, in a thread. Raises `ModelError` if it cannot be."""
        await self._prepared()

    async def stream(self, request: Request) -> AsyncGenerator[ModelEvent, None]:
        clock = asyncio.get_running_loop().time
        until = clock() + request.deadline
        client = await self._prepared()
        for attempt in count(1):
            reply = Assembly(self.config.model)
            try:
                async with aclosing(self._attempt(client, request, reply, until)) as events:
                    async for event in events:
                        yield event
                return
            except ModelError as failure:
                pause = self._pause(failure, attempt)
                if reply.begun or pause is None or clock() + pause >= until:
                    raise
                cause = failure.sentence
            yield RetryWaiting(seconds=pause, cause=cause)
            await self._sleep(pause)

    async def check(self) -> Capabilities:
        client = await self._prepared()
        if self.config.provider is not Provider.ANTHROPIC:
            return capabilities.assumed(self.config)
        try:
            async with asyncio.timeout(CHECK_PATIENCE):
                info = await client.models.retrieve(self.config.model)
        except TimeoutError:
            raise failures.no_answer(self.config, CHECK_PATIENCE) from None
        except Exception as error:
            failure = failures.before_reply(error, self.config)
            if self.config.self_hosted and isinstance(failure, BadRequest | ServerFailed):
                return capabilities.assumed(self.config)  # it answers, and simply has no catalogue
            raise failure from error
        if not hasattr(info, "to_dict"):
            raise failures.not_the_protocol(self.config)
        found = capabilities.told(info.to_dict(mode="json", warnings=False), self.config)
        self._show_thinking = found.adaptive_thinking
        return found

    async def close(self) -> None:
        self._closed = True
        async with self._preparing:
            client, self._client = self._client, None
        if client is not None:
            await client.close()

    # --- one attempt ---------------------------------------------------------------------------------

    async def _attempt(
        self, client: AsyncAnthropic, request: Request, reply: Assembly, until: float
    ) -> AsyncGenerator[ModelEvent, None]:
        stream = await self._open(client, request, until)
        try:
            while not reply.stopped:
                try:
                    async with asyncio.timeout_at(until):
                        event = await anext(stream, None)
                except TimeoutError:
                    limit = f"it was not complete after {request.deadline:.3g} seconds"
                    raise failures.interrupted(limit) from None
                except Exception as error:
                    raise failures.within_reply(error, self.config, begun=reply.begun) from error
                if event is None:
                    break
                for ours in reply.feed(_plain(event)):
                    yield ours
            await _drain(stream)
            if not reply.heard and "eventstream" not in _content_type(stream):
                raise failures.not_the_protocol(self.config)
            for ours in self._conclude(request, reply):
                yield ours
        finally:
            await stream.close()

    async def _open(
        self, client: AsyncAnthropic, request: Request, until: float
    ) -> AsyncStream[RawMessageStreamEvent]:
        # The SDK types each parameter; what goes over the wire is made and tested in wire.py.
        parameters = cast(dict[str, Any], body(request, self.config.model, show_thinking=self._show_thinking))
        try:
            async with asyncio.timeout_at(until):
                stream: AsyncStream[RawMessageStreamEvent] = await client.messages.create(
                    **parameters, stream=True, extra_body=self.config.extra_body or None
                )
                return stream
        except TimeoutError:
            raise failures.no_answer(self.config, request.deadline) from None
        except Exception as error:
            raise failures.before_reply(error, self.config) from error

    def _conclude(self, request: Request, reply: Assembly) -> list[ModelEvent]:
        """The last events of a reply, or the `ModelError` that says why it cannot be used."""
        if not reply.stopped or reply.stop_reason is None:
            raise failures.interrupted(f"{self.config.place} ended it before it was complete")
        events: list[ModelEvent] = []
        message, stop_reason = reply.message, reply.stop_reason
        truncated = reply.truncated
        if truncated is not None:
            message = reply.without_truncated
        elif self.config.self_hosted and not reply.malformed and stop_reason in ("end_turn", "stop_sequence"):
            tools = {tool.name for tool in request.tools}
            recovered = recover(message, tools, self._new_id)
            if recovered is not None:
                message, stop_reason = recovered, "tool_use"
                for call in recovered.tool_uses:
                    events += [ToolOpened(id=call.id, name=call.name), ToolReady(call=call)]
        replied = Replied(
            message=message,
            stop_reason=stop_reason,
            usage=reply.usage,
            model=reply.model,
            cost=cost(reply.usage, self.config, reply.model),
        )
        if stop_reason == "refusal":
            raise _refused(replied, reply.refusal)
        if truncated is not None:
            raise TruncatedToolCall(
                f"The model ran out of room in the middle of calling {truncated.tool or 'a tool'}.",
                "Ask for less at once, or raise the limit on the length of replies.",
                replied,
                truncated.tool,
            )
        if broken := reply.malformed:
            raise MalformedToolCall(
                f"The model called {broken.tool or 'a tool'} with arguments that are not JSON.",
                "Say it again; if it happens often, choose a larger model.",
                replied,
                broken.tool,
                broken.text,
            )
        return [*events, replied]

    # --- between attempts ------------------------------------------------------------------------------

    def _pause(self, failure: ModelError, attempt: int) -> float | None:
        """Seconds to wait before the next attempt, None if there should be none."""
        if not failure.passing or attempt > self.config.max_retries:
            return None
        if isinstance(failure, Throttled | Overloaded) and failure.retry_after is not None:
            return failure.retry_after
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (attempt - 1))
        return self._chance.uniform(longest / 2, longest)

    # --- the client --------------------------------------------------------------------------------------

    async def _prepared(self) -> AsyncAnthropic:
        async with self._preparing:
            if self._closed:
                raise ModelError(f"The connection to {self.name} is closed already.")
            if self._client is None:
                self._check_allowed()
                try:
                    self._client = await asyncio.to_thread(build, self.config)
                except Exception as error:
                    raise failures.before_reply(error, self.config) from error
            return self._client

    def _check_allowed(self) -> None:
        if self._forbidden:
            raise RealModelForbidden(
                f"{self.config.place} is a real model, and {NO_REAL_MODEL} forbids those.",
                "Point the base URL at a server on this machine, or unset the variable.",
            )
        keyless = self.config.provider is Provider.ANTHROPIC and not self.config.self_hosted
        if keyless and self.config.api_key is None:
            raise NoCredentials(
                f"There is no key for {self.config.place}.",
                "Store one with `pilothouse auth login`, or set PILOTHOUSE_ANTHROPIC_API_KEY; "
                "known intents work without a model.",
            )

    def _new_id(self) -> str:
        return f"written_{self._chance.getrandbits(64):016x}"


def _plain(event: RawMessageStreamEvent) -> dict[str, JsonValue]:
    """The event as it was on the wire, fields unknown to the SDK included."""
    return cast(dict[str, JsonValue], event.to_dict(mode="json", warnings=False))


async def _drain(stream: AsyncStream[RawMessageStreamEvent]) -> None:
    """Read what follows the last event, so that the connection serves the next call, too."""
    with suppress(Exception):
        async with asyncio.timeout(DRAIN_PATIENCE):
            while await anext(stream, None) is not None:
                pass


def _content_type(stream: AsyncStream[RawMessageStreamEvent]) -> str:
    return stream.response.headers.get("content-type", "").replace("-", "").lower()


def _refused(replied: Replied, category: str) -> Refused:
    reason = f" (category: {category})" if category else ""
    hint = "Say in other words what is to be found out or done on which of your own systems."
    if category == "cyber":
        hint = f"Honest operations can sound like an attack to it. {hint}"
    return Refused(f"The model declined to answer{reason}.", hint, replied, category)
