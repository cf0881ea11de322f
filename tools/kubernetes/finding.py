"""From what a call says (scope, kind, name) to the object on the server."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tools.errors import Invalid, NotFound, ToolError
from tools.gate import Permit
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.fields import Json
from tools.kubernetes.live.tables import read_table
from tools.tool import Scope

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

Kind = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
        description="Kind in any spelling kubectl takes: deploy, deployments, Deployment, deployments.apps.",
    ),
]

Selector = Annotated[
    str, Field(default="", max_length=2000, description="Label selector, such as app=web,tier!=db.")
]


class OnClusters:
    """What every Kubernetes tool is given: the way to the clusters.

    Args:
        clusters: all contexts, behind the gate.
    """

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def target(self, kind: str, name: str, namespace: str, scope: Scope) -> Target:
        """What the arguments mean in this scope. Raises `NotConfigured` or `NotFound`."""
        cluster = await self._clusters.cluster(scope.context)
        found = await cluster.kinds.resolve(kind)
        return Target(cluster, found, working_namespace(namespace, scope) if found.namespaced else "", name)


def working_namespace(namespace: str, scope: Scope) -> str:
    """The argument's namespace, else the scope's, else `default`."""
    return namespace or scope.namespace or "default"


@dataclass(frozen=True)
class Target:
    """One object, existing or not: where it is and what it is called."""

    cluster: Cluster
    kind: ResourceType
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.word}/{self.name}{where}"

    @property
    def word(self) -> str:
        """What means exactly this kind on this cluster: `deployment`, `service.serving.knative.dev`."""
        return self.cluster.kinds.spelling(self.kind)

    def path(self, subresource: str = "") -> str:
        return self.kind.path(self.namespace, self.name, subresource)

    def permit(self, verb: str, subresource: str = "", content: str = "") -> Permit:
        """The permit for one write to it. A new object's name is in the body, and so in the content."""
        unnamed = verb == "create" and not subresource
        return Permit(
            system="kubernetes",
            place=self.cluster.context,
            verb=verb,
            resource=f"{self.kind.resource}/{subresource}" if subresource else self.kind.resource,
            namespace=self.namespace,
            name="" if unnamed else self.name,
            content=content,
        )

    async def read(self) -> Json:
        """The whole object. Raises `NotFound` with the names that resemble it."""
        try:
            return await self.cluster.json("GET", self.path())
        except NotFound as error:
            raise NotFound(
                f"There is no {self} on {self.cluster.context}.", near=await self._near(), raw=error.raw
            ) from error

    def must_allow(self, *kinds: str) -> None:
        """Raises `Invalid` unless the target is of one of these kinds."""
        if self.kind.native not in kinds:
            listed = ", ".join(kinds[:-1]) + f" or {kinds[-1]}" if len(kinds) > 1 else kinds[0]
            raise Invalid(f"{self} is a {self.kind.kind}; this works on a {listed}.")

    async def _near(self) -> tuple[str, ...]:
        try:
            table = await read_table(self.cluster, self.kind, self.namespace, limit=500)
        except ToolError:
            return ()
        names = [row[0] for row in table.rows if row]
        begun = [name for name in names if name.startswith(self.name)]
        near = begun[:3] or get_close_matches(self.name, names, n=3, cutoff=0.6)
        return tuple(near)
