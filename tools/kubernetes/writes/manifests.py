"""From a manifest to the object it means, to what is sent of it, and to what a rehearsal says of it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue

from tools.errors import Invalid, NotFound
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.fields import Json, mapping, mappings, text, value
from tools.kubernetes.finding import Target, working_namespace
from tools.kubernetes.objects import changes
from tools.kubernetes.rollout import progress
from tools.kubernetes.writes.containers import ROLLED_OUT
from tools.kubernetes.writes.job_progress import job_progress
from tools.kubernetes.writes.writing import refuse_secret
from tools.tool import Call, Observation, Preview, Scope, Verdict
from tools.tricks import FREE_TEXT, trick


def _named_plainly(manifest: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """What says which object it is may hold no trick; the rest of a manifest is its author's business."""
    for path in (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")):
        if why := trick(text(manifest, *path)):
            raise ValueError(f"{'.'.join(path)} cannot be {text(manifest, *path)[:80]!r}: {why}")
    return manifest


Manifest = Annotated[
    dict[str, JsonValue],
    Field(description="One whole object: apiVersion, kind, metadata.name, and its fields."),
    AfterValidator(_named_plainly),
    FREE_TEXT,
]

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_OURS_TO_WRITE = ("name", "namespace", "labels", "annotations", "finalizers", "ownerReferences")
_UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")
_TOKEN_VOLUME = "kube-api-access-"


async def meant_by(clusters: Clusters, manifest: Json, namespace: str, scope: Scope, *, doing: str) -> Target:
    """Where a manifest goes.

    Args:
        clusters: all contexts.
        manifest: one object.
        namespace: the call's; the manifest may name the same one or none.
        scope: where to look for what neither says.
        doing: the verb for sentences: `apply`.

    Raises:
        Invalid: it is not one named object, or a Secret.
        NotFound: the cluster has no such kind.
    """
    version, kind = text(manifest, "apiVersion"), text(manifest, "kind")
    name = text(manifest, "metadata", "name")
    if not version or not kind or not name:
        raise Invalid("A manifest needs apiVersion, kind and metadata.name.")
    inside = text(manifest, "metadata", "namespace")
    if namespace and inside and namespace != inside:
        raise Invalid(f"The manifest names the namespace {inside}, the call {namespace}.")
    where = inside or namespace
    if not _NAME.fullmatch(name) or (where and not _NAMESPACE.fullmatch(where)):
        raise Invalid(f"{name!r} in {where!r} is not the name of an object.")
    cluster = await clusters.cluster(scope.context)
    found = await cluster.kinds.by_kind(version, kind)
    refuse_secret(found, doing)
    return Target(cluster, found, working_namespace(where, scope) if found.namespaced else "", name)


def sent(manifest: Json, target: Target) -> Json:
    """The manifest as it is sent: in its namespace, without what only the server may write."""
    metadata = {key: entry for key, entry in mapping(manifest, "metadata").items() if key in _OURS_TO_WRITE}
    if target.namespace:
        metadata["namespace"] = target.namespace
    body = {key: entry for key, entry in manifest.items() if key != "status"}
    return {**body, "metadata": metadata}


def as_created(rehearsed: Json, manifest: Json) -> Json:
    """A rehearsed new object without what each rehearsal makes up anew: addresses, ports, uids.

    Args:
        rehearsed: the server's answer to the dry run.
        manifest: what was sent; what it says itself stays.
    """
    kind, spec = text(rehearsed, "kind"), dict(mapping(rehearsed, "spec"))
    if kind == "Service":
        asked = mapping(manifest, "spec")
        for field in ("clusterIP", "clusterIPs", "healthCheckNodePort"):
            if field not in asked:
                spec.pop(field, None)
        wanted = mappings(asked, "ports")
        spec["ports"] = [
            port if index < len(wanted) and "nodePort" in wanted[index] else _without(port, "nodePort")
            for index, port in enumerate(mappings(spec, "ports"))
        ]
    elif kind == "Job" and value(manifest, "spec", "manualSelector") is not True:
        spec.pop("selector", None)
        template = mapping(spec, "template")
        metadata = mapping(template, "metadata")
        labels = _without(mapping(metadata, "labels"), *_UID_LABELS)
        spec["template"] = {**template, "metadata": {**metadata, "labels": labels}}
        metadata = mapping(rehearsed, "metadata")
        labels = _without(mapping(metadata, "labels"), *_UID_LABELS)
        rehearsed = {**rehearsed, "metadata": {**metadata, "labels": labels}}
    elif kind == "Pod":
        spec = _without_token(spec)
    return {**rehearsed, "spec": spec} if "spec" in rehearsed else rehearsed


async def present(target: Target) -> Json | None:
    """The object as it is, or None if it is not there."""
    try:
        return await target.cluster.json("GET", target.path())
    except NotFound:
        return None


def lacking(current: Json, manifest: Json, preview: Preview) -> tuple[str, ...]:
    """The fields that were asked for and previewed, and that the object does not have.

    Values are not compared: the server writes some in another way (`1000m` and `1`).
    """
    there = [change.path for change in changes(None, current)]
    foreseen = {change.path for change in preview.changes}
    return tuple(
        change.path
        for change in changes(None, manifest)
        if change.after
        and change.path in foreseen
        and not any(
            path == change.path or path.startswith((f"{change.path}.", f"{change.path}[")) for path in there
        )
    )


async def fulfilment(target: Target, current: Json) -> Observation:
    """Whether an object that was written has become what it is for: rolled out, or run to its end."""
    if target.kind.native in ROLLED_OUT:
        found = await progress(target.cluster, current)
    elif (target.kind.group, target.kind.kind) == ("batch", "Job"):
        found = await job_progress(target.cluster, current)
    else:
        found = Observation(verdict=Verdict.HOLDS, detail=f"{target} is as asked for.")
    return found.model_copy(update={"applied": True})


def deletion_of(manifest: Json, name: str, namespace: JsonValue) -> Call:
    """The call that takes away what a manifest made."""
    version = text(manifest, "apiVersion")
    group = version.partition("/")[0] if "/" in version else ""
    kind = text(manifest, "kind") + (f".{group}" if group else "")
    return Call(tool="kubernetes_delete@1", args={"kind": kind, "name": name, "namespace": namespace})


def _without(fields: Json, *names: str) -> Json:
    return {key: entry for key, entry in fields.items() if key not in names}


def _without_token(spec: Json) -> Json:
    """A pod's spec without the token volume that admission adds under a random name."""

    def is_token(entry: Json) -> bool:
        return text(entry, "name").startswith(_TOKEN_VOLUME)

    kept: Json = {**spec, "volumes": [entry for entry in mappings(spec, "volumes") if not is_token(entry)]}
    for part in ("containers", "initContainers"):
        if part not in spec:
            continue
        containers: list[JsonValue] = []
        for entry in mappings(spec, part):
            mounts = [mount for mount in mappings(entry, "volumeMounts") if not is_token(mount)]
            containers.append({**entry, "volumeMounts": [*mounts]})
        kept[part] = containers
    return kept
