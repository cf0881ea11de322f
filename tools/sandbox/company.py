"""What the practice account contains: the same company whose applications run in the practice cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MakeClient = Callable[[str], Any]  # boto3's clients have no types


@dataclass(frozen=True, slots=True)
class Machine:
    name: str
    size: str
    environment: str
    team: str
    runs: bool = True


@dataclass(frozen=True, slots=True)
class ContainerService:
    """Of an unhealthy service no task gets to run."""

    name: str
    environment: str
    team: str
    desired: int
    healthy: bool = True


@dataclass(frozen=True, slots=True)
class Log:
    group: str
    stream: str
    lines: tuple[str, ...]


MACHINES = (
    Machine("bastion", "t4g.nano", "production", "platform"),
    Machine("erp", "m7i.xlarge", "production", "finance"),
    Machine("batch-1", "c7i.2xlarge", "production", "data"),
    Machine("batch-2", "c7i.2xlarge", "production", "data"),
    Machine("batch-spare", "c7i.2xlarge", "production", "data", runs=False),
    Machine("erp-staging", "m7i.large", "staging", "finance"),
    Machine("batch-staging", "c7i.large", "staging", "data"),
    Machine("loadtest", "c7i.4xlarge", "staging", "storefront", runs=False),
    Machine("build-1", "c7i.xlarge", "dev", "platform"),
    Machine("build-2", "c7i.xlarge", "dev", "platform"),
    Machine("erp-dev", "t3.large", "dev", "finance"),
    Machine("anna-playground", "t3.medium", "dev", "storefront", runs=False),
)

SERVICES = (
    ContainerService("invoice-worker", "production", "finance", 3),
    ContainerService("mailer", "production", "storefront", 2),
    ContainerService("orders-import", "production", "data", 2),
    ContainerService("invoice-worker", "staging", "finance", 1),
    ContainerService("thumbnailer", "staging", "storefront", 2, healthy=False),
    ContainerService("invoice-worker", "dev", "finance", 1),
    ContainerService("orders-import", "dev", "data", 0),
)

LOGS = (
    Log(
        "/ecs/shop-production/invoice-worker",
        "invoice-worker/1",
        (
            "INFO  connected to queue invoices",
            "INFO  invoice 20418 rendered in 212 ms",
            "WARN  invoice 20419: customer has no VAT id, using the country's default",
            "INFO  invoice 20419 rendered in 198 ms",
        ),
    ),
    Log(
        "/ecs/shop-staging/thumbnailer",
        "thumbnailer/1",
        (
            "INFO  thumbnailer 2.8.0 starts",
            "ERROR cannot read bucket shop-media-staging: AccessDenied",
            "ERROR giving up after 5 attempts",
        ),
    ),
)

BUCKETS = ("shop-media", "shop-media-staging", "shop-backups", "shop-terraform-state")


class Company:
    """Args: client: makes a client of a service."""

    def __init__(self, client: MakeClient) -> None:
        self._client = client

    def settle_in(self, region: str) -> None:
        """Fill the account. The order decides the identifiers, so it does not change."""
        self._machines()
        self._services()
        self._databases()
        self._buckets(region)
        self._alarms()
        self._logs()

    def _machines(self) -> None:
        ec2 = self._client("ec2")
        image = ec2.register_image(Name="shop-base-2026.10", Architecture="x86_64")["ImageId"]
        resting = []
        for machine in MACHINES:
            tags = _tags(Name=machine.name, environment=machine.environment, team=machine.team)
            [made] = ec2.run_instances(
                ImageId=image,
                InstanceType=machine.size,
                MinCount=1,
                MaxCount=1,
                TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
            )["Instances"]
            if not machine.runs:
                resting.append(made["InstanceId"])
        ec2.stop_instances(InstanceIds=resting)

    def _services(self) -> None:
        ecs = self._client("ecs")
        for name in dict.fromkeys(service.name for service in SERVICES):
            container = {"name": name, "image": f"registry.shop.example/{name}:2.8.0", "memory": 512}
            ecs.register_task_definition(family=name, containerDefinitions=[container])
        for environment in dict.fromkeys(service.environment for service in SERVICES):
            tags = [{"key": "environment", "value": environment}]
            ecs.create_cluster(clusterName=f"shop-{environment}", tags=tags)
        for service in SERVICES:
            cluster = f"shop-{service.environment}"
            tags = [
                {"key": "environment", "value": service.environment},
                {"key": "team", "value": service.team},
            ]
            # moto runs no tasks: a new service's are all pending, and a changed count is met at once.
            ecs.create_service(
                cluster=cluster,
                serviceName=service.name,
                taskDefinition=service.name,
                launchType="FARGATE",
                desiredCount=0 if service.healthy else service.desired,
                tags=tags,
            )
            if service.healthy:
                ecs.update_service(cluster=cluster, service=service.name, desiredCount=service.desired)

    def _databases(self) -> None:
        rds = self._client("rds")
        for environment, size in (("production", "db.r7g.large"), ("staging", "db.t4g.medium")):
            rds.create_db_instance(
                DBInstanceIdentifier=f"shop-{environment}",
                DBInstanceClass=size,
                Engine="postgres",
                AllocatedStorage=100,
                MultiAZ=environment == "production",
                MasterUsername="practice",
                MasterUserPassword="practice-only",
                Tags=_tags(environment=environment, team="platform"),
            )

    def _buckets(self, region: str) -> None:
        s3 = self._client("s3")
        for bucket in BUCKETS:
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})

    def _alarms(self) -> None:
        cloudwatch = self._client("cloudwatch")
        for name, namespace, metric, threshold in (
            ("payments-5xx", "Shop", "5XXError", 10),
            ("shop-production-cpu", "AWS/RDS", "CPUUtilization", 80),
            ("invoice-queue-age", "AWS/SQS", "ApproximateAgeOfOldestMessage", 600),
        ):
            cloudwatch.put_metric_alarm(
                AlarmName=name,
                Namespace=namespace,
                MetricName=metric,
                Statistic="Maximum",
                Period=60,
                EvaluationPeriods=3,
                Threshold=threshold,
                ComparisonOperator="GreaterThanThreshold",
            )
        cloudwatch.set_alarm_state(
            AlarmName="invoice-queue-age",
            StateValue="ALARM",
            StateReason="Threshold crossed: 3 datapoints were greater than 600.",
        )

    def _logs(self) -> None:
        logs = self._client("logs")
        now = int(time.time() * 1000)
        for log in LOGS:
            logs.create_log_group(logGroupName=log.group)
            logs.create_log_stream(logGroupName=log.group, logStreamName=log.stream)
            first = now - 20_000 * len(log.lines)
            events = [
                {"timestamp": first + 20_000 * place, "message": line} for place, line in enumerate(log.lines)
            ]
            logs.put_log_events(logGroupName=log.group, logStreamName=log.stream, logEvents=events)


def _tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]
