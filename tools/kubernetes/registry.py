"""All Kubernetes tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pydantic import BaseModel

from tools.kubernetes.reads.autoscaling import KubernetesAutoscaling
from tools.kubernetes.reads.compare import KubernetesCompare
from tools.kubernetes.reads.describe import KubernetesDescribe
from tools.kubernetes.reads.diagnose import KubernetesDiagnose
from tools.kubernetes.reads.events import KubernetesEvents
from tools.kubernetes.reads.find import FindWorkloads
from tools.kubernetes.reads.get_object import KubernetesGet
from tools.kubernetes.reads.list_objects import KubernetesList
from tools.kubernetes.reads.logs import KubernetesLogs
from tools.kubernetes.reads.nodes import KubernetesNodes
from tools.kubernetes.reads.quotas import KubernetesQuotas
from tools.kubernetes.reads.recent_changes import KubernetesRecentChanges
from tools.kubernetes.reads.rights import KubernetesWhatCanI, KubernetesWhoCan
from tools.kubernetes.reads.rollout_history import KubernetesRolloutHistory
from tools.kubernetes.reads.service_path import KubernetesServicePath
from tools.kubernetes.reads.storage import KubernetesStorage
from tools.kubernetes.reads.top import KubernetesTop
from tools.kubernetes.writes.apply import KubernetesApply
from tools.kubernetes.writes.apply_all import KubernetesApplyAll, KubernetesRestore
from tools.kubernetes.writes.cordon import KubernetesCordon, KubernetesUncordon
from tools.kubernetes.writes.create import KubernetesCreate
from tools.kubernetes.writes.delete import KubernetesDelete
from tools.kubernetes.writes.drain import KubernetesDrain
from tools.kubernetes.writes.labels import KubernetesAnnotate, KubernetesLabel
from tools.kubernetes.writes.patch import KubernetesPatch
from tools.kubernetes.writes.pause import KubernetesPause, KubernetesResume
from tools.kubernetes.writes.restart import KubernetesRestart
from tools.kubernetes.writes.roll_back import KubernetesRollBack
from tools.kubernetes.writes.scale import KubernetesScale
from tools.kubernetes.writes.set_env import KubernetesSetEnv
from tools.kubernetes.writes.set_image import KubernetesSetImage
from tools.kubernetes.writes.set_resources import KubernetesSetResources
from tools.kubernetes.writes.suspend import KubernetesResumeCronJob, KubernetesSuspendCronJob
from tools.kubernetes.writes.taint import KubernetesTaint
from tools.kubernetes.writes.trigger import KubernetesTriggerCronJob
from tools.tool import Arguments, Tool

if TYPE_CHECKING:
    from tools.kubernetes.connection.clusters import Clusters


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
        KubernetesRolloutHistory(clusters),
        KubernetesCompare(clusters),
        KubernetesRecentChanges(clusters),
        KubernetesNodes(clusters),
        KubernetesAutoscaling(clusters),
        KubernetesQuotas(clusters),
        KubernetesStorage(clusters),
        KubernetesServicePath(clusters),
        KubernetesWhatCanI(clusters),
        KubernetesWhoCan(clusters),
        KubernetesTop(clusters),
        KubernetesScale(clusters),
        KubernetesRestart(clusters),
        KubernetesSetImage(clusters),
        KubernetesRollBack(clusters),
        KubernetesApply(clusters),
        KubernetesDelete(clusters),
        KubernetesCordon(clusters),
        KubernetesUncordon(clusters),
        KubernetesPause(clusters),
        KubernetesResume(clusters),
        KubernetesSuspendCronJob(clusters),
        KubernetesResumeCronJob(clusters),
        KubernetesTriggerCronJob(clusters),
        KubernetesLabel(clusters),
        KubernetesAnnotate(clusters),
        KubernetesTaint(clusters),
        KubernetesSetEnv(clusters),
        KubernetesSetResources(clusters),
        KubernetesPatch(clusters),
        KubernetesCreate(clusters),
        KubernetesDrain(clusters),
        KubernetesApplyAll(clusters),
        KubernetesRestore(clusters),
    ]
    return cast(list[Tool[Arguments, BaseModel]], tools)
