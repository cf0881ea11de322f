"""What all writes do alike: look, rehearse on the server, record, and say what else is to know."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING

from pydantic import BaseModel, JsonValue

from tools.errors import Forbidden, Invalid, NotFound, ToolError
from tools.kubernetes.connection.content import content_of, encoded
from tools.kubernetes.fields import Json, mapping, mappings, number, strings, text, value
from tools.kubernetes.finding import Target
from tools.kubernetes.masking import shown_change
from tools.kubernetes.objects import fingerprint
from tools.kubernetes.rollout import selector_text
from tools.tool import Change, Preview

if TYPE_CHECKING:
    from tools.kubernetes.connection.cluster import Answer, Cluster
    from tools.kubernetes.connection.discovery import ResourceType

FIELD_MANAGER = "pilothouse"
MERGE_PATCH = "application/merge-patch+json"
JSON = "application/json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
NOTHING_TO_CHANGE = "Nothing to change: it is so already."


class Written(BaseModel):
    """What a write answers: where it went and which version of the object it made."""

    target: str
    context: str
    resource_version: str
    warnings: tuple[str, ...] = ()


def refuse_secret(kind: ResourceType, doing: str) -> None:
    """Raises `Invalid` for Secrets, of which a plan would show and record the values.

    Args:
        kind: what is to be changed.
        doing: the verb of the sentence: `patch`.
    """
    if (kind.group, kind.plural) == ("", "secrets"):
        raise Invalid(
            f"No plan can {doing} a Secret: its values would be shown and recorded.",
            hint="Use kubectl for Secrets, or an external secret operator.",
        )


def pinned(patch: Json, seen: Json) -> Json:
    """The patch, refused by the server (409) if the object is no longer at the version we saw.

    Rehearsals go without: a controller's status update in between would fail them for nothing.
    """
    return {**patch, "metadata": {"resourceVersion": text(seen, "metadata", "resourceVersion")}}


def at_version(operations: list[JsonValue], seen: Json) -> list[JsonValue]:
    """The JSON patch, refused by the server (409) if the object is no longer at the version we saw."""
    version = text(seen, "metadata", "resourceVersion")
    return [{"op": "replace", "path": "/metadata/resourceVersion", "value": version}, *operations]


async def rehearse(
    target: Target,
    method: str,
    body: JsonValue,
    *,
    content_type: str,
    subresource: str = "",
) -> Answer:
    """The write as a server-side dry run: admission, defaults and validation, and nothing stored."""
    return await target.cluster.send(
        method,
        _path(target, method, subresource),
        query={"dryRun": "All", "fieldManager": FIELD_MANAGER},
        body=body,
        content_type=content_type,
    )


async def rehearse_deletion(target: Target, propagation: str) -> Answer:
    """A dry-run deletion. Its options go into the query: beside a body the server would ignore them."""
    return await target.cluster.send(
        "DELETE", target.path(), query={"dryRun": "All", "propagationPolicy": propagation}
    )


async def seen_and_rehearsed(target: Target, rehearsal: Awaitable[Answer]) -> tuple[Json, Answer]:
    """The object and the rehearsal's answer, asked for at the same time.

    Where both fail, the reading's error counts: it knows near names.
    """
    seen, answer = await asyncio.gather(target.read(), rehearsal, return_exceptions=True)
    if isinstance(seen, BaseException):
        raise seen
    if isinstance(answer, BaseException):
        raise answer
    return seen, answer


async def perform(
    target: Target,
    method: str,
    body: JsonValue,
    *,
    content_type: str,
    subresource: str = "",
) -> Written:
    """The write itself. Needs a grant."""
    answer = await target.cluster.send(
        method,
        _path(target, method, subresource),
        query={"fieldManager": FIELD_MANAGER},
        body=body,
        content_type=content_type,
    )
    return Written(
        target=str(target),
        context=target.cluster.context,
        resource_version=text(answer.json(), "metadata", "resourceVersion"),
        warnings=answer.warnings,
    )


def content_sent(body: JsonValue, content_type: str = JSON) -> str:
    """The digest of what `perform` sends, where the rehearsal sent something else."""
    query = [("fieldManager", FIELD_MANAGER)]
    return content_of(query, content_type, encoded(body))


async def preview_of(
    target: Target,
    current: Json | None,
    changed: tuple[Change, ...],
    *,
    before: Json,
    verb: str = "patch",
    subresource: str = "",
    warnings: tuple[str, ...] = (),
    further: Awaitable[tuple[str, ...]] | None = None,
    content: str,
) -> Preview:
    """Put a preview together.

    Args:
        target: the object.
        current: the object as it is now; None when it will be created.
        changed: what the rehearsal showed.
        before: what undo needs; the namespace is added.
        verb: of the one request the write will send.
        subresource: of that request.
        warnings: admission's and the tool's own.
        further: warnings that have yet to be asked for.
        content: the digest of that request, as it was rehearsed.
    """
    (labels, more), later, cluster = await asyncio.gather(
        _labels(target, current), further or _nothing(), target.cluster.identity()
    )
    nothing = () if changed else (NOTHING_TO_CHANGE,)
    return Preview(
        target=str(target),
        name=target.name,
        changes=tuple(shown_change(change) for change in changed),
        before={"namespace": target.namespace, **before},
        observed=fingerprint(current) if current is not None else "absent",
        server=target.cluster.server,
        cluster=cluster,
        labels=labels,
        permits=(target.permit(verb, subresource, content),),
        warnings=(*nothing, *warnings, *later, *more),
    )


def _path(target: Target, method: str, subresource: str) -> str:
    """New objects are posted to their collection, everything else goes to the object."""
    if method == "POST" and not subresource:
        return target.kind.path(target.namespace)
    return target.path(subresource)


async def _nothing() -> tuple[str, ...]:
    return ()


async def _labels(target: Target, current: Json | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """The namespace's labels under the object's own."""
    own = strings(current, "metadata", "labels")
    if not target.namespace:
        return own, ()
    try:
        namespace = await target.cluster.json("GET", f"/api/v1/namespaces/{target.namespace}")
    except (Forbidden, NotFound) as error:
        return own, (f"The labels of namespace {target.namespace} could not be read: {error.message}",)
    return {**strings(namespace, "metadata", "labels"), **own}, ()


async def environments(cluster: Cluster, namespaces: Iterable[str]) -> tuple[str, ...]:
    """The environments that these namespaces are labelled with; none where they may not be read."""
    wanted = set(namespaces)
    try:
        listed = mappings(await cluster.json("GET", "/api/v1/namespaces"), "items")
    except (Forbidden, NotFound):
        return ()
    found = {
        labels[key]
        for entry in listed
        if text(entry, "metadata", "name") in wanted
        for labels in (strings(entry, "metadata", "labels"),)
        for key in ("environment", "env")
        if key in labels
    }
    return tuple(sorted(found))


async def scaling_warnings(target: Target, replicas: int) -> tuple[str, ...]:
    """What autoscalers and disruption budgets have to say about a new number of replicas."""
    autoscalers, budgets, current = await asyncio.gather(
        _siblings(target, "horizontalpodautoscalers.autoscaling"),
        _siblings(target, "poddisruptionbudgets.policy"),
        target.read(),
    )
    found: list[str] = []
    for autoscaler in autoscalers:
        if not _controls(autoscaler, target):
            continue
        low = number(autoscaler, "spec", "minReplicas", default=1)
        bounds = f"{low} to {number(autoscaler, 'spec', 'maxReplicas')} replicas"
        name = text(autoscaler, "metadata", "name")
        found.append(
            f"The autoscaler {name} controls this workload ({bounds}) and will set the number again."
        )
    template = strings(current, "spec", "template", "metadata", "labels")
    for budget in budgets:
        needed = value(budget, "spec", "minAvailable")
        if isinstance(needed, int) and replicas < needed and _matches(budget, template):
            name = text(budget, "metadata", "name")
            found.append(f"The disruption budget {name} wants at least {needed} available.")
    return tuple(found)


def _controls(autoscaler: Json, target: Target) -> bool:
    wanted = mapping(autoscaler, "spec", "scaleTargetRef")
    return (text(wanted, "kind"), text(wanted, "name")) == (target.kind.kind, target.name)


def _matches(budget: Json, labels: dict[str, str]) -> bool:
    wanted = strings(budget, "spec", "selector", "matchLabels")
    return bool(selector_text(value(budget, "spec", "selector"))) and wanted.items() <= labels.items()


async def _siblings(target: Target, kind: str) -> list[Json]:
    """Objects of another kind in the target's namespace; none where we may not look."""
    if not target.namespace:
        return []
    try:
        found = await target.cluster.kinds.resolve(kind)
        return mappings(await target.cluster.json("GET", found.path(target.namespace)), "items")
    except ToolError:
        return []
