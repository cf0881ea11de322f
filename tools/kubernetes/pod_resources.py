"""What a pod asks for and may use, as the scheduler counts it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from tools.kubernetes.fields import Json, mapping, mappings, text
from tools.kubernetes.quantity import amount

Amounts = dict[str, Decimal]
"""Amount by resource (`cpu` in cores, `memory` in bytes)."""


def pod_amounts(pod: Json, side: Literal["requests", "limits"]) -> Amounts:
    """The requests or limits of a whole pod.

    The sum of its containers and sidecars, or what an init container needs beside the sidecars started
    before it, whichever is more; plus the overhead (Kubernetes, "Resource sharing within containers").
    Limits of a resource that some container leaves open are left out: then the pod has none.
    """
    spec = mapping(pod, "spec")
    running: Amounts = {}
    peak: Amounts = {}
    for container in mappings(spec, "initContainers"):
        own = amounts(mapping(container, "resources", side))
        if text(container, "restartPolicy") == "Always":  # a sidecar stays
            running = summed((running, own))
        else:
            peak = _greatest(peak, summed((running, own)))
    containers = [amounts(mapping(entry, "resources", side)) for entry in mappings(spec, "containers")]
    total = _greatest(summed((running, *containers)), peak)
    if side == "limits":
        total = {key: found for key, found in total.items() if all(key in own for own in containers)}
    total |= amounts(mapping(spec, "resources", side))
    overhead = amounts(mapping(spec, "overhead"))
    return summed((total, overhead)) if side == "requests" or not overhead else total


def amounts(quantities: Json) -> Amounts:
    """Parsed quantities; those that are none are left out."""
    parsed = {key: amount(entry) for key, entry in quantities.items()}
    return {key: found for key, found in parsed.items() if found is not None}


def summed(parts: Iterable[Amounts]) -> Amounts:
    """All of it together."""
    total: Amounts = {}
    for part in parts:
        for key, found in part.items():
            total[key] = total.get(key, Decimal(0)) + found
    return total


def takes_room(pod: Json) -> bool:
    """Whether the pod still holds what it asked for: it has not ended."""
    return text(pod, "status", "phase") not in ("Succeeded", "Failed")


def _greatest(one: Amounts, other: Amounts) -> Amounts:
    return {
        key: max(one.get(key, Decimal(0)), other.get(key, Decimal(0))) for key in one.keys() | other.keys()
    }
