"""What counts as a read, over every operation that botocore knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest
from botocore.model import Shape
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


CREDENTIAL = re.compile(
    r"^(secret_?(access_?)?key|session_?token|auth_?token|access_?token|refresh_?token|id_?token|security_?token"
    r"|join_?token|private_?key(_?material)?|(pre_?)?signed_?(url|uri)|presigneds3url|document_?presigned_?url"
    r"|client_?secret|shared_?secret|connection_?string|jwt_?token|basic_?auth_?credentials|auth_?key|hectoken"
    r"|password|secret|credentials?|oauth_?token|billing_?token|grafana_?token|unlock_?code|user_?data)$",
    re.IGNORECASE,
)
"""Members of an answer that let whoever reads them log in."""

NEVER_ANSWERED = {
    "apigateway": "the field is the ARN of a role",
    "appmesh": "the field is a path to a file",
    "codebuild": "the field is the ARN of a secret",
    "elbv2": "the service leaves the field out of its answers",
    "kendra": "the field is the ARN of a secret",
    "securityhub": "findings name the owner of a credential",
    "workspaces": "the field is the name of an alias",
    "bedrock-agent": "the field is the ARN of a secret",
}


def _members(shape: Shape, above: frozenset[str] = frozenset()) -> Iterator[str]:
    """Every text or blob in an answer, by the name of its member."""
    if shape.name in above:
        return
    above |= {shape.name}
    match shape.type_name:
        case "structure":
            for name, member in shape.members.items():
                if member.type_name in ("string", "blob"):
                    yield name
                yield from _members(member, above)
        case "list":
            yield from _members(shape.member, above)
        case "map":
            yield from _members(shape.value, above)


def test_no_plain_read_answers_with_something_to_log_in_with() -> None:
    session, found = Session(), set[str]()
    for service in session.get_component("data_loader").list_available_services("service-2"):
        model = session.get_service_model(service)
        for name in model.operation_names:
            if access(service, name, {}) is Access.READ and service not in NEVER_ANSWERED:
                answer = model.operation_model(name).output_shape
                members = _members(answer) if answer is not None else ()
                found |= {f"{service}:{name} {member}" for member in members if CREDENTIAL.match(member)}
    assert found == set()


def test_every_operation_of_every_service_has_a_class_and_most_that_read_are_read() -> None:
    kinds = Counter(access(service, name, {}) for service, name, _ in operations())
    assert sum(kinds.values()) == len(operations()) > 19_000
    assert kinds[Access.READ] > 8_000 and kinds[Access.SENSITIVE] > 200 and kinds[Access.WRITE] > 11_000


@pytest.mark.parametrize("service", ["ec2", "iam", "newservice"])
@pytest.mark.parametrize(
    "operation", ["", "get", "describeInstances", " GetItem", "Get Item", "DescribE", "Gets3"]
)
def test_a_name_that_is_not_quite_a_reads_is_a_write(service: str, operation: str) -> None:
    assert access(service, operation, {}) is Access.WRITE


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("codepipeline:GetJobDetails", {}, Access.SENSITIVE),
        ("codeartifact:GetAuthorizationToken", {}, Access.SENSITIVE),
        ("cognito-identity:GetCredentialsForIdentity", {}, Access.SENSITIVE),
        ("cognito-identity:GetOpenIdToken", {}, Access.SENSITIVE),
        ("gamelift:GetComputeAccess", {}, Access.SENSITIVE),
        ("iam:ListAccessKeys", {}, Access.READ),
        ("iam:CreateAccessKey", {}, Access.WRITE),
        ("iam:UpdateAccessKey", {}, Access.WRITE),
        ("kms:GenerateDataKey", {}, Access.WRITE),
        ("redshift:GetClusterCredentials", {}, Access.SENSITIVE),
        ("stepfunctions:GetActivityTask", {}, Access.WRITE),
        ("sqs:ReceiveMessage", {}, Access.WRITE),
        ("ssm:GetParametersByPath", {"WithDecryption": "yes"}, Access.SENSITIVE),
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
