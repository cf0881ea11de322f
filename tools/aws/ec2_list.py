"""aws_ec2_list and aws_ec2_describe: which instances there are, and one of them closely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from tools.aws.ec2_instances import Instance, InstanceState, instance_called, list_instances, row_of
from tools.aws.tags import TagFilter
from tools.tool import Arguments, Scope, Tool

if TYPE_CHECKING:
    from tools.aws.accounts import Accounts


class Ec2ListArgs(Arguments):
    states: Annotated[
        tuple[InstanceState, ...], Field(description="Only instances in one of these states; empty for all.")
    ] = ()
    tags: TagFilter = {}


class Instances(BaseModel):
    place: str
    instances: list[Instance]


class Ec2List(Tool[Ec2ListArgs, Instances]):
    """Lists instances by their tags and states."""

    name = "aws_ec2_list"
    summary = (
        "List EC2 instances with state, type, addresses and tags; filter by tags (environment) and state."
    )
    Args = Ec2ListArgs
    Output = Instances

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def run(self, args: Ec2ListArgs, scope: Scope) -> Instances:
        found = await list_instances(self._accounts, scope, states=args.states, tags=args.tags)
        place = str(self._accounts.place(scope))
        return Instances(place=place, instances=[row_of(each) for each in found])


class Ec2DescribeArgs(Arguments):
    id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=256,
            pattern=r"^[^-\s\x00-\x1f][^\x00-\x1f]*$",
            description="Id of an instance (i-…), or its Name tag.",
        ),
    ]


class InstanceClosely(BaseModel):
    """One instance with where it lives and why it is in its state."""

    place: str
    instance: Instance
    why: str
    image: str
    network: str
    subnet: str
    key_pair: str
    security_groups: list[str]
    root_device: str
    lifecycle: str


class Ec2Describe(Tool[Ec2DescribeArgs, InstanceClosely]):
    """Looks closely at one instance."""

    name = "aws_ec2_describe"
    summary = "Describe one EC2 instance: state and why, network, security groups, image, tags."
    Args = Ec2DescribeArgs
    Output = InstanceClosely

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def run(self, args: Ec2DescribeArgs, scope: Scope) -> InstanceClosely:
        found = await instance_called(self._accounts, scope, args.id)
        return InstanceClosely(
            place=str(self._accounts.place(scope)),
            instance=row_of(found),
            why=found.why,
            image=found.image_id,
            network=found.vpc_id,
            subnet=found.subnet_id,
            key_pair=found.key_name,
            security_groups=[f"{group.group_name} ({group.group_id})" for group in found.security_groups],
            root_device=found.root_device_type,
            lifecycle=found.instance_lifecycle or "on-demand",
        )
