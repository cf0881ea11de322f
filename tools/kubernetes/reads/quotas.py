"""kubernetes_quotas: how much of a namespace's quotas is used, and the limits of its containers."""

from __future__ import annotations

from pydantic import BaseModel

from tools.kubernetes.fields import Json, mapping, mappings, text, value
from tools.kubernetes.finding import OnClusters, working_namespace
from tools.kubernetes.plain_text import plain
from tools.kubernetes.quantity import amount, percent
from tools.kubernetes.reads.looking import Looking
from tools.tool import Arguments, OptionalNamespace, Scope, Tool

TIGHT = 90
"""Percent from which a quota counts as nearly used up."""


class QuotasArgs(Arguments):
    namespace: OptionalNamespace = ""
    all_namespaces: bool = False


class QuotaLine(BaseModel):
    """One resource of one ResourceQuota."""

    quota: str
    namespace: str
    resource: str
    used: str
    hard: str
    percent: int | None = None
    scopes: tuple[str, ...] = ()
    """Only pods of these scopes count; empty for all."""


class RangeLine(BaseModel):
    """One resource of one LimitRange: what containers, pods or claims get by default and may ask for."""

    limit_range: str
    namespace: str
    type: str
    resource: str
    default_request: str = ""
    default_limit: str = ""
    minimum: str = ""
    maximum: str = ""


class QuotasOutput(BaseModel):
    """The fullest quotas first."""

    context: str
    namespace: str
    quotas: tuple[QuotaLine, ...]
    ranges: tuple[RangeLine, ...]
    notes: tuple[str, ...]
    """What follows from them for new pods, in words."""
    unseen: tuple[str, ...] = ()


class KubernetesQuotas(OnClusters, Tool[QuotasArgs, QuotasOutput]):
    """Reads ResourceQuotas and LimitRanges."""

    name = "kubernetes_quotas"
    summary = (
        "ResourceQuotas (used of hard, fullest first) and LimitRanges of a namespace, and what they forbid."
    )
    Args = QuotasArgs
    Output = QuotasOutput

    async def run(self, args: QuotasArgs, scope: Scope) -> QuotasOutput:
        cluster = await self._clusters.cluster(scope.context)
        namespace = "" if args.all_namespaces else working_namespace(args.namespace, scope)
        looking = Looking(cluster)
        quotas = quota_lines(await looking.objects("resourcequotas", namespace))
        ranges = [
            line for entry in await looking.objects("limitranges", namespace) for line in _ranges(entry)
        ]
        return QuotasOutput(
            context=cluster.context,
            namespace=namespace,
            quotas=tuple(quotas),
            ranges=tuple(ranges),
            notes=tuple(_notes(quotas, ranges, looking)),
            unseen=tuple(looking.unseen),
        )


def quota_lines(quotas: list[Json]) -> list[QuotaLine]:
    """Every resource of every quota, the fullest first."""
    lines = [
        QuotaLine(
            quota=text(quota, "metadata", "name"),
            namespace=text(quota, "metadata", "namespace"),
            resource=plain(resource),
            used=text(quota, "status", "used", resource) or "0",
            hard=text(hard, resource),
            percent=percent(amount(text(quota, "status", "used", resource) or "0"), amount(hard[resource])),
            scopes=_scopes(quota),
        )
        for quota in quotas
        for hard in [mapping(quota, "status", "hard") or mapping(quota, "spec", "hard")]
        for resource in sorted(hard)
    ]
    return sorted(lines, key=lambda line: (-_fullness(line), line.namespace, line.quota, line.resource))


def _fullness(line: QuotaLine) -> int:
    if line.percent is not None:
        return line.percent
    return 100 if amount(line.hard) == 0 else 0


def _scopes(quota: Json) -> tuple[str, ...]:
    plainly = value(quota, "spec", "scopes")
    found = [entry for entry in plainly if isinstance(entry, str)] if isinstance(plainly, list) else []
    for entry in mappings(quota, "spec", "scopeSelector", "matchExpressions"):
        values = value(entry, "values")
        listed = ", ".join(map(str, values)) if isinstance(values, list) else ""
        found.append(f"{text(entry, 'scopeName')} {text(entry, 'operator')} {listed}".strip())
    return tuple(found)


def _ranges(limit_range: Json) -> list[RangeLine]:
    found = []
    for limit in mappings(limit_range, "spec", "limits"):
        sides = [mapping(limit, key) for key in ("defaultRequest", "default", "min", "max")]
        for resource in sorted({name for side in sides for name in side}):
            words = [text(side, resource) for side in sides]
            found.append(
                RangeLine(
                    limit_range=text(limit_range, "metadata", "name"),
                    namespace=text(limit_range, "metadata", "namespace"),
                    type=text(limit, "type"),
                    resource=plain(resource),
                    default_request=words[0],
                    default_limit=words[1],
                    minimum=words[2],
                    maximum=words[3],
                )
            )
    return found


def _notes(quotas: list[QuotaLine], ranges: list[RangeLine], looking: Looking) -> list[str]:
    found = []
    for line in quotas:
        full = _fullness(line)
        if full >= TIGHT:
            word = "used up" if full >= 100 else "nearly used up"
            found.append(
                f"Quota {line.quota} in {line.namespace}: {line.resource} is {word} ({line.used} of {line.hard})."
            )
    for line in quotas:
        side, _, resource = line.resource.partition(".")
        resource = resource or side if line.resource in ("cpu", "memory") else resource
        side = "requests" if line.resource in ("cpu", "memory") else side
        if side not in ("requests", "limits") or resource not in ("cpu", "memory") or line.scopes:
            continue
        given = [
            entry
            for entry in ranges
            if entry.namespace == line.namespace and entry.type == "Container" and entry.resource == resource
        ]
        filled = any(entry.default_limit or (side == "requests" and entry.default_request) for entry in given)
        if not filled and not looking.blind("limitranges"):
            found.append(
                f"In {line.namespace} a pod whose containers do not all state {side}.{resource} is refused"
                f" (quota {line.quota}, and no LimitRange fills it in)."
            )
    return list(dict.fromkeys(found))
