"""What a test holds of an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3

from tests.tools.aws.listening import Listener
from tools.aws.accounts import Accounts
from tools.aws.registry import aws_tools
from tools.gate import Gate, Mint
from tools.tool import Preview, Registry, Scope


@cache
def _client(url: str, service: str) -> Any:
    session = boto3.Session(
        aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-central-1"
    )
    return session.client(service, endpoint_url=url)


@dataclass
class Account:
    """An account, and the doors a test goes through.

    `accounts` is what tools get. `behind` makes a client that no gate stands before: tests set the
    scene with it, and look at what really happened. `wire` heard all that `accounts` sent.
    """

    url: str
    environ: Mapping[str, str]
    gate: Gate
    mint: Mint
    accounts: Accounts
    wire: Listener
    touched: bool = False
    """Whether something may have been left behind."""
    scope: Scope = field(default_factory=lambda: Scope(profile="test"))

    @property
    def registry(self) -> Registry:
        return Registry(aws_tools(self.accounts))

    def behind(self, service: str) -> Any:
        self.touched = True
        return _client(self.url, service)

    def instance(self, name: str = "", **tags: str) -> str:
        """Start an instance behind the gate's back; its id."""
        return self.instances(1, **({"Name": name, **tags} if name else tags))[0]

    def instances(self, count: int, **tags: str) -> list[str]:
        """Start several instances with the same tags; their ids."""
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        made = [
            self.behind("ec2").run_instances(
                ImageId="ami-12c6146b",
                InstanceType="t3.small",
                MinCount=1,
                MaxCount=1,
                TagSpecifications=[{"ResourceType": "instance", "Tags": listed}] if listed else [],
            )
            for _ in range(count)
        ]
        return [str(each["Instances"][0]["InstanceId"]) for each in made]

    def state(self, instance: str) -> str:
        """The state an instance is really in."""
        found = self.behind("ec2").describe_instances(InstanceIds=[instance])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    async def read(self, tool: str, **args: Any) -> Any:
        found = self.registry.get(tool)
        return await found.run(found.parse(args), self.scope)

    async def preview(self, tool: str, **args: Any) -> Preview:
        found = self.registry.write(tool)
        return await found.preview(found.parse(args), self.scope)

    async def write(self, tool: str, **args: Any) -> Preview:
        """Preview and carry out, as the executor does; the preview."""
        found = self.registry.write(tool)
        parsed = found.parse(args)
        preview = await found.preview(parsed, self.scope)
        with self.mint.grant("1", preview.permits, seconds=30):
            await found.run(parsed, self.scope)
        return preview

    async def observe(self, tool: str, preview: Preview, **args: Any) -> Any:
        found = self.registry.write(tool)
        return await found.observe(found.parse(args), self.scope, preview)
