"""kubernetes_compare: how two objects differ, or one object in two places."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from tools.errors import GateRefused, Invalid
from tools.kubernetes.fields import Json, mapping, mappings, strings, text
from tools.kubernetes.finding import Kind, OnClusters, Target
from tools.kubernetes.masking import shown_change
from tools.kubernetes.objects import changes, manifest_of
from tools.tool import Arguments, Change, Name, OptionalNamespace, Scope, Tool

_GIVEN_LABELS = (
    "pod-template-hash",
    "controller-revision-hash",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
)
_GIVEN_ANNOTATIONS = (
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
    "volume.kubernetes.io/selected-node",
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
)
# By kind: what the cluster fills in when nobody says, and which therefore differs between any two.
_GIVEN_FIELDS = {
    "Service": ("clusterIP", "clusterIPs", "healthCheckNodePort"),
    "Pod": ("nodeName", "hostname"),
    "PersistentVolumeClaim": ("volumeName",),
    "PersistentVolume": ("claimRef",),
}
_TOKEN_VOLUME = "kube-api-access-"


class CompareArgs(Arguments):
    kind: Kind
    name: Name
    namespace: OptionalNamespace = ""
    other_name: Annotated[
        str,
        Field(
            max_length=253,
            pattern=r"^([A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?)?$",
            description="Name of the second object; empty for the same name.",
        ),
    ] = ""
    other_namespace: Annotated[
        OptionalNamespace, Field(description="Namespace of the second; empty for the same one.")
    ] = ""
    other_context: Annotated[
        str, Field(max_length=253, description="Context of the second; empty for the same one.")
    ] = ""


class CompareOutput(BaseModel):
    """What differs, without status, identities and what the cluster fills in by itself."""

    left: str
    right: str
    same: bool
    changes: tuple[Change, ...]
    """`before` is the left object's value, `after` the right one's; None where it has none."""
    ignored: str = (
        "status, versions, uids, owners, field managers, addresses and names the cluster gives by itself"
    )


class KubernetesCompare(OnClusters, Tool[CompareArgs, CompareOutput]):
    """Field by field; lists with named entries are matched by name."""

    name = "kubernetes_compare"
    summary = (
        "Compare two objects of a kind, or one in two namespaces or contexts, field by field, noise removed."
    )
    Args = CompareArgs
    Output = CompareOutput

    async def run(self, args: CompareArgs, scope: Scope) -> CompareOutput:
        left = await self.target(args.kind, args.name, args.namespace, scope)
        elsewhere = scope.model_copy(update={"context": args.other_context or scope.context})
        namespace = args.other_namespace or left.namespace
        right = await self.target(args.kind, args.other_name or args.name, namespace, elsewhere)
        if (left.cluster.context, left.path()) == (right.cluster.context, right.path()):
            raise Invalid(
                f"{left} would be compared with itself.", hint="Give another name, namespace or context."
            )
        before, after = await _read(left), await _read(right)
        differing = changes(comparable(before), comparable(after))
        return CompareOutput(
            left=f"{left} on {left.cluster.context}",
            right=f"{right} on {right.cluster.context}",
            same=not differing,
            changes=tuple(shown_change(change) for change in differing),
        )


async def _read(target: Target) -> Json:
    try:
        return {**await target.read(), "kind": target.kind.kind}
    except GateRefused as error:
        raise Invalid(
            f"{target} is not compared: the values of both would travel over the network.",
            hint="kubernetes_get shows what may be seen of each.",
            raw=error.message,
        ) from error


def comparable(obj: Json) -> Json:
    """The object's intent: what somebody would write to have it again, its name and place left out."""
    kept = manifest_of(obj)
    metadata = {
        key: entry
        for key, entry in mapping(kept, "metadata").items()
        if key in ("labels", "annotations", "finalizers")
    }
    for part, given in (("labels", _GIVEN_LABELS), ("annotations", _GIVEN_ANNOTATIONS)):
        own = {key: entry for key, entry in strings(metadata, part).items() if key not in given}
        metadata.pop(part, None)
        if own:
            metadata[part] = dict(own)
    kept = {**kept, "metadata": metadata}
    kept.pop("apiVersion", None)  # two clusters may prefer different versions of one kind
    kind = text(obj, "kind")
    if given_fields := _GIVEN_FIELDS.get(kind):
        spec = {key: entry for key, entry in mapping(kept, "spec").items() if key not in given_fields}
        kept["spec"] = spec
    if kind == "Service":
        kept["spec"] = {**mapping(kept, "spec"), "ports": _without_node_ports(kept)}
    if kind == "Pod":
        kept["spec"] = _without_token(mapping(kept, "spec"))
    return kept


def _without_node_ports(service: Json) -> list[JsonValue]:
    return [
        {key: entry for key, entry in port.items() if key != "nodePort"}
        for port in mappings(service, "spec", "ports")
    ]


def _without_token(spec: Json) -> Json:
    """Without the volume that carries a service account's token, which has a random name."""
    kept = dict(spec)
    kept["volumes"] = [
        entry for entry in mappings(spec, "volumes") if not text(entry, "name").startswith(_TOKEN_VOLUME)
    ]
    for part in ("containers", "initContainers"):
        if part in spec:
            kept[part] = [_without_token_mount(container) for container in mappings(spec, part)]
    return kept


def _without_token_mount(container: Json) -> Json:
    mounts: list[JsonValue] = [
        entry
        for entry in mappings(container, "volumeMounts")
        if not text(entry, "name").startswith(_TOKEN_VOLUME)
    ]
    return {**container, "volumeMounts": mounts}
