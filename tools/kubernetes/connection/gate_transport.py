"""The gate's place in the Kubernetes transport.

aiohttp asks its connector for a connection once for every request, retry and redirect, whichever
function made it and whichever options it was given (session middlewares can be left out per call,
the connector cannot). So the connector asks the gate first, and without its word there is no socket.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from tools.errors import GateRefused
from tools.gate import Access, Gate, Permit
from tools.kubernetes.connection.api_path import ApiRequest, Unreadable, access, parse
from tools.kubernetes.connection.content import content_of
from tools.kubernetes.connection.reading_as import ReadingAs

if TYPE_CHECKING:
    from aiohttp.client import ClientTimeout
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

NOBODY_ELSE = ReadingAs()


class GatedConnector(aiohttp.TCPConnector):
    """Connections to one API server, each request judged beforehand.

    Args:
        gate: who judges.
        context: the kubeconfig context, the permits' `place`.
        server: the API server's address; requests to any other are refused.
        tls: how to speak TLS; None for plain HTTP.
        reading_as: the lesser identity that reads go out under, where there is one.
        fresh: open a new connection for every request. Writes want it: a kept connection that the
            server just closed leaves one in doubt whether the write arrived.
    """

    def __init__(
        self,
        gate: Gate,
        context: str,
        server: URL,
        tls: ssl.SSLContext | None,
        *,
        fresh: bool,
        reading_as: ReadingAs = NOBODY_ELSE,
    ) -> None:
        super().__init__(limit=0, ssl=tls if tls is not None else True, force_close=fresh)
        self._gate = gate
        self._context = context
        self._server = server
        self._reading_as = reading_as

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        judge(self._gate, self._context, self._server, req, self._reading_as)
        return await super().connect(req, traces, timeout)


_OTHER_METHOD = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
"""Headers by which some proxies in front of a server take one method for another."""


def judge(
    gate: Gate, context: str, server: URL, request: ClientRequest, reading_as: ReadingAs = NOBODY_ELSE
) -> None:
    """Ask the gate about a request that is about to leave.

    Where reads go out under a lesser identity, they do so or not at all, and nothing else does.

    Raises:
        GateRefused: it may not leave, or it could not be judged.
    """
    try:
        _judge(gate, context, server, request, reading_as)
    except GateRefused:
        raise
    except Exception as error:
        what = f"{request.method} {request.url.raw_path}"
        raise GateRefused(
            f"The gate refused {what} on {context}: it could not judge it ({type(error).__name__})."
        ) from error


def _judge(gate: Gate, context: str, server: URL, request: ClientRequest, reading_as: ReadingAs) -> None:
    posing = [
        (name, value) for name, value in request.headers.items() if name.lower().startswith("impersonate-")
    ]
    forged = [name for name in _OTHER_METHOD if name in request.headers]
    forged += [name for name, _ in posing] if tuple(posing) != reading_as.headers else []
    if forged:
        raise GateRefused(
            f"The gate refused a request with the header {forged[0]} on {context}: who asks, and for what,"
            " is not for a tool to say."
        )
    if (request.url.origin(), request.url.host) != (server.origin(), server.host):
        raise GateRefused(f"The gate refused a request to {request.url.origin()}: {context} is {server}.")
    prefix = server.raw_path.rstrip("/")
    path = request.url.raw_path
    query = list(request.url.query.items())
    try:
        if not path.startswith(prefix + "/"):
            raise Unreadable(path)
        parsed = parse(request.method.upper(), path[len(prefix) :], query)
    except Unreadable:
        raise GateRefused(
            f"The gate refused {request.method} {path} on {context}: the path is not one it can read."
        ) from None
    accept = ",".join(request.headers.getall("Accept", []))
    kind = access(parsed, query, accept, body=_carries_body(request))
    reading = kind is Access.READ and request.method.upper() == "GET"
    if posing and not reading:
        raise GateRefused(
            f"The gate refused {request.method} {path} on {context}: only reads go out as {reading_as}."
        )
    if reading and not posing and (reading_as.user or reading_as.context):
        raise GateRefused(
            f"The gate refused {request.method} {path} on {context}: reads go out as {reading_as}."
        )
    content = "" if kind is Access.READ else content_of(query, _content_type(request), _bytes(request))
    gate.judge(kind, permit(context, parsed, content))


def _carries_body(request: ClientRequest) -> bool:
    """False only when there is certainly none."""
    framed = request.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in request.headers
    return framed or bool(request.chunked) or request.body != b""


def _content_type(request: ClientRequest) -> str:
    return str(request.headers.get("Content-Type", ""))


def _bytes(request: ClientRequest) -> bytes:
    """The body as it will be sent. Raises for anything that is not plain bytes: it could not be judged."""
    body = request.body
    if body == b"":
        return b""
    if type(body) is not aiohttp.payload.BytesPayload or type(body._value) is not bytes:
        raise TypeError("the body is not plain bytes")
    return body._value


def permit(context: str, request: ApiRequest, content: str = "") -> Permit:
    """The permit a request needs, as previews list them and as grants hold them."""
    return Permit(
        system="kubernetes",
        place=context,
        verb=request.verb,
        resource=request.resource,
        namespace=request.namespace,
        name=request.name,
        content=content,
    )
