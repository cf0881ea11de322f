"""What counts as a read, over every operation that botocore knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
from botocore.session import Session

from tools.aws.classification import _CHANGING, _HARMLESS, _SENSITIVE, access
from tools.gate import Access

CHANGING = re.compile(
    r"^(Abort|Accept|Add|Allocate|Apply|Assign|Associate|Attach|Authorize|BatchDelete|BatchPut|BatchUpdate"
    r"|BatchWrite|Cancel|Change|Copy|Create|Delete|Deploy|Deregister|Detach|Disable|Disassociate|Enable"
    r"|Execute|Failover|Import|Invoke|Modify|Move|Publish|Purchase|Put|Reboot|Register|Release|Remove"
    r"|Replace|Reset|Restore|Resume|Revoke|Rotate|Run|Schedule|Send|Set|Start|Stop|Suspend|Tag|Terminate"
    r"|Transfer|Untag|Update|Upgrade|Upload|Write)(?=[A-Z]|$)"
)


@cache
def operations() -> tuple[tuple[str, str, str], ...]:
    """Service, operation and HTTP method."""
    loader = Session().get_component("data_loader")

    def each() -> Iterator[tuple[str, str, str]]:
        for service in loader.list_available_services("service-2"):
            for name, model in loader.load_service_model(service, "service-2")["operations"].items():
                yield service, name, model.get("http", {}).get("method", "POST")

    return tuple(each())


def test_no_operation_that_changes_by_its_name_is_ever_a_read() -> None:
    found = [(service, name) for service, name, _ in operations() if CHANGING.match(name)]
    reads = [each for each in found if access(*each, {}) is not Access.WRITE]
    assert len(found) > 9_000
    assert reads == []


def test_no_read_uses_a_method_that_changes() -> None:
    reads = [
        f"{service}:{name}"
        for service, name, method in operations()
        if method in ("PUT", "PATCH", "DELETE") and access(service, name, {}) is not Access.WRITE
    ]
    assert reads == []


def test_every_operation_in_the_tables_exists() -> None:
    known = {f"{service}:{name}" for service, name, _ in operations()}
    assert (_SENSITIVE | _HARMLESS | _CHANGING) - known == set()


def test_nothing_that_hands_out_a_way_to_log_in_is_a_plain_read() -> None:
    word = re.compile(
        r"^Get\w*(Password|SecretValue|Credentials|AuthorizationToken|SessionToken|PresignedURL)"
    )
    plain = [
        f"{service}:{name}"
        for service, name, _ in operations()
        if word.match(name) and access(service, name, {}) is Access.READ
    ]
    assert plain == ["iam:GetAccountPasswordPolicy"]


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("ec2:DescribeInstances", {}, Access.READ),
        ("ecs:ListClusters", {}, Access.READ),
        ("s3:HeadBucket", {}, Access.READ),
        ("cloudtrail:LookupEvents", {}, Access.READ),
        ("ec2:StopInstances", {}, Access.WRITE),
        ("ec2:StopInstances", {"DryRun": True}, Access.READ),
        ("ec2:StopInstances", {"DryRun": False}, Access.WRITE),
        ("ec2:StopInstances", {"DryRun": "true"}, Access.WRITE),
        ("ecs:UpdateService", {"DryRun": True}, Access.WRITE),
        ("ec2:DescribeInstanceAttribute", {"Attribute": "instanceType"}, Access.READ),
        ("ec2:DescribeInstanceAttribute", {"Attribute": "userData"}, Access.SENSITIVE),
        ("ssm:GetParameter", {}, Access.READ),
        ("ssm:GetParameter", {"WithDecryption": True}, Access.SENSITIVE),
        ("ssm:GetParametersByPath", {"WithDecryption": True}, Access.SENSITIVE),
        ("secretsmanager:GetSecretValue", {}, Access.SENSITIVE),
        ("secretsmanager:BatchGetSecretValue", {}, Access.SENSITIVE),
        ("secretsmanager:ListSecrets", {}, Access.READ),
        ("sts:AssumeRole", {}, Access.SENSITIVE),
        ("sts:AssumeRoleWithWebIdentity", {}, Access.SENSITIVE),
        ("sts:GetCallerIdentity", {}, Access.READ),
        ("sts:GetFederationToken", {}, Access.SENSITIVE),
        ("ecr:GetAuthorizationToken", {}, Access.SENSITIVE),
        ("kms:Decrypt", {}, Access.SENSITIVE),
        ("kms:Encrypt", {}, Access.WRITE),
        ("lambda:GetFunction", {}, Access.SENSITIVE),
        ("lambda:Invoke", {}, Access.WRITE),
        ("dynamodb:Query", {}, Access.WRITE),
        ("cognito-idp:GetUserAttributeVerificationCode", {}, Access.WRITE),
        ("newservice:Frobnicate", {}, Access.WRITE),
        ("newservice:Getaway", {}, Access.WRITE),
        ("newservice:Listen", {}, Access.WRITE),
    ],
)
def test_an_operation_is_what_it_does(operation: str, params: dict[str, object], expected: Access) -> None:
    service, name = operation.split(":")
    assert access(service, name, params) is expected
