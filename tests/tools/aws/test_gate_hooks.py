"""Nothing leaves for AWS that was not judged, whichever way it tries."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest

from tests.tools.aws.account import Account
from tools.aws.profiles import Files, Place
from tools.aws.sessions import GatedSession
from tools.errors import GateRefused
from tools.gate import Permit

WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("ec2", "StopInstances", {"InstanceIds": ["i-0123456789abcdef0"]}),
    ("ec2", "TerminateInstances", {"InstanceIds": ["i-0123456789abcdef0"]}),
    ("ec2", "StopInstances", {"InstanceIds": ["i-0123456789abcdef0"], "DryRun": False}),
    ("ecs", "UpdateService", {"cluster": "shop", "service": "web", "desiredCount": 0}),
    ("s3", "DeleteBucket", {"Bucket": "shop"}),
    ("lambda", "DeleteFunction", {"FunctionName": "checkout"}),
    ("iam", "DeleteUser", {"UserName": "somebody"}),
    ("logs", "DeleteLogGroup", {"logGroupName": "/shop"}),
    ("cloudwatch", "DeleteAlarms", {"AlarmNames": ["cpu"]}),
]
SECRETS: list[tuple[str, str, dict[str, Any]]] = [
    ("secretsmanager", "GetSecretValue", {"SecretId": "database"}),
    ("ssm", "GetParameter", {"Name": "/database", "WithDecryption": True}),
    ("sts", "GetSessionToken", {}),
    ("ec2", "GetPasswordData", {"InstanceId": "i-0123456789abcdef0"}),
    ("s3", "GetObject", {"Bucket": "shop", "Key": "a"}),
]


def named(part: object) -> str:
    return part if isinstance(part, str) else ""


@pytest.mark.parametrize(("service", "operation", "params"), WRITES, ids=named)
async def test_no_byte_of_a_write_leaves_without_a_grant(
    account: Account, service: str, operation: str, params: dict[str, Any]
) -> None:
    with pytest.raises(GateRefused, match=f"{service}:{operation}"):
        await account.accounts.call(account.scope, service, operation, **params)
    assert account.wire.heard == []


@pytest.mark.parametrize(("service", "operation", "params"), SECRETS, ids=named)
async def test_no_byte_of_a_sensitive_read_leaves_without_a_reveal_grant(
    account: Account, service: str, operation: str, params: dict[str, Any]
) -> None:
    with pytest.raises(GateRefused, match="reveal a secret"):
        await account.accounts.call(account.scope, service, operation, **params)
    assert account.wire.heard == []


async def test_a_reveal_grant_lets_a_sensitive_read_pass_and_nothing_else(account: Account) -> None:
    account.behind("ssm").put_parameter(Name="/database", Value="hidden", Type="SecureString")
    permit = account.accounts.permit(
        account.scope, "ssm", "GetParameter", Name="/database", WithDecryption=True
    )
    with account.mint.grant("1", (), seconds=30, reveals=[permit]):
        with pytest.raises(GateRefused, match="reveal a secret"):
            await account.accounts.call(
                account.scope, "ssm", "GetParameter", Name="/other", WithDecryption=True
            )
        answer = await account.accounts.call(
            account.scope, "ssm", "GetParameter", Name="/database", WithDecryption=True
        )
        assert "hidden" in str(answer)
        with pytest.raises(GateRefused, match="reveal a secret"):
            await account.accounts.call(
                account.scope, "ssm", "GetParameter", Name="/database", WithDecryption=True
            )
        with pytest.raises(GateRefused):
            await account.accounts.call(account.scope, "ssm", "DeleteParameter", Name="/database")


async def test_a_grant_opens_for_exactly_its_request_and_once(account: Account) -> None:
    mine, other = account.instances(2)
    permit = account.accounts.permit(account.scope, "ec2", "StopInstances", InstanceIds=[mine])
    with account.mint.grant("1", [permit], seconds=30):
        for wrong in (
            {"InstanceIds": [other]},
            {"InstanceIds": [mine, other]},
            {"InstanceIds": [mine], "Force": True},
        ):
            with pytest.raises(GateRefused):
                await account.accounts.call(account.scope, "ec2", "StopInstances", **wrong)
        assert account.state(mine) == "running"
        await account.accounts.call(account.scope, "ec2", "StopInstances", InstanceIds=[mine])
        with pytest.raises(GateRefused):
            await account.accounts.call(account.scope, "ec2", "StopInstances", InstanceIds=[mine])
    assert (account.state(mine), account.state(other)) == ("stopped", "running")
    assert len(account.wire.heard) == 1


async def test_a_grant_for_one_region_is_none_for_another(account: Account) -> None:
    mine = account.instance()
    permit = account.accounts.permit(account.scope, "ec2", "StopInstances", InstanceIds=[mine])
    elsewhere = account.scope.model_copy(update={"region": "us-east-1"})
    with account.mint.grant("1", [permit], seconds=30), pytest.raises(GateRefused, match="us-east-1"):
        await account.accounts.call(elsewhere, "ec2", "StopInstances", InstanceIds=[mine])


async def test_a_token_of_the_attempt_is_no_part_of_a_permit(account: Account) -> None:
    permit = account.accounts.permit(account.scope, "ecs", "CreateService", cluster="c", serviceName="s")
    assert json.loads(permit.name) == {"cluster": "c", "serviceName": "s"}


async def test_an_upload_is_refused_even_with_its_permit_since_a_stream_cannot_be_compared(
    account: Account,
) -> None:
    upload: dict[str, Any] = {"Bucket": "shop", "Key": "a", "Body": b"x"}
    permit = account.accounts.permit(account.scope, "s3", "PutObject", **upload)
    with account.mint.grant("1", [permit], seconds=30), pytest.raises(GateRefused):
        await account.accounts.call(account.scope, "s3", "PutObject", **upload)
    assert account.wire.heard == []


async def test_a_write_is_sent_once_however_the_connection_fails(account: Account) -> None:
    mine = account.instance()
    account.wire.answer = (503, b"")
    permit = account.accounts.permit(account.scope, "ec2", "StopInstances", InstanceIds=[mine])
    with account.mint.grant("1", [permit], seconds=30), pytest.raises(Exception, match="StopInstances"):
        await account.accounts.call(account.scope, "ec2", "StopInstances", InstanceIds=[mine])
    assert len(account.wire.heard) == 1


async def test_a_read_is_tried_twice(account: Account) -> None:
    account.wire.answer = (503, b"")
    with pytest.raises(Exception, match="DescribeRegions"):
        await account.accounts.call(account.scope, "ec2", "DescribeRegions")
    assert len(account.wire.heard) == 2


async def test_a_rehearsal_is_a_read(account: Account) -> None:
    mine = account.instance()
    with pytest.raises(Exception, match="would succeed"):
        await account.accounts.call(account.scope, "ec2", "StopInstances", InstanceIds=[mine], DryRun=True)
    assert account.state(mine) == "running"


# --- hostile code that got hold of a client ---------------------------------------------------------


def client(account: Account, service: str) -> Any:
    files = Files.locate(account.environ)
    place = Place("test", "eu-central-1")
    return GatedSession(place, files, account.environ, account.gate).client(service, writes=False)


async def attempt(account: Account, work: Any) -> None:
    """Refused, and nothing was heard."""
    with pytest.raises(GateRefused):
        await asyncio.to_thread(work)
    assert account.wire.heard == []


async def test_signing_and_sending_a_request_oneself_is_refused(account: Account) -> None:
    found = client(account, "ec2")

    def send() -> None:
        body = "Action=TerminateInstances&InstanceId.1=i-0123456789abcdef0&Version=2016-11-15"
        request = AWSRequest("POST", f"{account.wire.url}/", data=body)
        found._request_signer.sign("TerminateInstances", request)
        found._endpoint.http_session.send(request.prepare())

    await attempt(account, send)


async def test_calling_the_endpoint_without_the_client_is_refused(account: Account) -> None:
    found = client(account, "ec2")

    def send() -> None:
        model = found.meta.service_model.operation_model("TerminateInstances")
        request = found._convert_to_request_dict(
            {"InstanceIds": ["i-0123456789abcdef0"]},
            model,
            account.wire.url,
            {"client_config": found.meta.config},
        )
        found._endpoint.make_request(model, request)

    await attempt(account, send)


async def test_a_read_turned_into_a_write_on_its_way_is_refused(account: Account) -> None:
    found = client(account, "ec2")
    forged = {"Action": "TerminateInstances", "InstanceId.1": "i-0123456789abcdef0", "Version": "2016-11-15"}

    def forge(request: AWSRequest, **_: object) -> None:
        request.data = forged

    found.meta.events.register("before-sign.ec2", forge)
    await attempt(account, found.describe_regions)


async def test_a_read_turned_into_a_write_before_the_call_is_refused(account: Account) -> None:
    found = client(account, "ec2")

    def forge(params: dict[str, Any], **_: object) -> None:
        params["body"] = {"Action": "TerminateInstances", "InstanceId.1": "i-0123456789abcdef0"}

    found.meta.events.register_first("before-call.ec2", forge)
    await attempt(account, found.describe_regions)


async def test_a_read_sent_to_another_address_is_refused(account: Account) -> None:
    found = client(account, "ec2")

    def forge(request: AWSRequest, **_: object) -> None:
        request.url = account.wire.url + "/elsewhere"

    found.meta.events.register("before-sign.ec2", forge)
    await attempt(account, found.describe_regions)


async def test_other_parameters_after_the_judgement_are_refused(account: Account) -> None:
    mine, other = account.instances(2)
    found = client(account, "ec2")

    def forge(params: dict[str, Any], **_: object) -> None:
        params["InstanceIds"] = [other]

    found.meta.events.register_last("before-parameter-build.ec2", forge)
    permit = account.accounts.permit(account.scope, "ec2", "StopInstances", InstanceIds=[mine])
    with account.mint.grant("1", [permit], seconds=30), pytest.raises(GateRefused):
        await asyncio.to_thread(found.stop_instances, InstanceIds=[mine])
    assert account.state(other) == "running"


async def test_taking_the_handlers_away_opens_nothing(account: Account) -> None:
    found = client(account, "ec2")
    hooks = found._endpoint.http_session._hooks
    found.meta.events.unregister("before-call", hooks._judge)
    await attempt(account, lambda: found.terminate_instances(InstanceIds=["i-0123456789abcdef0"]))


async def test_what_the_gate_cannot_judge_does_not_leave(account: Account) -> None:
    found = client(account, "ec2")

    class Broken:
        def judge(self, *_: object) -> None:
            raise ZeroDivisionError

    found._endpoint.http_session._hooks.gate = Broken()
    with pytest.raises(GateRefused, match="could not judge"):
        await asyncio.to_thread(found.stop_instances, InstanceIds=["i-0123456789abcdef0"])
    assert account.wire.heard == []


@pytest.mark.parametrize("service", ["s3", "sts", "ec2", "rds"])
async def test_a_presigned_address_is_a_secret(account: Account, service: str) -> None:
    found = client(account, service)
    call: dict[str, tuple[str, dict[str, str]]] = {
        "s3": ("get_object", {"Bucket": "shop", "Key": "a"}),
        "sts": ("get_caller_identity", {}),
        "ec2": ("describe_instances", {}),
        "rds": ("describe_db_instances", {}),
    }
    name, params = call[service]
    await attempt(account, lambda: found.generate_presigned_url(name, Params=params))


async def test_a_presigned_form_and_a_database_token_are_secrets(account: Account) -> None:
    await attempt(account, lambda: client(account, "s3").generate_presigned_post("shop", "a"))
    await attempt(account, lambda: client(account, "rds").generate_db_auth_token("db.local", 5432, "app"))


async def test_grants_of_another_gate_open_nothing(account: Account) -> None:
    from tools.gate import Gate

    _, mint = Gate.build()
    mine = account.instance()
    permit = account.accounts.permit(account.scope, "ec2", "StopInstances", InstanceIds=[mine])
    with mint.grant("1", [permit], seconds=30), pytest.raises(GateRefused):
        await account.accounts.call(account.scope, "ec2", "StopInstances", InstanceIds=[mine])


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("s3", "ListBuckets", {}),
        ("s3", "ListObjectsV2", {"Bucket": "shop", "Prefix": "a b/ü"}),
        ("s3", "HeadBucket", {"Bucket": "shop"}),
        ("rds", "DescribeDBInstances", {}),
        ("lambda", "ListFunctions", {"MaxItems": 5}),
        ("cloudwatch", "DescribeAlarms", {"AlarmNames": ["a"]}),
        ("logs", "DescribeLogGroups", {}),
        ("eks", "ListClusters", {}),
        ("route53", "ListHostedZones", {}),
        ("dynamodb", "ListTables", {}),
        ("iam", "ListUsers", {"MaxItems": 5}),
        ("sqs", "ListQueues", {"QueueNamePrefix": "a"}),
        ("elbv2", "DescribeLoadBalancers", {}),
        ("autoscaling", "DescribeAutoScalingGroups", {}),
    ],
    ids=named,
)
async def test_a_read_of_every_protocol_passes(
    account: Account, service: str, operation: str, params: dict[str, Any]
) -> None:
    if "Bucket" in params:
        where = {"LocationConstraint": "eu-central-1"}
        account.behind("s3").create_bucket(Bucket="shop", CreateBucketConfiguration=where)
    assert await account.accounts.call(account.scope, service, operation, **params)
    assert len(account.wire.heard) == 1


def test_a_permit_reads_like_the_call() -> None:
    from tools.aws.gate_hooks import permit

    found = permit(
        Place("prod", "eu-west-1"), "ec2", "StopInstances", {"InstanceIds": ["i-0a"], "Force": True}
    )
    assert found == Permit(
        system="aws",
        place="prod/eu-west-1",
        verb="ec2:StopInstances",
        resource="ec2",
        name='{"Force":true,"InstanceIds":["i-0a"]}',
    )
