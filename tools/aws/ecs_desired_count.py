"""aws_ecs_set_desired_count: how many tasks a service runs."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from tools.aws.ecs_services import ClusterName, ServiceName, WireService, service_at
from tools.aws.tags import shared
from tools.aws.writing import NOTHING_TO_CHANGE
from tools.errors import Invalid, NotFound, ToolError
from tools.tool import Arguments, Call, Change, Observation, Preview, Scope, Verdict, WriteTool

if TYPE_CHECKING:
    from tools.aws.accounts import Accounts


class DesiredCountArgs(Arguments):
    cluster: ClusterName
    service: ServiceName
    desired: Annotated[int, Field(ge=0, le=5_000, description="How many tasks there shall be.")]


class DesiredCount(BaseModel):
    """What the service answered."""

    place: str
    service: str
    desired: int
    running: int
    pending: int


class _Target(BaseModel):
    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True, extra="ignore")

    min_capacity: int = 0
    max_capacity: int = 0


class _Targets(BaseModel):
    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True, extra="ignore")

    scalable_targets: list[_Target] = []


class _Updated(BaseModel):
    service: WireService


class EcsSetDesiredCount(WriteTool[DesiredCountArgs, DesiredCount]):
    """Sets a service's desired count; its task definition and deployment stay as they are."""

    name = "aws_ecs_set_desired_count"
    summary = "Set how many tasks an ECS service runs."
    Args = DesiredCountArgs
    Output = DesiredCount
    settle = 300.0

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def run(self, args: DesiredCountArgs, scope: Scope) -> DesiredCount:
        answer = await self._accounts.call(scope, "ecs", "UpdateService", **_params(args))
        now = _Updated.model_validate(answer).service
        return DesiredCount(
            place=str(self._accounts.place(scope)),
            service=now.path,
            desired=now.desired_count,
            running=now.running_count,
            pending=now.pending_count,
        )

    async def preview(self, args: DesiredCountArgs, scope: Scope) -> Preview:
        found = await service_at(self._accounts, scope, args.cluster, args.service)
        if found.scheduling_strategy == "DAEMON":
            raise Invalid(f"The ECS service {found.path} runs one task on every instance: it has no count.")
        permit = await asyncio.to_thread(
            self._accounts.permit, scope, "ecs", "UpdateService", **_params(args)
        )
        before, after = found.desired_count, args.desired
        changed = (Change(path="desiredCount", before=before, after=after),) if before != after else ()
        warnings = ["ECS has no dry run: that the service accepts the change was not tried."]
        warnings += await self._scaling(args, scope)
        return Preview(
            target=f"ECS service {found.path} in {self._accounts.place(scope)}",
            name=found.service_name,
            changes=changed,
            before={"desired": before},
            observed=_fingerprint(found),
            labels=shared([found.labels]),
            permits=(permit,),
            warnings=tuple(warnings) if changed else (NOTHING_TO_CHANGE,),
        )

    async def observe(self, args: DesiredCountArgs, scope: Scope, preview: Preview) -> Observation:
        try:
            found = await service_at(self._accounts, scope, args.cluster, args.service)
        except NotFound as gone:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=gone.message, applied=False)
        if found.desired_count != args.desired:
            detail = f"{found.path} is set to {found.desired_count} tasks, not {args.desired}."
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=False)
        detail = f"{found.running_count} of {args.desired} tasks run, {found.pending_count} are pending."
        if found.running_count == args.desired and not found.pending_count:
            return Observation(verdict=Verdict.HOLDS, detail=detail, applied=True)
        failed = [each for each in found.deployments if each.rollout_state == "FAILED"]
        if failed:
            why = failed[0].rollout_state_reason or "its deployment failed"
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{detail} {why}", applied=True)
        latest = f" {found.events[0].message}" if found.events else ""
        return Observation(verdict=Verdict.NOT_YET, detail=f"{detail}{latest}", applied=True)

    def undo(self, args: DesiredCountArgs, preview: Preview) -> Call | None:
        before = preview.before.get("desired")
        if not isinstance(before, int) or not preview.changes:
            return None
        back = {"cluster": args.cluster, "service": args.service, "desired": before}
        return Call(tool=self.id, args=back)

    async def _scaling(self, args: DesiredCountArgs, scope: Scope) -> list[str]:
        """What Application Auto Scaling will do about a new count; nothing where we may not look."""
        try:
            answer = await self._accounts.call(
                scope,
                "application-autoscaling",
                "DescribeScalableTargets",
                ServiceNamespace="ecs",
                ResourceIds=[f"service/{args.cluster}/{args.service}"],
            )
        except ToolError as error:
            return [f"Whether the service scales by itself could not be read: {error.message}"]
        return [
            f"The service scales by itself between {each.min_capacity} and {each.max_capacity} tasks"
            " and may set the count again."
            for each in _Targets.model_validate(answer).scalable_targets
        ]


def _params(args: DesiredCountArgs) -> dict[str, object]:
    return {"cluster": args.cluster, "service": args.service, "desiredCount": args.desired}


def _fingerprint(found: WireService) -> str:
    """Changes when somebody changes the service's intent; stays while tasks come and go."""
    primary = [each.id for each in found.deployments if each.status == "PRIMARY"]
    body = [found.service_arn, found.desired_count, found.task_definition, primary, found.labels]
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
