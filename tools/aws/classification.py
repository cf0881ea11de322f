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
    r"|Url|URL|AccessDetails|DataAccess|ApiKey|APIKey|AccessKeys|StreamKey|KeyPairs?$|Download"
    r"|WebIdentity|ManagedEndpointSession"
)
"""Words in the name of a read whose answer may be something to log in with."""

_SENSITIVE = frozenset(
    {
        "amplifybackend:GetBackendAuth",
        "apigateway:GetUsagePlanKey",
        "apigateway:GetUsagePlanKeys",
        "appconfig:GetConfiguration",
        "appconfigdata:GetLatestConfiguration",
        "autoscaling:DescribeLaunchConfigurations",
        "cognito-idp:DescribeIdentityProvider",
        "cognito-idp:DescribeUserPoolClient",
        "ebs:GetSnapshotBlock",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeSpotInstanceRequests",
        "ec2:DescribeVpnConnections",
        "ec2:GetConsoleScreenshot",
        "ec2:GetLaunchTemplateData",
        "ec2:GetPasswordData",
        "ec2:GetVpnConnectionDeviceSampleConfiguration",
        "ecr-public:GetAuthorizationToken",
        "ecr:GetAuthorizationToken",
        "glue:GetConnection",
        "glue:GetConnections",
        "kms:Decrypt",
        "kms:GetParametersForImport",
        "lambda:GetFunction",
        "lambda:GetLayerVersion",
        "lambda:GetLayerVersionByArn",
        "lightsail:DownloadDefaultKeyPair",
        "location:DescribeKey",
        "location:ListKeys",
        "mediastore-data:GetObject",
        "payment-cryptography:GetParametersForExport",
        "payment-cryptography:GetParametersForImport",
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
        "workdocs:GetDocumentVersion",
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
    }
)
"""Reads whose name sounds like a secret or like a change, and is neither."""

_DECRYPTING = frozenset(
    {"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:GetParameterHistory"}
)
_CHANGING = frozenset({"cognito-idp:GetUserAttributeVerificationCode"})
"""Sounds like a read, and sends somebody a message."""

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
    if name == "ec2:DescribeInstanceAttribute" and params.get("Attribute") == "userData":
        return Access.SENSITIVE
    if name in _HARMLESS:
        return Access.READ
    if name in _CHANGING or not _READING.match(operation):
        return Access.WRITE
    return Access.SENSITIVE if _REVEALING.search(operation) else Access.READ
