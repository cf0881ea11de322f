"""All Kubernetes tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pydantic import BaseModel

from tools.kubernetes.apply import KubernetesApply
from tools.kubernetes.delete import KubernetesDelete
from tools.kubernetes.describe import KubernetesDescribe
from tools.kubernetes.diagnose import KubernetesDiagnose
from tools.kubernetes.events import KubernetesEvents
from tools.kubernetes.find import FindWorkloads
from tools.kubernetes.get_object import KubernetesGet
from tools.kubernetes.list_objects import KubernetesList
from tools.kubernetes.logs import KubernetesLogs
from tools.kubernetes.restart import KubernetesRestart
from tools.kubernetes.roll_back import KubernetesRollBack
from tools.kubernetes.scale import KubernetesScale
from tools.kubernetes.set_image import KubernetesSetImage
from tools.tool import Arguments, Tool

if TYPE_CHECKING:
    from tools.kubernetes.clusters import Clusters


def kubernetes_tools(clusters: Clusters) -> list[Tool[Arguments, BaseModel]]:
    """Every Kubernetes tool, given the way to the clusters."""
    tools = [
        KubernetesList(clusters),
        KubernetesGet(clusters),
        FindWorkloads(clusters),
        KubernetesDescribe(clusters),
        KubernetesLogs(clusters),
        KubernetesEvents(clusters),
        KubernetesDiagnose(clusters),
        KubernetesScale(clusters),
        KubernetesRestart(clusters),
        KubernetesSetImage(clusters),
        KubernetesRollBack(clusters),
        KubernetesApply(clusters),
        KubernetesDelete(clusters),
    ]
    return cast(list[Tool[Arguments, BaseModel]], tools)
