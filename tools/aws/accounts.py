"""The AWS accounts an operator's profiles lead to, opened when first asked for. Light to import."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from tools.aws.classification import access
from tools.aws.profiles import Files, Place, Profile, place, read_profiles
from tools.errors import Invalid, NotConfigured
from tools.gate import Access, Gate, Permit
from tools.tool import Scope

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from tools.aws.sessions import GatedSession

THREADS = 12

Answer = Mapping[str, object]
"""What an operation answered, as botocore parsed it."""

P = ParamSpec("P")
T = TypeVar("T")


class Accounts:
    """All profiles of one home folder.

    Args:
        gate: judges every request of every account.
        environ: the environment, for AWS's variables and HOME.
        reads_profiles: by `profile/region`, the profile that plain reads go out under instead.
    """

    def __init__(
        self, gate: Gate, environ: Mapping[str, str], reads_profiles: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._gate = gate
        self._environ = dict(environ)
        self._reads_profiles = reads_profiles
        self._files = Files.locate(environ)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
        self._lock = threading.Lock()
        self._making: dict[Place, threading.Lock] = {}
        self._sessions: dict[Place, GatedSession] = {}
        self._clients: dict[tuple[Place, str, bool], BaseClient] = {}
        self._closed = False

    def profiles(self) -> list[Profile]:
        """The profiles by name, from AWS's files and the environment; no network, no AWS library."""
        return read_profiles(self._files, self._environ)

    def place(self, scope: Scope) -> Place:
        """The profile and region a scope means. Raises `NotConfigured` when one of them is not known."""
        return place(scope, self.profiles(), self._files, self._environ)

    def permit(self, scope: Scope, service: str, operation: str, /, **params: object) -> Permit:
        """The permit that `call` with the same arguments will need."""
        module = importlib.import_module("tools.aws.gate_hooks")
        found = module.permit(self.place(scope), service, operation, params)
        assert isinstance(found, Permit)
        return found

    async def call(self, scope: Scope, service: str, operation: str, /, **params: object) -> Answer:
        """Send one request and wait for its answer, in a thread of its own pool.

        Args:
            scope: names the profile and the region.
            service: botocore's name of the service (`ec2`).
            operation: the API's name of the operation (`DescribeInstances`).
            params: its parameters, as the API spells them.

        Raises a `ToolError`. A write that is cancelled while its request is under way may have happened.
        """
        where = await asyncio.to_thread(self._place_for, scope, service, operation, params)
        return await self._hop(self._send, where, service, operation, params)

    async def pages(
        self, scope: Scope, service: str, operation: str, /, **params: object
    ) -> AsyncIterator[Answer]:
        """The pages of a list, fetched one by one as they are asked for. Arguments as in `call`."""
        if access(service, operation, params) is Access.WRITE:
            raise Invalid(f"{service}:{operation} is not a list; it has no pages.")
        where = await asyncio.to_thread(self._place_for, scope, service, operation, params)
        pages = await self._hop(self._begin, where, service, operation, params)
        while (page := await self._hop(_next, pages, where, service, operation)) is not None:
            yield page

    async def close(self) -> None:
        """Close every connection. Requests under way are not waited for."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        for client in list(self._clients.values()):
            client.close()

    def reads_as(self, scope: Scope) -> str:
        """The profile that plain reads go out under, where it is not the scope's own."""
        return self._reads_profiles.get(str(self.place(scope)), "")

    def _place_for(self, scope: Scope, service: str, operation: str, params: Mapping[str, object]) -> Place:
        """Where a request goes out from: a plain read from the profile that reads, if there is one."""
        where = self.place(scope)
        other = self._reads_profiles.get(str(where), "")
        if not other or access(service, operation, params) is not Access.READ:
            return where
        return self.place(Scope(profile=other, region=where.region))

    async def _hop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run in the pool, with the grant that this task holds."""
        if self._closed:
            raise NotConfigured("The AWS accounts are closed.")
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: context.run(work, *args, **kwargs)
        )

    def _send(self, where: Place, service: str, operation: str, params: Mapping[str, object]) -> Answer:
        writes = access(service, operation, params) is Access.WRITE
        with _translating(where, service, operation, writes=writes):
            client = self._client(where, service, writes=writes)
            answer: Answer = _method(client, service, operation)(**params)
            return answer

    def _begin(
        self, where: Place, service: str, operation: str, params: Mapping[str, object]
    ) -> Iterator[Answer]:
        with _translating(where, service, operation, writes=False):
            client = self._client(where, service, writes=False)
            method = _method(client, service, operation)
            if client.can_paginate(method.__name__):
                return iter(client.get_paginator(method.__name__).paginate(**params))
            return (method(**params) for _ in range(1))

    def _client(self, where: Place, service: str, *, writes: bool) -> BaseClient:
        key = (where, service, writes)
        with self._lock:
            making = self._making.setdefault(where, threading.Lock())
        with making:  # botocore's sessions are not thread-safe, and a login may take its time
            if key not in self._clients:
                if where not in self._sessions:
                    module = importlib.import_module("tools.aws.sessions")
                    self._sessions[where] = module.GatedSession(where, self._files, self._environ, self._gate)
                self._clients[key] = self._sessions[where].client(service, writes=writes)
            return self._clients[key]


def _next(pages: Iterator[Answer], where: Place, service: str, operation: str) -> Answer | None:
    with _translating(where, service, operation, writes=False):
        return next(pages, None)


def _method(client: BaseClient, service: str, operation: str) -> Callable[..., Answer]:
    names = {api: name for name, api in client.meta.method_to_api_mapping.items()}
    if operation not in names:
        raise Invalid(f"{service} has no operation called {operation}.")
    method: Callable[..., Answer] = getattr(client, names[operation])
    return method


@contextmanager
def _translating(where: Place, service: str, operation: str, *, writes: bool) -> Iterator[None]:
    """Turn what botocore raises into a `ToolError`."""
    try:
        yield
    except Exception as error:
        module = importlib.import_module("tools.aws.failures")
        found = module.translate(error, where, service, operation, writes=writes)
        if found is None or found is error:
            raise
        raise found from error
