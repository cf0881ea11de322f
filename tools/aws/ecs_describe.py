"""aws_ecs_describe: one service closely, with its last events and its tasks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from tools.aws.ecs_services import Service, ServicePath, WireService, last_part, row_of, service_at
from tools.tool import Arguments, Scope, Tool

if TYPE_CHECKING:
    from tools.aws.accounts import Accounts

_EVENTS = 15
_TASKS = 20


class EcsDescribeArgs(Arguments):
    id: ServicePath


class Event(BaseModel):
    at: datetime | None
    message: str


class Task(BaseModel):
    """One task. `why` says why it stopped, with the containers' exit codes."""

    id: str
    status: str
    started: datetime | None
    stopped: datetime | None
    why: str


class ServiceClosely(BaseModel):
    """One service; events and tasks newest first."""

    place: str
    service: Service
    events: list[Event]
    tasks: list[Task]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class _Container(_Wire):
    name: str = ""
    exit_code: int | None = None
    reason: str = ""


class _Task(_Wire):
    task_arn: str
    last_status: str = ""
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    stopped_reason: str = ""
    containers: list[_Container] = []


class _TaskArns(_Wire):
    task_arns: list[str] = []


class _Tasks(_Wire):
    tasks: list[_Task] = []


class EcsDescribe(Tool[EcsDescribeArgs, ServiceClosely]):
    """Looks closely at one service."""

    name = "aws_ecs_describe"
    summary = "Describe one ECS service: counts, deployments, last events, tasks and why they stopped."
    Args = EcsDescribeArgs
    Output = ServiceClosely

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def run(self, args: EcsDescribeArgs, scope: Scope) -> ServiceClosely:
        cluster, name = args.id.split("/")
        found = await service_at(self._accounts, scope, cluster, name)
        tasks = [
            *await self._tasks(scope, found, "RUNNING"),
            *await self._tasks(scope, found, "STOPPED"),
        ]
        return ServiceClosely(
            place=str(self._accounts.place(scope)),
            service=row_of(found),
            events=[Event(at=each.created_at, message=each.message) for each in found.events[:_EVENTS]],
            tasks=tasks,
        )

    async def _tasks(
        self, scope: Scope, service: WireService, status: Literal["RUNNING", "STOPPED"]
    ) -> list[Task]:
        """Some tasks of this desired status; stopped ones are kept for about an hour."""
        answer = await self._accounts.call(
            scope,
            "ecs",
            "ListTasks",
            cluster=service.cluster,
            serviceName=service.service_name,
            desiredStatus=status,
            maxResults=_TASKS,
        )
        arns = _TaskArns.model_validate(answer).task_arns
        if not arns:
            return []
        answer = await self._accounts.call(scope, "ecs", "DescribeTasks", cluster=service.cluster, tasks=arns)
        return [
            Task(
                id=last_part(each.task_arn),
                status=each.last_status,
                started=each.started_at,
                stopped=each.stopped_at,
                why=_why(each),
            )
            for each in _Tasks.model_validate(answer).tasks
        ]


def _why(task: _Task) -> str:
    ends = [
        f"{each.name}: {each.reason or f'exit code {each.exit_code}'}"
        for each in task.containers
        if each.reason or each.exit_code
    ]
    return "; ".join(part for part in (task.stopped_reason, *ends) if part)
