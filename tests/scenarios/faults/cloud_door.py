"""A door in front of an AWS account at which requests meet trouble."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import aiohttp
from aiohttp import web

_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


@dataclass(frozen=True, slots=True)
class Knock:
    """What becomes of the next requests for an operation.

    Attributes:
        operation: which; empty for every one.
        times: how many of them; 0 for all.
        code: answer this AWS error code, with `status`, and pass nothing on.
        page: answer 200 and this, and pass nothing on.
        hang_up: break the connection `before` or `after` the account has seen the request.
        wait: seconds before the request is passed on (with `hold`, before its answer is).
        late: seconds after the answer at which it reaches the account.
        lie: answer as the account would, and pass nothing on.
        then: what happens from then on to every operation.
    """

    operation: str = ""
    times: int = 0
    status: int = 400
    code: str = ""
    page: str = ""
    hang_up: str = ""
    wait: float = 0.0
    hold: float = 0.0
    late: float = 0.0
    lie: bytes = b""
    then: tuple[Knock, ...] = ()


@dataclass
class Door:
    """Passes requests on, unless one of its `knocks` has something else in mind."""

    behind: str
    http: aiohttp.ClientSession
    url: str = ""
    knocks: list[Knock] = field(default_factory=list)
    _belated: set[asyncio.Task[None]] = field(default_factory=set)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        operation, rehearsal = _operation(request, body)
        knock = None if rehearsal else self._knock(operation)
        if knock is None:
            return await self._pass(request, body)
        await asyncio.sleep(knock.wait)
        if knock.hang_up == "before":
            return _broken(request)
        if knock.code:
            return _refusal(request, knock)
        if knock.page:
            return web.Response(text=knock.page, content_type="text/html")
        if knock.lie:
            return web.Response(body=knock.lie)
        if knock.late:
            task = asyncio.create_task(self._later(request, body, knock.late))
            self._belated.add(task)
            task.add_done_callback(self._belated.discard)
            return _refusal(request, replace(knock, code="InternalError", status=500))
        passed = await self._pass(request, body)
        await asyncio.sleep(knock.hold)
        return _broken(request) if knock.hang_up == "after" else passed

    async def calm(self) -> None:
        """No more trouble; what is still to arrive late arrives."""
        self.knocks.clear()
        await asyncio.gather(*self._belated)

    def _knock(self, operation: str) -> Knock | None:
        for number, knock in enumerate(self.knocks):
            if knock.operation in ("", operation):
                if knock.times == 1:
                    self.knocks[number : number + 1] = knock.then
                elif knock.times:
                    self.knocks[number] = replace(knock, times=knock.times - 1)
                return knock
        return None

    async def _pass(self, request: web.Request, body: bytes) -> web.Response:
        headers = {
            key: value
            for key, value in request.headers.items()
            if key.lower() not in ("host", "connection", "content-length")
        }
        async with self.http.request(
            request.method, self.behind + request.path_qs, data=body, headers=headers
        ) as answer:
            found = await answer.read()
            kept = {key: answer.headers[key] for key in ("Content-Type",) if key in answer.headers}
            return web.Response(status=answer.status, body=found, headers=kept)

    async def _later(self, request: web.Request, body: bytes, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._pass(request, body)


@asynccontextmanager
async def door(behind: str) -> AsyncIterator[Door]:
    """A door of one's own before the account at `behind`."""
    async with aiohttp.ClientSession() as http:
        made = Door(behind, http)
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", made.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert runner.addresses
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield made
        finally:
            await made.calm()
            await runner.cleanup()


def _operation(request: web.Request, body: bytes) -> tuple[str, bool]:
    """The operation a request asks for, and whether it only rehearses it."""
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2], False
    found = _ACTION.search(body)
    return (found[1].decode() if found else ""), b"DryRun=true" in body


def _broken(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _refusal(request: web.Request, knock: Knock) -> web.Response:
    if "X-Amz-Target" in request.headers:
        body = {"__type": knock.code, "message": "trouble at the door"}
        return web.json_response(body, status=knock.status)
    error = f"<Error><Code>{knock.code}</Code><Message>trouble at the door</Message></Error>"
    text = f"<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>"
    return web.Response(text=text, status=knock.status, content_type="text/xml")
