"""Puts objects on a cluster behind the tools' backs, and takes rights away on the practice cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.tools.kubernetes.lab import Lab
from tools.gate import Permit

Manifest = dict[str, Any]


async def put(
    lab: Lab, api_version: str, kind: str, name: str, *, cluster_wide: bool = False, **parts: Any
) -> None:
    """Create an object; `parts` are its fields, with `labels` and `annotations` as metadata."""
    metadata = {"name": name} | {key: parts.pop(key) for key in ("labels", "annotations") if key in parts}
    known = await lab.cluster.kinds.by_kind(api_version, kind)
    place = "" if cluster_wide else lab.namespace
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}
    permit = _permit(lab, "create", known.resource, place)
    with lab.mint.grant("setup", [permit], seconds=30):
        await lab.cluster.request("POST", known.path(place), body=body)


async def change(
    lab: Lab, kind: str, name: str, patch: Any, *, status: bool = False, cluster_wide: bool = False
) -> None:
    """Merge a patch into an object, or into its status."""
    known = await lab.cluster.kinds.resolve(kind)
    place = "" if cluster_wide else lab.namespace
    sub = "status" if status else ""
    resource = f"{known.resource}/{sub}" if sub else known.resource
    with lab.mint.grant("setup", [_permit(lab, "patch", resource, place, name)], seconds=30):
        await lab.cluster.request(
            "PATCH",
            known.path(place, name, sub),
            body=patch,
            content_type="application/merge-patch+json",
        )


async def remove(lab: Lab, kind: str, name: str, *, cluster_wide: bool = False) -> None:
    known = await lab.cluster.kinds.resolve(kind)
    place = "" if cluster_wide else lab.namespace
    with lab.mint.grant("teardown", [_permit(lab, "delete", known.resource, place, name)], seconds=30):
        await lab.cluster.request("DELETE", known.path(place, name))


def pod_template(lab: Lab, name: str, **container: Any) -> Manifest:
    """A pod template with one container called `app`; `container` has its further fields."""
    labels = {"app": name}
    return {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "app", "image": lab.image, **container}]},
    }


async def workload(lab: Lab, kind: str, name: str, replicas: int = 0, **container: Any) -> None:
    """A Deployment, StatefulSet or DaemonSet. A DaemonSet's pods fit no node."""
    template = pod_template(lab, name, **container)
    spec: Manifest = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if kind == "DaemonSet":
        template["spec"]["nodeSelector"] = {"no-such": "node"}
    else:
        spec["replicas"] = replicas
    if kind == "StatefulSet":
        spec["serviceName"] = name
    await put(lab, "apps/v1", kind, name, labels={"app": name}, spec=spec)


@asynccontextmanager
async def forbidden(lab: Lab, *plurals: str) -> AsyncIterator[None]:
    """While this holds, the practice cluster lets nobody read these resources."""
    post, delete = (_permit(lab, verb, "/sandbox/faults") for verb in ("post", "delete"))
    with lab.mint.grant("setup", [post] * 2 * len(plurals), seconds=30):
        for plural in plurals:
            for verb in ("get", "list"):
                fault = {"match": {"verb": verb, "resource": plural}, "status": 403, "message": "not for you"}
                await lab.cluster.request("POST", "/sandbox/faults", body=fault)
    try:
        yield
    finally:
        with lab.mint.grant("teardown", [delete], seconds=30):
            await lab.cluster.request("DELETE", "/sandbox/faults")


def _permit(lab: Lab, verb: str, resource: str, namespace: str = "", name: str = "") -> Permit:
    return Permit(
        system="kubernetes",
        place=lab.cluster.context,
        verb=verb,
        resource=resource,
        namespace=namespace,
        name=name,
    )
