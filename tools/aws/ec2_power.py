"""aws_ec2_start and aws_ec2_stop: two directions of one idea."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import BaseModel, Field, JsonValue

from tools.aws.ec2_instances import InstanceId, InstanceState, WireInstance, instances_by_id
from tools.aws.tags import environment, shared
from tools.aws.writing import NOTHING_TO_CHANGE, rehearse
from tools.errors import Invalid
from tools.tool import Arguments, Call, Change, Observation, Preview, Scope, Verdict, WriteTool

if TYPE_CHECKING:
    from tools.aws.accounts import Accounts

_SCALING_GROUP = "aws:autoscaling:groupName"


class PowerArgs(Arguments):
    instance_ids: Annotated[
        tuple[InstanceId, ...],
        Field(min_length=1, max_length=50, description="The instances, of one environment."),
    ]


class Powered(BaseModel):
    """What the service answered: the state each instance is in now."""

    place: str
    states: dict[str, str]


class _Power(WriteTool[PowerArgs, Powered]):
    """Brings instances into a state."""

    Args = PowerArgs
    Output = Powered
    settle = 300.0

    operation: ClassVar[str]
    answer: ClassVar[str]
    wanted: ClassVar[InstanceState]
    on_the_way: ClassVar[InstanceState]
    opposite: ClassVar[str]

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def run(self, args: PowerArgs, scope: Scope) -> Powered:
        got = await self._accounts.call(scope, "ec2", self.operation, InstanceIds=_ids(args))
        changes = got.get(self.answer)
        states = {
            str(change["InstanceId"]): str(change["CurrentState"]["Name"])
            for change in (changes if isinstance(changes, list) else [])
        }
        return Powered(place=str(self._accounts.place(scope)), states=states)

    async def preview(self, args: PowerArgs, scope: Scope) -> Preview:
        ids = _ids(args)
        found = await instances_by_id(self._accounts, scope, ids)
        self._refuse_impossible(found)
        await rehearse(self._accounts, scope, self.operation, InstanceIds=ids)
        permit = await asyncio.to_thread(self._accounts.permit, scope, "ec2", self.operation, InstanceIds=ids)
        moving = [each for each in found if each.state.name not in (self.wanted, self.on_the_way)]
        warnings = [warning for each in moving for warning in self.warnings_of(each)]
        place = str(self._accounts.place(scope))
        return Preview(
            target=f"{_named(found)} in {place}",
            name=(found[0].name or found[0].instance_id) if len(found) == 1 else f"{len(found)} instances",
            objects=len(found),
            changes=tuple(
                Change(path=f"{each.instance_id}.state", before=each.state.name, after=self.wanted)
                for each in moving
            ),
            before={
                "states": {each.instance_id: each.state.name for each in found},
                "reasons": {each.instance_id: each.why for each in found},
            },
            observed=_fingerprint(found),
            labels=shared(each.labels for each in found),
            permits=(permit,),
            warnings=tuple(dict.fromkeys(warnings if moving else [NOTHING_TO_CHANGE])),
        )

    async def observe(self, args: PowerArgs, scope: Scope, preview: Preview) -> Observation:
        found = await instances_by_id(self._accounts, scope, _ids(args))
        detail = ", ".join(f"{each} is {each.state.name}" for each in found) + "."
        gone = [each for each in found if each.state.name in ("shutting-down", "terminated")]
        if gone:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=None)
        if all(each.state.name == self.wanted for each in found):
            return Observation(verdict=Verdict.HOLDS, detail=detail, applied=True)
        still = [each for each in found if each.state.name not in (self.wanted, self.on_the_way)]
        if not still:
            return Observation(verdict=Verdict.NOT_YET, detail=detail, applied=True)
        reasons = preview.before.get("reasons")
        known = reasons if isinstance(reasons, dict) else {}
        fell_back = [each for each in still if each.why and known.get(each.instance_id) != each.why]
        if fell_back:
            why = "; ".join(f"{each} is {each.state.name}: {each.why}" for each in fell_back)
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{why}.", applied=True)
        # DescribeInstances lags behind by seconds, so an old state is no proof that nothing will come.
        return Observation(verdict=Verdict.NOT_YET, detail=detail, applied=False)

    def undo(self, args: PowerArgs, preview: Preview) -> Call | None:
        moved: list[JsonValue] = [change.path.removesuffix(".state") for change in preview.changes]
        return Call(tool=self.opposite, args={"instance_ids": moved}) if moved else None

    def warnings_of(self, instance: WireInstance) -> list[str]:
        """What an operator should know before this instance changes its state."""
        group = instance.labels.get(_SCALING_GROUP)
        if not group:
            return []
        return [f"{instance} belongs to the Auto Scaling group {group}, which may replace it."]

    def _refuse_impossible(self, found: list[WireInstance]) -> None:
        gone = [str(each) for each in found if each.state.name in ("shutting-down", "terminated")]
        if gone:
            raise Invalid(f"{', '.join(gone)} cannot be brought to {self.wanted}: it is terminated for good.")
        named = {environment(each.labels) for each in found}
        if len(named) > 1:
            words = ", ".join(sorted(name or "none" for name in named))
            raise Invalid(
                f"These instances belong to different environments ({words}).",
                hint="Use one step for each environment, so that each is decided on its own.",
            )


class Ec2Start(_Power):
    """Starts stopped instances."""

    name = "aws_ec2_start"
    summary = "Start stopped EC2 instances of one environment."
    operation = "StartInstances"
    answer = "StartingInstances"
    wanted = "running"
    on_the_way = "pending"
    opposite = "aws_ec2_stop@1"

    def warnings_of(self, instance: WireInstance) -> list[str]:
        found = super().warnings_of(instance)
        if instance.state.name == "stopping":
            found.append(f"{instance} is still stopping: it can be started once it has stopped.")
        return found


class Ec2Stop(_Power):
    """Stops running instances; what is on their disks stays."""

    name = "aws_ec2_stop"
    summary = "Stop running EC2 instances of one environment; their disks stay, a lent public address goes."
    operation = "StopInstances"
    answer = "StoppingInstances"
    wanted = "stopped"
    on_the_way = "stopping"
    opposite = "aws_ec2_start@1"

    def warnings_of(self, instance: WireInstance) -> list[str]:
        found = super().warnings_of(instance)
        if instance.loses_address:
            found.append(f"{instance} loses its public address {instance.public_ip_address}.")
        if instance.instance_lifecycle == "spot":
            found.append(f"{instance} is a spot instance: it starts again only if there is capacity.")
        return found


def _ids(args: PowerArgs) -> list[str]:
    return list(dict.fromkeys(args.instance_ids))


def _named(found: list[WireInstance]) -> str:
    if len(found) == 1:
        return f"instance {found[0]}"
    shown = ", ".join(str(each) for each in found[:3])
    return f"{len(found)} instances ({shown}{', …' if len(found) > 3 else ''})"


def _fingerprint(found: list[WireInstance]) -> str:
    """Changes when an instance's state, type or tags do."""
    body = [[each.instance_id, each.state.name, each.instance_type, each.labels] for each in found]
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
