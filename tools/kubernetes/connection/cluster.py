"""One cluster: raw requests under the context's login, through the gate, with plain errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from multidict import CIMultiDict
from pydantic import JsonValue
from yarl import URL

from tools.errors import Forbidden, Invalid, NotFound, ServerFailed
from tools.gate import Access, Gate
from tools.kubernetes.connection.api_path import ApiRequest, Unreadable, access, parse
from tools.kubernetes.connection.content import content_of, encoded
from tools.kubernetes.connection.discovery import Kinds
from tools.kubernetes.connection.failures import from_broken, from_status
from tools.kubernetes.connection.gate_transport import NOBODY_ELSE, GatedConnector
from tools.kubernetes.connection.kubeconfig import ContextInfo
from tools.kubernetes.connection.login import Login
from tools.kubernetes.connection.reading_as import ReadingAs
from tools.kubernetes.fields import text

CONNECT_SECONDS = 2.0
REQUEST_SECONDS = 20.0

Query = Mapping[str, str | int]
Json = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its bytes, what admission had to say about the request, and the request's content."""

    body: bytes
    warnings: tuple[str, ...]
    content: str = ""
    """The digest of what was sent (`connection.content`); for requests with a body only."""

    def json(self) -> Json:
        """The answer as an object. Raises `ServerFailed` for what a proxy or a sign-in page says instead."""
        try:
            decoded = json.loads(self.body)
        except ValueError:
            decoded = None
        if not isinstance(decoded, dict):
            raise ServerFailed(
                "The API server answered with something that is not a JSON object.",
                hint="Does a proxy or a sign-in page answer in its place?",
                raw=self.body[:2000].decode("utf-8", "replace"),
            )
        return decoded


