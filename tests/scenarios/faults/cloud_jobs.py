"""One job for every AWS tool, and the trouble its requests meet at the door of the account."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import boto3
from pydantic import JsonValue

from tests.scenarios.faults.cloud_door import Knock
from tests.scenarios.faults.troubles import Hope

Args = dict[str, JsonValue]


class Behind:
    """The account past every door: where scenes are set and where one looks what is so.

    Args:
        url: the account's own address.
        number: keeps the resources of one case apart from those of all others.
    """

    def __init__(self, url: str, number: int) -> None:
        session = boto3.Session(
            aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-central-1"
        )
        self.number = number
        self.ec2: Any = session.client("ec2", endpoint_url=url)
        self.ecs: Any = session.client("ecs", endpoint_url=url)

    def instance(self, *, stopped: bool = False) -> str:
        tags = [{"Key": "Name", "Value": f"case-{self.number}"}]
        made = self.ec2.run_instances(
            ImageId="ami-12c6146b", InstanceType="t3.small", MinCount=1, MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )  # fmt: skip
        found = str(made["Instances"][0]["InstanceId"])
        if stopped:
            self.ec2.stop_instances(InstanceIds=[found])
        return found

    def state(self, instance: str) -> str:
        found = self.ec2.describe_instances(InstanceIds=[instance])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    def tag(self, instance: str) -> None:
        """What a colleague does to an instance meanwhile."""
        self.ec2.create_tags(Resources=[instance], Tags=[{"Key": "touched-by", "Value": "somebody-else"}])

    def service(self) -> Args:
        cluster = f"shop-{self.number}"
        self.ecs.create_cluster(clusterName=cluster)
        container = {"name": "app", "image": "app:1", "memory": 64, "cpu": 32}
        self.ecs.register_task_definition(family="app", containerDefinitions=[container])
        self.ecs.create_service(cluster=cluster, serviceName="orders", taskDefinition="app", desiredCount=2)
        return {"cluster": cluster, "service": "orders"}

    def described(self) -> Any:
        found = self.ecs.describe_services(cluster=f"shop-{self.number}", services=["orders"])
        return found["services"][0]

    def desire(self, count: int) -> None:
        self.ecs.update_service(cluster=f"shop-{self.number}", service="orders", desiredCount=count)


@dataclass(frozen=True, slots=True)
class CloudJob:
    """What one tool is asked to do.

    Attributes:
        scene: sets it and gives the arguments.
        arrived: whether the change is in the account; None for a read.
        meddle: what somebody else does to the same thing meanwhile.
        lie: an answer as if it had been done.
    """

    tool: str
    operation: str
    scene: Callable[[Behind], Args]
    arrived: Callable[[Behind, Args], bool] | None = None
    meddle: Callable[[Behind, Args], None] | None = None
    lie: Callable[[Behind, Args], bytes] | None = None

    @property
    def writes(self) -> bool:
        return self.arrived is not None


@dataclass(frozen=True, slots=True)
class CloudTrouble:
    """One failure class. `hurried`: the tool has to answer within a second."""

    name: str
    hope: Hope
    knocks: tuple[Knock, ...] = ()
    meddled: bool = False
    hurried: bool = False
    lie: bool = False

    def strikes(self, job: CloudJob, behind: Behind, args: Args) -> list[Knock]:
        """What to do at the door; trouble for a write hits its changing request alone."""
        if self.lie:
            assert job.lie is not None
            return [Knock(job.operation, lie=job.lie(behind, args))]
        return [replace(knock, operation=job.operation if job.writes else "") for knock in self.knocks]


_BOTH = (
    CloudTrouble("error 500", Hope.RECOVERS, (Knock(status=500, code="InternalError", times=3),)),
    CloudTrouble("throttled", Hope.RECOVERS, (Knock(status=503, code="RequestLimitExceeded", times=3),)),
    CloudTrouble("timeout", Hope.RECOVERS, (Knock(wait=3.0, times=1),), hurried=True),
    CloudTrouble("cut before", Hope.RECOVERS, (Knock(hang_up="before", times=1),)),
    CloudTrouble("cut after", Hope.RECOVERS, (Knock(hang_up="after", times=1),)),
    CloudTrouble("forbidden", Hope.REPORTS, (Knock(status=403, code="UnauthorizedOperation"),)),
    CloudTrouble("expired token", Hope.REPORTS, (Knock(code="ExpiredToken"),)),
    CloudTrouble("invalid", Hope.REPORTS, (Knock(code="InvalidParameterValue"),)),
    CloudTrouble("outage", Hope.REPORTS, (Knock(status=503, code="Unavailable"),)),
)
_OF_READS = (CloudTrouble("garbled", Hope.REPORTS, (Knock(page="<html>Please sign in.</html>"),)),)
_OF_WRITES = (
    CloudTrouble("conflict", Hope.RECOVERS, (Knock(code="IncorrectInstanceState", times=1),)),
    CloudTrouble("timeout, done", Hope.RECOVERS, (Knock(hold=3.0, times=1),), hurried=True),
    CloudTrouble("late after 500", Hope.RECOVERS, (Knock(late=1.5, times=1),)),
    CloudTrouble("meddled", Hope.RECOVERS, meddled=True),
    CloudTrouble("lie", Hope.REPORTS, lie=True),
    CloudTrouble(
        "cut after, then blind", Hope.REPORTS,
        (Knock(hang_up="after", times=1, then=(Knock(status=503, code="Unavailable"),)),),
    ),
)  # fmt: skip


def _of_state(behind: Behind, args: Args, state: str) -> bool:
    listed = args["instance_ids"]
    assert isinstance(listed, list)
    return all(behind.state(str(each)) == state for each in listed)


def _touch(behind: Behind, args: Args) -> None:
    listed = args["instance_ids"]
    assert isinstance(listed, list)
    behind.tag(str(listed[0]))


def _power_lie(answer: str, state: str, code: int) -> Callable[[Behind, Args], bytes]:
    def lie(behind: Behind, args: Args) -> bytes:
        listed = args["instance_ids"]
        assert isinstance(listed, list)
        now = f"<currentState><code>{code}</code><name>{state}</name></currentState>"
        was = "<previousState><code>0</code><name>pending</name></previousState>"
        item = f"<item><instanceId>{listed[0]}</instanceId>{now}{was}</item>"
        return f"<{answer}><instancesSet>{item}</instancesSet></{answer}>".encode()

    return lie


CLOUD_JOBS: tuple[CloudJob, ...] = (
    CloudJob("aws_ec2_list", "DescribeInstances", lambda at: {"tags": {"Name": _named(at)}}),
    CloudJob("aws_ec2_describe", "DescribeInstances", lambda at: {"id": at.instance()}),
    CloudJob(
        "aws_ec2_stop", "StopInstances", lambda at: {"instance_ids": [at.instance()]},
        lambda at, args: _of_state(at, args, "stopped"), _touch,
        _power_lie("StopInstancesResponse", "stopping", 64),
    ),
    CloudJob(
        "aws_ec2_start", "StartInstances", lambda at: {"instance_ids": [at.instance(stopped=True)]},
        lambda at, args: _of_state(at, args, "running"), _touch,
        _power_lie("StartInstancesResponse", "pending", 0),
    ),
    CloudJob("aws_ecs_list", "ListServices", lambda at: {"cluster": at.service()["cluster"]}),
    CloudJob("aws_ecs_describe", "DescribeServices", lambda at: {"id": f"{at.service()['cluster']}/orders"}),
    CloudJob(
        "aws_ecs_set_desired_count", "UpdateService", lambda at: {**at.service(), "desired": 5},
        lambda at, args: at.described()["desiredCount"] == 5, lambda at, args: at.desire(3),
        lambda at, args: json.dumps({"service": at.described()}, default=str).encode(),
    ),
)  # fmt: skip


def _named(at: Behind) -> str:
    at.instance()
    return f"case-{at.number}"


@dataclass(frozen=True, slots=True)
class CloudCase:
    job: CloudJob
    trouble: CloudTrouble


def cloud_cases() -> list[CloudCase]:
    """Every AWS tool under every trouble that can happen to it."""
    return [
        CloudCase(job, trouble)
        for job in CLOUD_JOBS
        for trouble in (*_BOTH, *(_OF_WRITES if job.writes else _OF_READS))
    ]


CLOUD_TROUBLES = (*_BOTH, *_OF_READS, *_OF_WRITES)
