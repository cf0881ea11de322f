"""kubernetes_list: what there is, as compact rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from tools.errors import Invalid
from tools.kubernetes.connection.discovery import ResourceType
from tools.kubernetes.fields import Json, mappings, number, text
from tools.kubernetes.finding import Kind, OnClusters, Selector, working_namespace
from tools.kubernetes.live.tables import Table, read_all_namespaces, read_table
from tools.kubernetes.plain_text import plain
from tools.kubernetes.reads.projecting import FieldPath, Group, column, grouped
from tools.tool import Arguments, OptionalNamespace, Scope, Tool

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Cluster

MOST_COUNTED = 20_000
"""Objects that are read at most to count them in groups."""
_PAGE = 500


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
    columns: Annotated[
        tuple[FieldPath, ...],
        Field(max_length=20, description="Fields of the objects to show instead of the usual columns."),
    ] = ()
    group_by: Annotated[
        str,
        Field(max_length=300, description="Count the objects by a field path, or by a label as label:NAME."),
    ] = ""
    page: Annotated[
        str,
        Field(max_length=4000, description="The `next_page` of a list with columns, to go on from there."),
    ] = ""


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
    groups: tuple[Group, ...] = ()
    """With `group_by`: how many objects have which value; the rows are then left out unless columns are given."""
    next_page: str = ""
    """With columns: where the next page begins; empty when there is none."""


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
        if args.columns or args.group_by:
            return await _projected(args, cluster, kind, namespace)
        if args.page:
            raise Invalid("A page can only be gone on from in a list with columns.", hint="Give the columns.")
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


async def _projected(args: ListArgs, cluster: Cluster, kind: ResourceType, namespace: str) -> ListOutput:
    """Fields of whole objects; to count them in groups, every page is read."""
    if kind.resource == "secrets":
        raise Invalid(
            "Fields of Secrets are not listed: their values would travel over the network.",
            hint="Without columns and groups their names, types and ages are shown.",
        )
    query: dict[str, str | int] = {"limit": args.limit if not args.group_by else _PAGE}
    query |= {"labelSelector": args.labels} if args.labels else {}
    query |= {"fieldSelector": args.fields} if args.fields else {}
    query |= {"continue": args.page} if args.page else {}
    objects: list[Json] = []
    while True:
        answer = await cluster.json("GET", kind.path(namespace), query=query)
        objects += mappings(answer, "items")
        more = text(answer, "metadata", "continue")
        left = number(answer, "metadata", "remainingItemCount", default=int(bool(more)))
        if not args.group_by or not more or len(objects) >= MOST_COUNTED:
            break
        query = {**query, "continue": more}
    shown_objects = objects[: args.limit] if args.columns else []
    rows = tuple(
        (
            *((text(obj, "metadata", "namespace"),) if kind.namespaced and not namespace else ()),
            plain(text(obj, "metadata", "name")),
            *(column(obj, path) for path in args.columns),
        )
        for obj in shown_objects
    )
    heads = ("Namespace", "Name") if kind.namespaced and not namespace else ("Name",)
    return ListOutput(
        resource=kind.resource,
        context=cluster.context,
        namespace=namespace,
        columns=(*heads, *args.columns) if args.columns else (),
        rows=rows,
        count=len(rows) if args.columns else len(objects),
        remaining=left + len(objects) - len(shown_objects) if args.columns else left,
        groups=grouped(objects, args.group_by) if args.group_by else (),
        next_page="" if args.group_by else more,
    )
