"""All controllers of one cluster, put to work."""

from __future__ import annotations

from tools.sandbox.controllers.autoscaler import AutoscalerController
from tools.sandbox.controllers.budget import BudgetController
from tools.sandbox.controllers.cronjob import CronJobController
from tools.sandbox.controllers.daemonset import DaemonSetController
from tools.sandbox.controllers.deployment import DeploymentController
from tools.sandbox.controllers.job import JobController
from tools.sandbox.controllers.manager import Manager
from tools.sandbox.controllers.namespace import NamespaceController
from tools.sandbox.controllers.replicaset import ReplicaSetController
from tools.sandbox.controllers.service import ServiceController
from tools.sandbox.controllers.statefulset import StatefulSetController
from tools.sandbox.controllers.taint_eviction import TaintEviction
from tools.sandbox.custom.controllers import ApiServiceController, DefinitionController
from tools.sandbox.kubelet.kubelet import Kubelet
from tools.sandbox.kubelet.scheduler import Scheduler
from tools.sandbox.plane import ControlPlane

_EXPIRE_EVERY_SECONDS = 600.0


def start_controllers(plane: ControlPlane) -> Kubelet:
    """Connect every controller, the scheduler and the kubelet to a control plane."""
    manager = Manager(plane)
    daemonsets, services = DaemonSetController(plane, manager), ServiceController(plane, manager)
    namespaces, budgets = NamespaceController(plane, manager), BudgetController(plane, manager)
    deployments = DeploymentController(plane, manager)
    definitions, api_services = DefinitionController(plane, manager), ApiServiceController(plane, manager)
    manager.add(
        deployments,
        ReplicaSetController(plane),
        StatefulSetController(plane),
        daemonsets,
        JobController(plane),
        CronJobController(plane),
        services,
        namespaces,
        budgets,
        AutoscalerController(plane),
        definitions,
        api_services,
    )
    manager.watch(
        deployments,
        daemonsets,
        services,
        namespaces,
        budgets,
        TaintEviction(plane),
        definitions,
        api_services,
    )
    Scheduler(plane, manager)
    return Kubelet(plane, manager)


def expire_events(plane: ControlPlane) -> None:
    """Drop old events now and every ten minutes."""
    plane.events.expire()
    plane.timeline.after(_EXPIRE_EVERY_SECONDS, lambda: expire_events(plane))
