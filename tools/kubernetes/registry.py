"""All Kubernetes tools."""

from __future__ import annotations

from pydantic import BaseModel

from tools.kubernetes.clusters import Clusters
from tools.kubernetes.get_object import KubernetesGet
from tools.kubernetes.list_objects import KubernetesList
from tools.kubernetes.scale import KubernetesScale
from tools.tool import Arguments, Tool


def kubernetes_tools(clusters: Clusters) -> list[Tool[Arguments, BaseModel]]:
    """Every Kubernetes tool, given the way to the clusters."""
    tools = [KubernetesList, KubernetesGet, KubernetesScale]
    return [tool(clusters) for tool in tools]  # type: ignore[misc]
