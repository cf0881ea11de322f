"""Whether an AWS operation reads, reveals a secret, or changes something.

An operation's name decides, and a table decides where the name misleads. What neither knows is a write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tools.gate import Access

_READING = re.compile(r"^(Describe|List|Get|Head|BatchGet|BatchDescribe|Search|Lookup)(?=[A-Z]|$)")

_REVEALING = re.compile(
    r"Token|Credential|Password|Secret|Pre-?[Ss]igned|EmbedUrl|LoginUrl|AuthenticationUrl|AuthCode|OpenId"
    r"|Ur[lI]|URL|AccessDetails|DataAccess|ApiKey|APIKey|AccessKeys|StreamKey|KeyPairs?$|Download"
    r"|WebIdentity|ManagedEndpointSession"
)
"""Words in the name of a read whose answer may be something to log in with."""

_SENSITIVE = frozenset(
    {
        "amplifybackend:GetBackendAuth",
        "apigateway:GetApiKey",
        "apigateway:GetApiKeys",
        "appconfig:GetConfiguration",
        "appconfigdata:GetLatestConfiguration",
        "cognito-idp:DescribeUserPoolClient",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetConsoleScreenshot",
        "ec2:GetLaunchTemplateData",
        "ec2:GetPasswordData",
        "ecr:GetAuthorizationToken",
        "ecr-public:GetAuthorizationToken",
        "iot:DescribeEndpoint",
        "kms:Decrypt",
        "lambda:GetFunction",
        "lambda:GetLayerVersion",
        "lambda:GetLayerVersionByArn",
        "lightsail:DownloadDefaultKeyPair",
        "rds:DownloadDBLogFilePortion",
        "s3:GetObject",
        "s3:GetObjectTorrent",
        "s3:SelectObjectContent",
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:GetSecretValue",
        "ssm:GetDeployablePatchSnapshotForInstance",
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:AssumeRoot",
        "sts:GetFederationToken",
        "sts:GetSessionToken",
    }
)
"""Answers that carry credentials, code, configuration with passwords in it, or the contents of a store."""

_HARMLESS = frozenset(
    {
        "cloudformation:EstimateTemplateCost",
        "cloudformation:ValidateTemplate",
        "ec2:DescribeKeyPairs",
        "iam:GetAccountPasswordPolicy",
        "iam:ListAccessKeys",
        "iam:SimulateCustomPolicy",
        "iam:SimulatePrincipalPolicy",
        "lambda:GetFunctionUrlConfig",
        "lambda:ListFunctionUrlConfigs",
        "pricing:GetPriceListFileUrl",
        "secretsmanager:DescribeSecret",
        "secretsmanager:ListSecretVersionIds",
        "secretsmanager:ListSecrets",
        "sqs:GetQueueUrl",
        "tagging:GetResources",
    }
)
"""Reads whose name sounds like a secret or like a change, and is neither."""

_DECRYPTING = frozenset(
    {"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:GetParameterHistory"}
)
_USER_DATA = frozenset({"ec2:DescribeInstanceAttribute", "ec2:DescribeSpotInstanceRequests"})

SIGNING_IN = frozenset(
    {
        "signin:CreateOAuth2Token",
        "sso:GetRoleCredentials",
        "sso-oidc:CreateToken",
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
    }
)
"""What a profile's own login may need to send. Only the login's clients may; no tool can reach those."""


def access(service: str, operation: str, params: Mapping[str, object]) -> Access:
    """What kind of request an operation is.

    Args:
        service: botocore's name of the service (`ec2`).
        operation: the API's name of the operation (`StopInstances`).
        params: the operation's parameters.
    """
    name = f"{service}:{operation}"
    if service == "ec2" and params.get("DryRun") is True:
        return Access.READ  # EC2 only answers whether it would be allowed
    if name in _SENSITIVE:
        return Access.SENSITIVE
    if name in _DECRYPTING and params.get("WithDecryption"):
        return Access.SENSITIVE
    if name in _USER_DATA:
        return Access.SENSITIVE
    if name in _HARMLESS:
        return Access.READ
    if not _READING.match(operation):
        return Access.WRITE
    return Access.SENSITIVE if _REVEALING.search(operation) else Access.READ
