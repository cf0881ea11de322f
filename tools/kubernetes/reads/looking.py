"""Looks at a cluster that may refuse some of it: what could not be seen is remembered, the rest goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from tools.errors import (
    Forbidden,
    GateRefused,
    Invalid,
    NotFound,
    ServerFailed,
    Throttled,
    TimedOut,
    ToolError,
)
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.fields import Json, mappings, text

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

PAGE = 500
MOST = 20_000
"""Objects of one kind that are read at most."""

METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

# Trouble with one kind of object. Everything else (no login, no connection) is trouble with the cluster.
_LOCAL = (Forbidden, GateRefused, Invalid, ServerFailed, Throttled, TimedOut)


T = TypeVar("T")

_FIRST_PAUSE = 0.3
"""Seconds before a question is asked for the second time; then twice as long each time."""

_PATIENCE = 4.0
"""Seconds that one tool call waits in all for a server to recover."""


class Looking:
    """Reads on behalf of one tool call.

    Args:
        cluster: where.
        sleep: waits that many seconds.

    Attributes:
        unseen: a sentence for everything that could not be read.
    """

    def __init__(self, cluster: Cluster, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.cluster = cluster
        self.unseen: list[str] = []
        self._sleep = sleep
        self._patience = _PATIENCE
        self._blind: set[str] = set()

    def blind(self, *resources: str) -> bool:
        """Whether any of these resources (`pods`, `deployments.apps`) could not be read."""
        return any(resource in self._blind for resource in resources)

    async def patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer, asked for again while the server has a passing trouble and our patience lasts.

        All questions of one tool call share that patience: a server that stays in trouble is not waited
        for at each of them.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                return await ask()
            except (ServerFailed, Throttled) as error:
                wanted = error.retry_after if isinstance(error, Throttled) else None
                wait = pause if wanted is None else wanted
                if wait > self._patience:
                    raise
                self._patience -= wait
                pause *= 2
                await self._sleep(wait)

    async def kind(self, resource: str) -> ResourceType | None:
        """The type of that resource in its preferred version, or None when the cluster does not serve it."""
        return next((known for known in await self.cluster.kinds.all() if known.resource == resource), None)

    async def objects(
        self,
        resource: str,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
    ) -> list[Json]:
        """All objects of a resource, each with its kind filled in; none when they cannot be seen.

        Args:
            resource: such as `pods` or `deployments.apps`.
            namespace: empty for all.
            labels: a label selector.
            fields: a field selector.
            metadata_only: leave everything but the metadata on the server.
        """
        known = await self.kind(resource)
        if known is None:
            return []
        query: dict[str, str | int] = {"limit": PAGE}
        query |= {"labelSelector": labels} if labels else {}
        query |= {"fieldSelector": fields} if fields else {}
        found: list[Json] = []
        accept = METADATA_ONLY if metadata_only else "application/json"
        try:
            while True:
                page = await self.patiently(
                    lambda query=query: self._page(known.path(namespace), query, accept)  # type: ignore[misc]
                )
                found += [
                    {**entry, "apiVersion": known.api_version, "kind": known.kind}
                    for entry in mappings(page, "items")
                ]
                more = text(page, "metadata", "continue")
                if not more:
                    return found
                if len(found) >= MOST:
                    self.unseen.append(f"{resource}: more than {MOST}, the rest was not read")
                    return found
                query = {**query, "continue": more}
        except (*_LOCAL, NotFound) as error:
            self._miss(resource, namespace, error)
            return found

    async def object(self, resource: str, name: str, namespace: str = "") -> Json | None:
        """One object; None when there is none of that name, `{}` when it could not be seen."""
        known = await self.kind(resource)
        if known is None:
            return None
        try:
            found = await self.patiently(lambda: self.cluster.json("GET", known.path(namespace, name)))
        except NotFound:
            return None
        except _LOCAL as error:
            self._miss(f"{resource}/{name}", namespace, error)
            self._blind.add(resource)
            return {}
        return {**found, "apiVersion": known.api_version, "kind": known.kind}

    async def _page(self, path: str, query: dict[str, str | int], accept: str) -> Json:
        return (await self.cluster.send("GET", path, query=query, accept=accept)).json()

    def _miss(self, resource: str, namespace: str, error: ToolError) -> None:
        where = f" in {namespace}" if namespace else ""
        why = "not allowed to read them" if isinstance(error, Forbidden) else error.message
        self._blind.add(resource)
        self.unseen.append(f"{resource}{where}: {why}")