class Cluster:
    """A cluster under one kubeconfig context. Made by `Clusters.cluster`.

    Args:
        info: the context.
        login: loads or renews the credentials.
        gate: judges every request before it leaves.
        now: the wall clock in UTC, to renew credentials before they expire.
        reading_as: the lesser identity for reads.
        reader: the same cluster under the login that reads, where that is another context's.
    """

    def __init__(
        self,
        info: ContextInfo,
        login: Callable[[], Awaitable[Login]],
        gate: Gate,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        reading_as: ReadingAs = NOBODY_ELSE,
        reader: Cluster | None = None,
    ) -> None:
        self.context = info.name
        self.namespace = info.namespace or "default"
        self.server = info.server.rstrip("/")
        self.kinds = Kinds(self.context, self.request)
        self._log_in = login
        self._gate = gate
        self._now = now
        self._reading_as = reading_as
        self._reader = reader
        self._login: Login | None = None
        self._identity = ""
        self._opening = asyncio.Lock()
        self._retired: list[aiohttp.ClientSession] = []
        self._reading: aiohttp.ClientSession | None = None
        self._writing: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: JsonValue = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        timeout: float = REQUEST_SECONDS,
    ) -> bytes:
        """Send one request and return the answer's bytes.

        Args:
            method: GET, POST, PUT, PATCH or DELETE.
            path: below the server's address, such as `/api/v1/namespaces`.
            query: query parameters.
            body: a JSON value to send, or None.
            content_type: of the body; patches have their own.
            accept: the representation wanted.
            timeout: seconds for everything together; connecting alone may take 2.

        Raises: a `ToolError`; nothing else.
        """
        answer = await self.send(
            method, path, query=query, body=body, content_type=content_type, accept=accept, timeout=timeout
        )
        return answer.body

    async def json(self, method: str, path: str, *, query: Query | None = None) -> Json:
        """A request without a body whose answer is one JSON object."""
        return (await self.send(method, path, query=query)).json()

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: JsonValue = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        timeout: float = REQUEST_SECONDS,
    ) -> Answer:
        """As `request`, with the warnings that came along."""
        limits = aiohttp.ClientTimeout(total=timeout, connect=CONNECT_SECONDS)
        async with self._open(method, path, query, body, content_type, accept, limits) as response:
            sent = "" if body is None else content_of(_pairs(query), content_type, encoded(body))
            return Answer(await response.read(), _warnings(response), sent)

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        query: Query | None = None,
        accept: str = "application/json",
        idle: float | None = None,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """A GET whose answer keeps coming: `async with cluster.stream(…) as chunks`.

        Args:
            path: as for `request`.
            query: query parameters.
            accept: the representation wanted.
            idle: seconds without a byte after which the connection counts as dead; None for never.
        """
        limits = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=idle)
        async with self._open("GET", path, query, None, "", accept, limits) as response:
            yield response.content.iter_any()

    @asynccontextmanager
    async def channel(
        self, path: str, query: Sequence[tuple[str, str]], protocols: tuple[str, ...]
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """A WebSocket whose binary messages keep coming. Raises a `ToolError`."""
        asked = parse("GET", path, query)
        session, login = await self._session("POST")  # a connection of its own
        try:
            async with session.ws_connect(
                URL(self.server + path, encoded=True).with_query(query),
                protocols=protocols,
                headers={"User-Agent": "pilothouse", **login.headers},
                proxy=login.proxy or None,
                max_msg_size=2**20,
            ) as socket:
                yield (message.data async for message in socket if message.type is aiohttp.WSMsgType.BINARY)
        except aiohttp.WSServerHandshakeError as error:
            raise from_status(asked, self.context, error.status, b"", "") from error
        except (aiohttp.ClientError, OSError) as error:
            raise from_broken(
                asked, self.context, self.server, error, CONNECT_SECONDS, writing=True
            ) from error

    @property
    def reads_as(self) -> str:
        """Under whose name it is read, where that is not the login's own."""
        return str(self._reading_as)

    async def identity(self) -> str:
        """What tells this cluster from every other: the uid of `kube-system`. Empty where it may not be read."""
        try:
            return text(await self.json("GET", "/api/v1/namespaces/kube-system"), "metadata", "uid")
        except (Forbidden, NotFound):
            return ""

    async def close(self) -> None:
        """Close all connections."""
        if self._reader is not None:
            await self._reader.close()
        for session in (self._reading, self._writing, *self._retired):
            if session is not None:
                await session.close()
        self._reading = self._writing = None
        self._retired.clear()

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: JsonValue,
        content_type: str,
        accept: str,
        limits: aiohttp.ClientTimeout,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        pairs = _pairs(query)
        url = URL(self.server + path, encoded=True)
        try:
            asked = parse(method, path, pairs)
        except Unreadable:
            raise Invalid(f"{path} is not a path of the Kubernetes API.") from None
        kind = access(asked, pairs, accept, body=body is not None)
        reading = kind is Access.READ and method == "GET"
        if reading and self._reader is not None:
            async with self._reader._open(
                method, path, query, body, content_type, accept, limits
            ) as response:
                yield response
            return
        session, login = await self._session(method)
        headers = CIMultiDict({"Accept": accept, "User-Agent": "pilothouse", **login.headers})
        headers.extend(self._reading_as.headers if reading else ())
        data: bytes | None = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = encoded(body)
        try:
            async with session.request(
                method,
                url.with_query(pairs) if pairs else url,
                headers=headers,
                data=data,
                timeout=limits,
                allow_redirects=False,
                proxy=login.proxy or None,
                server_hostname=login.tls_server_name or None,
            ) as response:
                await self._check(asked, response)
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            seconds = limits.total or limits.sock_read or 0.0
            writing = kind is Access.WRITE
            raise from_broken(asked, self.context, self.server, error, seconds, writing=writing) from error

    async def _check(self, asked: ApiRequest, response: aiohttp.ClientResponse) -> None:
        if response.status < 300:
            return
        if response.status < 400:
            where = response.headers.get("Location", "nowhere")
            raise ServerFailed(
                f"{self.server} answered with a redirect to {where}, which is not followed.",
                hint="Put the API server's own address into the kubeconfig.",
            )
        body = await response.read()
        if response.status == 401:
            self._login = None  # the next request logs in anew
        raise from_status(asked, self.context, response.status, body, response.headers.get("Retry-After", ""))

    async def _session(self, method: str) -> tuple[aiohttp.ClientSession, Login]:
        async with self._opening:
            if self._login is None or self._login.stale(self._now()):
                self._login = await self._log_in()
                if self._identity != self._login.identity:  # streams on the old sessions live on
                    self._identity = self._login.identity
                    self._retired += [old for old in (self._reading, self._writing) if old is not None]
                    self._reading = self._writing = None
            if self._reading is None or self._writing is None:
                self._reading = self._new_session(self._login, fresh=False)
                self._writing = self._new_session(self._login, fresh=True)
            return (self._reading if method == "GET" else self._writing), self._login

    def _new_session(self, login: Login, *, fresh: bool) -> aiohttp.ClientSession:
        connector = GatedConnector(
            self._gate, self.context, URL(self.server), login.tls, fresh=fresh, reading_as=self._reading_as
        )
        session = aiohttp.ClientSession(
            connector=connector, read_bufsize=2**20, cookie_jar=aiohttp.DummyCookieJar()
        )
        if fresh:
            # aiohttp sends a DELETE or PUT again when its connection broke; for us that is a doubt to settle.
            session._retry_connection = False
        return session


def _pairs(query: Query | None) -> list[tuple[str, str]]:
    return [(key, str(value)) for key, value in (query or {}).items()]


def _warnings(response: aiohttp.ClientResponse) -> tuple[str, ...]:
    """The texts of `Warning: 299 - "…"` headers (RFC 7234, section 5.5)."""
    found = []
    for header in response.headers.getall("Warning", []):
        _, _, quoted = header.partition('"')
        found.append(quoted.rpartition('"')[0].replace('\\"', '"'))
    return tuple(text for text in found if text)
