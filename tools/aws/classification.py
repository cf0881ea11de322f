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
        "amplify:GetApp",
        "amplify:GetBranch",
        "amplify:ListApps",
        "amplify:ListBranches",
        "amplifybackend:GetBackendAuth",
        "apigateway:GetUsagePlanKey",
        "apigateway:GetUsagePlanKeys",
        "appconfig:GetConfiguration",
        "appconfigdata:GetLatestConfiguration",
        "appstream:DescribeDirectoryConfigs",
        "artifact:GetReport",
        "artifact:GetTermForReport",
        "athena:GetSessionEndpoint",
        "autoscaling:DescribeLaunchConfigurations",
        "bedrock-agent-runtime:GetDocumentContent",
        "chime-sdk-meetings:GetAttendee",
        "chime-sdk-meetings:ListAttendees",
        "chime:GetBot",
        "chime:ListBots",
        "cloudhsmv2:DescribeClusters",
        "codebuild:BatchGetProjects",
        "codepipeline:GetJobDetails",
        "codepipeline:GetThirdPartyJobDetails",
        "codepipeline:ListWebhooks",
        "cognito-idp:DescribeIdentityProvider",
        "cognito-idp:DescribeUserImportJob",
        "cognito-idp:DescribeUserPoolClient",
        "cognito-idp:ListUserImportJobs",
        "cognito-sync:ListRecords",
        "connect:GetPromptFile",
        "connecthealth:GetPatientInsightsJob",
        "dataexchange:GetAsset",
        "dataexchange:GetJob",
        "dataexchange:ListJobs",
        "dataexchange:ListRevisionAssets",
        "datasync:DescribeLocationFsxOntap",
        "datasync:DescribeLocationFsxOpenZfs",
        "datazone:GetConnection",
        "datazone:ListConnections",
        "directconnect:DescribeVirtualInterfaces",
        "dms:DescribeEndpoints",
        "ds:DescribeDirectories",
        "ebs:GetSnapshotBlock",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeSpotFleetRequests",
        "ec2:DescribeSpotInstanceRequests",
        "ec2:DescribeVerifiedAccessTrustProviders",
        "ec2:DescribeVpnConnections",
        "ec2:GetConsoleScreenshot",
        "ec2:GetLaunchTemplateData",
        "ec2:GetPasswordData",
        "ec2:GetVpnConnectionDeviceSampleConfiguration",
        "ecr-public:GetAuthorizationToken",
        "ecr:GetAuthorizationToken",
        "eks:DescribeEksAnywhereSubscription",
        "eks:ListEksAnywhereSubscriptions",
        "emr-serverless:GetSessionEndpoint",
        "emr:DescribeCluster",
        "emr:GetSessionEndpoint",
        "firehose:DescribeDeliveryStream",
        "gamelift:DescribeFleetEvents",
        "gamelift:GetComputeAccess",
        "gamelift:GetInstanceAccess",
        "gamelift:GetPlayerConnectionDetails",
        "glue:BatchGetJobs",
        "glue:GetConnection",
        "glue:GetConnections",
        "glue:GetJob",
        "glue:GetJobs",
        "glue:GetSessionEndpoint",
        "grafana:DescribeWorkspace",
        "grafana:ListWorkspaces",
        "greengrassv2:GetComponentVersionArtifact",
        "invoicing:GetProcurementPortalPreference",
        "iot:GetTopicRule",
        "iot:GetTopicRuleDestination",
        "iot:ListTopicRuleDestinations",
        "kinesis-video-signaling:GetIceServerConfig",
        "kms:Decrypt",
        "kms:GetParametersForImport",
        "lambda:GetFunction",
        "lambda:GetLayerVersion",
        "lambda:GetLayerVersionByArn",
        "lexv2-models:DescribeBotRecommendation",
        "lightsail:DownloadDefaultKeyPair",
        "location:DescribeKey",
        "location:ListKeys",
        "mailmanager:GetAddressListImportJob",
        "mailmanager:ListAddressListImportJobs",
        "managedblockchain:GetAccessor",
        "marketplace-agreement:GetAgreementEntitlements",
        "mediapackage:DescribeChannel",
        "mediapackage:ListChannels",
        "mediastore-data:GetObject",
        "payment-cryptography:GetParametersForExport",
        "payment-cryptography:GetParametersForImport",
        "pinpoint:GetBaiduChannel",
        "pinpoint:GetGcmChannel",
        "qbusiness:GetDocumentContent",
        "quicksight:DescribeAssetBundleImportJob",
        "rds:DownloadDBLogFilePortion",
        "s3:GetObject",
        "s3:GetObjectTorrent",
        "s3:SelectObjectContent",
        "sagemaker:ListPipelineExecutionSteps",
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:GetSecretValue",
        "snowball:GetJobManifest",
        "snowball:GetJobUnlockCode",
        "ssm:GetDeployablePatchSnapshotForInstance",
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:AssumeRoot",
        "sts:GetFederationToken",
        "sts:GetSessionToken",
        "taxsettings:GetTaxRegistrationDocument",
        "wickr:GetOidcInfo",
        "wickr:GetOpentdfConfig",
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
_CHANGING = frozenset(
    {
        "cognito-idp:GetUserAttributeVerificationCode",
        "sagemaker:GetScalingConfigurationRecommendation",
        "stepfunctions:GetActivityTask",
    }
)
"""Sounds like a read, and sends somebody a message, starts a job, or takes a task that nobody else then gets."""

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
