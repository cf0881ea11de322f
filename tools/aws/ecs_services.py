"""ECS services: what we read of them, and how they are found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tools.errors import NotFound
from tools.tool import Scope

if TYPE_CHECKING:
    from tools.aws.accounts import Accounts

_NAME = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,254}"

ClusterName = Annotated[str, Field(pattern=rf"^{_NAME}$", description="Name of an ECS cluster.")]
ServiceName = Annotated[str, Field(pattern=rf"^{_NAME}$", description="Name of an ECS service.")]
ServicePath = Annotated[str, Field(pattern=rf"^{_NAME}/{_NAME}$", description="CLUSTER/SERVICE.")]

_DELETED = "INACTIVE"
"""The service remembers deleted clusters and services for a while."""

_CLUSTERS_AT_ONCE = 100
_SERVICES_AT_ONCE = 10
"""As many as DescribeClusters and DescribeServices take."""


class _Wire(BaseModel):
    """A part of an answer: names as AWS writes them, what we do not know is left out."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class _Tag(_Wire):
    key: str = ""
    value: str = ""


class WireDeployment(_Wire):
    id: str = ""
    status: str = ""
    task_definition: str = ""
    desired_count: int = 0
    running_count: int = 0
    pending_count: int = 0
    failed_tasks: int = 0
    rollout_state: str = ""
    rollout_state_reason: str = ""
    updated_at: datetime | None = None


class WireEvent(_Wire):
    created_at: datetime | None = None
    message: str = ""


class WireService(_Wire):
    """One element of DescribeServices' services[]."""

    service_arn: str
    service_name: str
    cluster_arn: str
    status: str = ""
    desired_count: int = 0
    running_count: int = 0
    pending_count: int = 0
    launch_type: str = ""
    scheduling_strategy: str = "REPLICA"
    task_definition: str = ""
    deployments: list[WireDeployment] = []
    events: list[WireEvent] = []
    tags: list[_Tag] = []
    created_at: datetime | None = None

    @property
    def cluster(self) -> str:
        return last_part(self.cluster_arn)

    @property
    def path(self) -> str:
        return f"{self.cluster}/{self.service_name}"

    @property
    def labels(self) -> dict[str, str]:
        return {tag.key: tag.value for tag in self.tags}


class WireCluster(_Wire):
    """One element of DescribeClusters' clusters[]."""

    cluster_arn: str
    cluster_name: str
    status: str = ""
    running_tasks_count: int = 0
    pending_tasks_count: int = 0
    tags: list[_Tag] = []

    @property
    def labels(self) -> dict[str, str]:
        return {tag.key: tag.value for tag in self.tags}


class _ClusterArns(_Wire):
    cluster_arns: list[str] = []


class _ServiceArns(_Wire):
    service_arns: list[str] = []


class _Clusters(_Wire):
    clusters: list[WireCluster] = []


class _Services(_Wire):
    services: list[WireService] = []


class Deployment(BaseModel):
    """One deployment of a service; `rollout` is IN_PROGRESS, COMPLETED, FAILED or empty."""

    status: str
    task_definition: str
    desired: int
    running: int
    pending: int
    failed: int
    rollout: str
    reason: str


class Service(BaseModel):
    """One service as a row."""

    id: str
    """CLUSTER/SERVICE."""
    cluster: str
    name: str
    status: str
    desired: int
    running: int
    pending: int
    launch_type: str
    task_definition: str
    deployments: list[Deployment]
    tags: dict[str, str]
    created: datetime | None


def row_of(found: WireService) -> Service:
    return Service(
        id=found.path,
        cluster=found.cluster,
        name=found.service_name,
        status=found.status,
        desired=found.desired_count,
        running=found.running_count,
        pending=found.pending_count,
        launch_type=found.launch_type,
        task_definition=last_part(found.task_definition),
        deployments=[
            Deployment(
                status=each.status,
                task_definition=last_part(each.task_definition),
                desired=each.desired_count,
                running=each.running_count,
                pending=each.pending_count,
                failed=each.failed_tasks,
                rollout=each.rollout_state,
                reason=each.rollout_state_reason,
            )
            for each in found.deployments
        ],
        tags=found.labels,
        created=found.created_at,
    )


def last_part(arn: str) -> str:
    """The name at the end of an ARN: `shop` of `arn:aws:ecs:…:cluster/shop`."""
    return arn.rsplit("/", 1)[-1]


async def list_clusters(accounts: Accounts, scope: Scope) -> list[WireCluster]:
    """All clusters by name. Raises a `ToolError`."""
    arns: list[str] = []
    async for page in accounts.pages(scope, "ecs", "ListClusters"):
        arns += _ClusterArns.model_validate(page).cluster_arns
    found: list[WireCluster] = []
    for some in _batches(arns, _CLUSTERS_AT_ONCE):
        answer = await accounts.call(scope, "ecs", "DescribeClusters", clusters=some, include=["TAGS"])
        found += _Clusters.model_validate(answer).clusters
    return sorted((each for each in found if each.status != _DELETED), key=lambda each: each.cluster_name)


async def list_services(accounts: Accounts, scope: Scope, clusters: Iterable[str]) -> list[WireService]:
    """The services of these clusters by cluster and name, several clusters at a time. Raises a `ToolError`."""
    found = await asyncio.gather(*(_services_of(accounts, scope, cluster) for cluster in clusters))
    return sorted((each for services in found for each in services), key=lambda each: each.path)


async def service_at(accounts: Accounts, scope: Scope, cluster: str, name: str) -> WireService:
    """One service. Raises `NotFound`, with near names, for one that is not there or was deleted."""
    answer = await accounts.call(
        scope, "ecs", "DescribeServices", cluster=cluster, services=[name], include=["TAGS"]
    )
    found = [each for each in _Services.model_validate(answer).services if each.status != _DELETED]
    if found:
        return found[0]
    others = [each.service_name for each in await _services_of(accounts, scope, cluster)]
    raise NotFound(
        f"There is no ECS service {cluster}/{name} in {accounts.place(scope)}.",
        near=tuple(get_close_matches(name, others, n=3)),
    )


async def _services_of(accounts: Accounts, scope: Scope, cluster: str) -> list[WireService]:
    arns: list[str] = []
    async for page in accounts.pages(scope, "ecs", "ListServices", cluster=cluster):
        arns += _ServiceArns.model_validate(page).service_arns
    found: list[WireService] = []
    for some in _batches(arns, _SERVICES_AT_ONCE):
        answer = await accounts.call(
            scope, "ecs", "DescribeServices", cluster=cluster, services=some, include=["TAGS"]
        )
        found += [each for each in _Services.model_validate(answer).services if each.status != _DELETED]
    return found


def _batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
