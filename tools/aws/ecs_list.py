"""aws_ecs_list: clusters and their services."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from tools.aws.ecs_services import ClusterName, Service, list_clusters, list_services, row_of
from tools.aws.tags import TagFilter, fits
from tools.errors import NotFound
from tools.tool import Arguments, Scope, Tool

if TYPE_CHECKING:
    from tools.aws.accounts import Accounts


class EcsListArgs(Arguments):
    cluster: Annotated[ClusterName | None, Field(description="Only this cluster.")] = None
    tags: TagFilter = {}


class Cluster(BaseModel):
    name: str
    status: str
    services: int
    running: int
    pending: int
    tags: dict[str, str]


class Services(BaseModel):
    """Clusters with how many tasks they run, and the services that fit the filter."""

    place: str
    clusters: list[Cluster]
    services: list[Service]


class EcsList(Tool[EcsListArgs, Services]):
    """Lists clusters and services."""

    name = "aws_ecs_list"
    summary = "List ECS clusters and services: desired, running and pending tasks, deployments, tags."
    Args = EcsListArgs
    Output = Services

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def run(self, args: EcsListArgs, scope: Scope) -> Services:
        every = await list_clusters(self._accounts, scope)
        clusters = [each for each in every if args.cluster in (None, each.cluster_name)]
        place = str(self._accounts.place(scope))
        if args.cluster and not clusters:
            known = ", ".join(each.cluster_name for each in every) or "none"
            raise NotFound(
                f"There is no ECS cluster {args.cluster} in {place}.", hint=f"The clusters are: {known}."
            )
        names = [each.cluster_name for each in clusters]
        services = await list_services(self._accounts, scope, names)
        counted = Counter(each.cluster for each in services)
        return Services(
            place=place,
            clusters=[
                Cluster(
                    name=each.cluster_name,
                    status=each.status,
                    services=counted[each.cluster_name],
                    running=each.running_tasks_count,
                    pending=each.pending_tasks_count,
                    tags=each.labels,
                )
                for each in clusters
            ],
            services=[row_of(each) for each in services if fits(each.labels, args.tags)],
        )
