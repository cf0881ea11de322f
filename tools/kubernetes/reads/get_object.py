"""kubernetes_get: one object, without the server's book-keeping."""

from __future__ import annotations

from pydantic import BaseModel, JsonValue

from tools.errors import GateRefused, NotFound
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.live.tables import read_table
from tools.kubernetes.objects import readable
from tools.tool import Arguments, Name, OptionalNamespace, Scope, Tool


class GetArgs(Arguments):
    kind: Kind
    name: Name
    namespace: OptionalNamespace = ""


class GetOutput(BaseModel):
    """One object. The values of Secrets are never in it."""

    target: str
    context: str
    object: dict[str, JsonValue]
    note: str = ""


class KubernetesGet(OnClusters, Tool[GetArgs, GetOutput]):
    """Reads one object of any kind."""

    name = "kubernetes_get"
    summary = "Read one object of any kind in full, without managed fields; values of Secrets stay hidden."
    Args = GetArgs
    Output = GetOutput

    async def run(self, args: GetArgs, scope: Scope) -> GetOutput:
        target = await self.target(args.kind, args.name, args.namespace, scope)
        try:
            shown, note = readable(await target.read()), ""
        except GateRefused:
            shown = await _as_row(target)
            note = "Its keys and annotations were not read: that would carry the values over the network."
        return GetOutput(target=str(target), context=target.cluster.context, object=shown, note=note)


async def _as_row(target: Target) -> dict[str, JsonValue]:
    """What the server prints about a Secret: its name, type, number of keys and age."""
    table = await read_table(target.cluster, target.kind, target.namespace, name=target.name, wide=True)
    if not table.rows:
        raise NotFound(f"There is no {target} on {target.cluster.context}.")
    cells: dict[str, JsonValue] = dict(zip(table.columns, table.rows[0], strict=True))
    return {
        "apiVersion": target.kind.api_version,
        "kind": target.kind.kind,
        "metadata": {"name": target.name, "namespace": target.namespace},
        "printed": cells,
    }
