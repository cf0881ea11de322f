"""kubernetes_list: what there is, as compact rows."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from tools.kubernetes.finding import Kind, OnClusters, Selector, working_namespace
from tools.kubernetes.live.tables import Table, read_all_namespaces, read_table
from tools.tool import Arguments, OptionalNamespace, Scope, Tool


class ListArgs(Arguments):
    kind: Kind
    namespace: OptionalNamespace = ""
    all_namespaces: bool = False
    labels: Selector = ""
    fields: Annotated[
        str, Field(max_length=2000, description="Field selector, such as status.phase=Running.")
    ] = ""
    limit: Annotated[int, Field(ge=1, le=5000, description="Rows at most.")] = 500
    wide: Annotated[bool, Field(description="Also the columns of `kubectl get -o wide`.")] = False


class ListOutput(BaseModel):
    """Rows as `kubectl get` prints them."""

    resource: str
    context: str
    namespace: str
    """Empty for all namespaces and for kinds without one."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    count: int
    remaining: int
    """How many more the server has beyond the limit."""


class KubernetesList(OnClusters, Tool[ListArgs, ListOutput]):
    """Lists objects of any kind, custom resources included."""

    name = "kubernetes_list"
    summary = "List objects of a kind (pods, deployments, nodes, any custom resource) as compact rows."
    Args = ListArgs
    Output = ListOutput

    async def run(self, args: ListArgs, scope: Scope) -> ListOutput:
        cluster = await self._clusters.cluster(scope.context)
        kind = await cluster.kinds.resolve(args.kind)
        everywhere = args.all_namespaces or not kind.namespaced
        namespace = "" if everywhere else working_namespace(args.namespace, scope)
        table: Table
        if args.all_namespaces and kind.namespaced:
            table = await read_all_namespaces(
                cluster, kind, labels=args.labels, fields=args.fields, limit=args.limit, wide=args.wide
            )
        else:
            table = await read_table(
                cluster,
                kind,
                namespace,
                labels=args.labels,
                fields=args.fields,
                limit=args.limit,
                wide=args.wide,
            )
        return ListOutput(
            resource=kind.resource,
            context=cluster.context,
            namespace=namespace,
            columns=table.columns,
            rows=table.rows,
            count=len(table.rows),
            remaining=table.remaining,
        )
