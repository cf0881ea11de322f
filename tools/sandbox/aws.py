"""The practice account: a moto server with a believable shop in it, reached by the real boto3."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.errors import NotConfigured, Unreachable

PROFILE = "sandbox"
REGION = "eu-central-1"

_READY_WITHIN = 15.0
_CREDENTIALS = f"[{PROFILE}]\naws_access_key_id = practice\naws_secret_access_key = practice\n"
_CONFIG = f"[profile {PROFILE}]\nregion = {REGION}\n"


@dataclass(slots=True)
class PracticeAccount:
    """A running account. `environ` is what makes any AWS client speak to it."""

    url: str
    environ: dict[str, str]
    process: asyncio.subprocess.Process

    async def close(self) -> None:
        """End the server and wait for it."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            async with asyncio.timeout(3):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def open_account(folder: Path) -> PracticeAccount:
    """Start and seed a practice account whose files lie in `folder`.

    Raises:
        NotConfigured: moto is not installed.
        Unreachable: the server did not come up.
    """
    ready = folder / "aws.ready"
    ready.unlink(missing_ok=True)
    with (folder / "aws.log").open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tools.sandbox.account", str(ready),
            stdin=asyncio.subprocess.PIPE, stdout=errors, stderr=errors,
            # Identities and policies are not checked here: a practice account has one owner.
            env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "true"},
        )  # fmt: skip
    url = await _address(ready, process, folder)
    environ = _settings(folder, url)
    account = PracticeAccount(url, environ, process)
    try:
        await asyncio.to_thread(furnish, url)
    except BaseException:
        await account.close()
        raise
    return account


async def _address(ready: Path, process: asyncio.subprocess.Process, folder: Path) -> str:
    until = time.monotonic() + _READY_WITHIN
    while time.monotonic() < until:
        if ready.exists() and (url := ready.read_text()):
            return url
        if process.returncode is not None:
            break
        await asyncio.sleep(0.05)
    if process.returncode == 3:
        raise NotConfigured(
            "The practice AWS account needs moto, which is not installed.",
            hint="Install pilothouse[sandbox].",
        )
    raise Unreachable(f"The practice AWS account did not start; see {folder / 'aws.log'}.")


def _settings(folder: Path, url: str) -> dict[str, str]:
    """Write the profile's files, readable by the owner alone, and name them."""
    for name, text in (("credentials", _CREDENTIALS), ("config", _CONFIG)):
        path = folder / f"aws-{name}"
        path.touch(mode=0o600)
        path.write_text(text)
    environ = {
        "AWS_CONFIG_FILE": str(folder / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws-credentials"),
        "AWS_ENDPOINT_URL": url,
        "AWS_PROFILE": PROFILE,
        "AWS_REGION": REGION,
    }
    lines = "".join(f"export {key}={value}\n" for key, value in environ.items())
    path = folder / "aws.env"
    path.touch(mode=0o600)
    path.write_text(lines)
    return environ


MACHINES: tuple[tuple[str, str, str, str, bool], ...] = (
    ("web-1", "t3.medium", "production", "shop", True),
    ("web-2", "t3.medium", "production", "shop", True),
    ("payments-db", "r6g.large", "production", "payments", True),
    ("batch-1", "c6i.xlarge", "staging", "data", True),
    ("staging-web", "t3.small", "staging", "shop", True),
    ("dev-sandbox", "t3.small", "dev", "shop", True),
    ("dev-build", "c6i.large", "dev", "platform", True),
    ("dev-old", "t2.micro", "dev", "platform", False),
)
"""Name, type, environment, team, and whether it runs."""

SERVICES: tuple[tuple[str, str, int], ...] = (
    ("orders-api", "production", 3),
    ("invoice-worker", "production", 2),
    ("orders-api-dev", "dev", 1),
)
"""ECS services: name, environment, desired count."""


def furnish(url: str) -> None:
    """Fill the account. The same seed gives the same ids in every fresh account."""
    import urllib.request

    import boto3

    seed = urllib.request.Request(f"{url}/moto-api/seed?a=42", method="POST")
    urllib.request.urlopen(seed, timeout=5).close()
    session = boto3.Session(
        aws_access_key_id="practice", aws_secret_access_key="practice", region_name=REGION
    )

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=url)

    _machines(client("ec2"))
    _services(client("ecs"))
    client("rds").create_db_instance(
        DBInstanceIdentifier="shop-production", DBInstanceClass="db.r6g.large", Engine="postgres",
        AllocatedStorage=100, MasterUsername="practice", MasterUserPassword="practice-only",
        Tags=_tags(environment="production", team="shop"),
    )  # fmt: skip
    s3 = client("s3")
    for bucket in ("shop-assets", "shop-backups", "shop-logs"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    client("cloudwatch").put_metric_alarm(
        AlarmName="payments-5xx", MetricName="5XXError", Namespace="Shop", Statistic="Sum", Period=60,
        EvaluationPeriods=3, Threshold=10, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    logs = client("logs")
    logs.create_log_group(logGroupName="/shop/orders-api")
    logs.create_log_stream(logGroupName="/shop/orders-api", logStreamName="orders-api/1")
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName="/shop/orders-api",
        logStreamName="orders-api/1",
        logEvents=[
            {"timestamp": now - 60_000, "message": "INFO listening on :8080"},
            {"timestamp": now - 5_000, "message": "WARN slow query: 1840 ms"},
        ],
    )


def _machines(ec2: Any) -> None:
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    for name, size, environment, team, runs in MACHINES:
        tags = _tags(Name=name, environment=environment, team=team)
        [made] = ec2.run_instances(
            ImageId=image,
            InstanceType=size,
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )["Instances"]
        if not runs:
            ec2.stop_instances(InstanceIds=[made["InstanceId"]])


def _services(ecs: Any) -> None:
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(
        family="app",
        containerDefinitions=[{"name": "app", "image": "shop/app:1.0", "memory": 256, "cpu": 128}],
    )
    for name, environment, count in SERVICES:
        ecs.create_service(
            cluster="shop", serviceName=name, taskDefinition="app", desiredCount=count,
            tags=[{"key": "environment", "value": environment}],
        )  # fmt: skip


def _tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]
