"""A server that speaks the Messages API and plays a script, so that the real SDK is in every test.

    async with ModelServer(Script([Turn(text("Hello."))])) as server:
        ...  # ModelConfig(base_url=server.url)
        assert server.requests[0].body["model"] == "..."

For a try in a terminal: `python -m tests.standins.model_server --script FILE.json --port 8080`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self, cast

from aiohttp import web

from tests.standins import reply
from tests.standins.model_rules import complaint
from tests.standins.script import KINDS, Failure, Json, Page, Script, Turn, last_words

MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: Json


class ModelServer:
    """Plays `script` on a loopback port (`port` 0 takes a free one).

    `key` is the only accepted credential, None accepts all. `catalogue` False knows no /v1/models,
    as most self-hosted servers. `strict` refuses what the real API would refuse.
    """

    def __init__(
        self,
        script: Script,
        *,
        key: str | None = None,
        catalogue: bool = True,
        strict: bool = True,
        port: int = 0,
        on_request: Callable[[Seen], None] | None = None,
    ) -> None:
        self.script = script
        self.requests: list[Seen] = []
        self.hung_up = asyncio.Event()
        """Set when a client went away in the middle of a reply."""
        self._peers: set[object] = set()
        self._key = key
        self._catalogue = catalogue
        self._strict = strict
        self._port = port
        self._on_request = on_request
        self._numbers = count(1)
        self._closing = asyncio.Event()
        self._arrived = asyncio.Condition()
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get("/v1/models/{id}", self._get_model)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/v1/messages/count_tokens", self._count_tokens)
        # Vertex: the same stream under another path.
        app.router.add_post("/{tail:.+:streamRawPredict}", self._messages)
        # Bedrock: for its failures alone, since its streams are framed in another way.
        app.router.add_post("/model/{id}/invoke-with-response-stream", self._messages)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    @property
    def connections(self) -> int:
        """How many connections brought requests for a message."""
        return len(self._peers)

    async def wait_for_requests(self, number: int) -> None:
        """Until so many requests for a message have arrived."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= number)

    # --- answers ----------------------------------------------------------------------------------

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        if refused := self._unauthorized(request):
            return refused
        body = cast(Json, await request.json())
        seen = Seen(request.path, {k.lower(): v for k, v in request.headers.items()}, body)
        async with self._arrived:
            self.requests.append(seen)
            self._peers.add(request.get_extra_info("peername"))
            self._arrived.notify_all()
        if self._on_request is not None:
            self._on_request(seen)
        if self._strict and (why := complaint(body)):
            return self._failure(Failure(400, message=why))
        answer = self.script.answer(body)
        if isinstance(answer, Failure):
            return self._failure(answer)
        if isinstance(answer, Page):
            return web.Response(text=answer.page, content_type=answer.content_type)
        if not body.get("stream") and not request.path.endswith(":streamRawPredict"):
            return web.json_response(reply.whole(answer, body, self._numbers))
        return await self._stream(answer, body, request)

    def _failure(self, failure: Failure) -> web.Response:
        kind = failure.kind or KINDS.get(failure.status, "api_error")
        envelope = {
            "type": "error",
            "error": {"type": kind, "message": failure.message or kind.replace("_", " ")},
            "request_id": f"req_{next(self._numbers):08}",
        }
        return web.json_response(envelope, status=failure.status, headers=failure.headers)

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("x-api-key", "") or request.headers.get("Authorization", "")
        if self._key is None or given.removeprefix("Bearer ") == self._key:
            return None
        return self._failure(Failure(401, message="invalid x-api-key"))

    async def _list_models(self, request: web.Request) -> web.Response:
        if refused := self._unauthorized(request):
            return refused
        if not self._catalogue:
            return web.json_response({"error": "not found"}, status=404)
        data = [_model(name) for name in MODELS]
        return web.json_response(
            {"data": data, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
        )

    async def _get_model(self, request: web.Request) -> web.Response:
        if refused := self._unauthorized(request):
            return refused
        name = request.match_info["id"]
        if not self._catalogue or name not in MODELS:
            return self._failure(Failure(404, message=f"model: {name}"))
        return web.json_response(_model(name))

    async def _count_tokens(self, request: web.Request) -> web.Response:
        if refused := self._unauthorized(request):
            return refused
        return web.json_response({"input_tokens": len(await request.text()) // reply.TOKEN})

    # --- a reply ------------------------------------------------------------------------------------

    async def _stream(self, turn: Turn, body: Json, request: web.Request) -> web.StreamResponse:
        if turn.delay:
            await asyncio.sleep(turn.delay)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        pace = _Pace(turn.tokens_per_second)
        breaks = turn.breaks
        sent = 0
        try:
            for event, tokens in reply.events(turn, body, self._numbers):
                if breaks is not None and sent == breaks.after:
                    return await self._break(turn, response, request)
                await pace.wait(tokens)
                if isinstance(event, str):
                    await response.write(event.encode())
                else:
                    await _send(response, event)
                sent += 1
            if breaks is not None:
                return await self._break(turn, response, request)
            await response.write_eof()
        except (ConnectionResetError, asyncio.CancelledError):
            self.hung_up.set()
            raise
        return response

    async def _break(
        self, turn: Turn, response: web.StreamResponse, request: web.Request
    ) -> web.StreamResponse:
        assert turn.breaks is not None
        match turn.breaks.how:
            case "stall":
                await self._closing.wait()
            case "reset":
                assert request.transport is not None
                request.transport.abort()
                return response
            case "error":
                error: Json = {"type": turn.breaks.kind, "message": turn.breaks.message}
                await _send(response, {"type": "error", "error": error})
        await response.write_eof()
        return response


class _Pace:
    """Spreads tokens evenly over time, without drift."""

    def __init__(self, per_second: float | None) -> None:
        self._per_second = per_second
        self._written = 0
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()

    async def wait(self, tokens: int) -> None:
        self._written += tokens
        if self._per_second and tokens:
            due = self._began + self._written / self._per_second
            await asyncio.sleep(max(0.0, due - self._clock()))


async def _send(response: web.StreamResponse, event: Json) -> None:
    await response.write(f"event: {event.get('type')}\ndata: {json.dumps(event)}\n\n".encode())


def _model(name: str) -> Json:
    yes: Json = {"supported": True}
    types: Json = {"adaptive": yes, "enabled": {"supported": False}, "disabled": yes, "between_tools": yes}
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("claude-", "Claude ").replace("-5-5", " 5.5").title(),
        "created_at": "2026-09-01T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "capabilities": {"thinking": {"supported": True, "types": types}, "structured_outputs": yes},
    }


async def _serve(path: Path, port: int) -> None:
    def note(seen: Seen) -> None:
        print(f"{seen.path}  {last_words(seen.body)[:100]!r}", file=sys.stderr, flush=True)

    script = Script.read(await asyncio.to_thread(path.read_text))
    async with ModelServer(script, port=port, on_request=note) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Play a script as a server of the Messages API.")
    parser.add_argument("--script", type=Path, required=True, help="JSON list of turns and failures")
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.script, options.port))


if __name__ == "__main__":
    main()
