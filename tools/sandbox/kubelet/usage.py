"""How much cpu and memory containers use: a slow wave around what their image is known for."""

from __future__ import annotations

import hashlib
import math

from tools.sandbox.kubelet.behaviour import traits_of
from tools.sandbox.manifest import Manifest, dig, uid_of
from tools.sandbox.quantity import mebibytes

_PERIOD_SECONDS = 420.0


def container_usage(pod: Manifest, container: Manifest, elapsed: float) -> tuple[float, float]:
    """Millicores and MiB a container uses, `elapsed` seconds into the cluster's life; none while it does not run."""
    statuses = dig(pod, "status", "containerStatuses", default=[])
    if not any(entry["name"] == container["name"] and "running" in entry["state"] for entry in statuses):
        return 0.0, 0.0
    traits = traits_of(container["image"])
    identity = uid_of(pod) + container["name"]
    cpu = traits.cpu * (0.75 + 0.45 * _wave(identity, elapsed))
    memory = traits.memory * (0.88 + 0.08 * _wave(identity + "m", elapsed))
    limit = dig(container, "resources", "limits", "memory")
    return max(0.2, cpu), min(memory, mebibytes(limit)) if limit is not None else memory


def pod_usage(pod: Manifest, elapsed: float) -> tuple[float, float]:
    """Millicores and MiB of all containers of a pod."""
    usages = [container_usage(pod, container, elapsed) for container in pod["spec"]["containers"]]
    return sum(cpu for cpu, _ in usages), sum(memory for _, memory in usages)


def _wave(identity: str, elapsed: float) -> float:
    """Between -1 and 1: two waves, shifted by who it is."""
    digest = hashlib.sha256(identity.encode()).digest()
    turn = elapsed / _PERIOD_SECONDS * 2 * math.pi
    return 0.6 * math.sin(turn + digest[0]) + 0.4 * math.sin(turn * 3.7 + digest[1])
