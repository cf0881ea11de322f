"""All AWS tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pydantic import BaseModel

from tools.aws.ec2_list import Ec2Describe, Ec2List
from tools.aws.ec2_power import Ec2Start, Ec2Stop
from tools.aws.ecs_describe import EcsDescribe
from tools.aws.ecs_desired_count import EcsSetDesiredCount
from tools.aws.ecs_list import EcsList
from tools.tool import Arguments, Tool

if TYPE_CHECKING:
    from tools.aws.accounts import Accounts


def aws_tools(accounts: Accounts) -> list[Tool[Arguments, BaseModel]]:
    """Every AWS tool, given the way to the accounts."""
    tools = [
        Ec2List(accounts),
        Ec2Describe(accounts),
        Ec2Start(accounts),
        Ec2Stop(accounts),
        EcsList(accounts),
        EcsDescribe(accounts),
        EcsSetDesiredCount(accounts),
    ]
    return cast(list[Tool[Arguments, BaseModel]], tools)
