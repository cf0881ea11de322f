"""Looks at a cluster that may refuse some of it: what could not be seen is remembered, the rest goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


class Looking:
    """Reads on behalf of one tool call.

    Attributes:
        unseen: a sentence for everything that could not be read.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.unseen: list[str] = []
        self._blind: set[str] = set()

    def blind(self, *resources: str) -> bool:
        """Whether any of these resources (`pods`, `deployments.apps`) could not be read."""
        return any(resource in self._blind for resource in resources)

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
                answer = await self.cluster.send("GET", known.path(namespace), query=query, accept=accept)
                page = answer.json()
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
            found = await self.cluster.json("GET", known.path(namespace, name))
        except NotFound:
            return None
        except _LOCAL as error:
            self._miss(f"{resource}/{name}", namespace, error)
            self._blind.add(resource)
            return {}
        return {**found, "apiVersion": known.api_version, "kind": known.kind}

    def _miss(self, resource: str, namespace: str, error: ToolError) -> None:
        where = f" in {namespace}" if namespace else ""
        why = "not allowed to read them" if isinstance(error, Forbidden) else error.message
        self._blind.add(resource)
        self.unseen.append(f"{resource}{where}: {why}")
