"""From an AWS error answer or a broken connection to one of our errors, as a sentence."""

from __future__ import annotations

import re

from botocore import exceptions as boto

from tools import errors
from tools.aws.profiles import ENVIRONMENT, Place

_EXPIRED = re.compile(r"ExpiredToken|RequestExpired|TokenRefreshRequired|ExpiredCredentials")
_UNKNOWN_LOGIN = re.compile(
    r"InvalidClientTokenId|UnrecognizedClient|AuthFailure|SignatureDoesNotMatch|InvalidAccessKeyId"
    r"|MissingAuthenticationToken|IncompleteSignature|InvalidToken$|InvalidSignature|NotSignedUp|OptInRequired"
)
_FORBIDDEN = re.compile(r"AccessDenied|UnauthorizedOperation|UnauthorizedAccess|AuthorizationError|Forbidden")
_THROTTLED = re.compile(
    r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|BandwidthLimitExceeded|PriorRequestNotComplete"
    r"|ProvisionedThroughputExceeded"
)
_NOT_FOUND = re.compile(r"NotFound|NoSuch|DoesNotExist|\.Unknown$")
_EXISTS = re.compile(r"AlreadyExists|Duplicate|AlreadyOwned")
_CONFLICT = re.compile(
    r"^Incorrect\w*State|InvalidState|Conflict|InUse|OperationAborted|ConcurrentModification"
)
_CAPACITY = re.compile(r"Insufficient\w*Capacity")
_TIMEOUT = re.compile(r"^RequestTimeout")

_ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)

_CREDENTIAL_TROUBLE = (
    boto.NoCredentialsError,
    boto.NoAuthTokenError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.LoginError,
)
_NEVER_CONNECTED = (
    boto.EndpointConnectionError,
    boto.ConnectTimeoutError,
    boto.ProxyConnectionError,
    boto.SSLError,
)
_BROKE_OFF = (boto.ConnectionClosedError, boto.HTTPClientError, boto.ResponseStreamingError)
_MISCONFIGURED = (
    boto.ProfileNotFound,
    boto.NoRegionError,
    boto.InvalidRegionError,
    boto.UnknownRegionError,
    boto.UnknownServiceError,
    boto.ConfigNotFound,
    boto.ConfigParseError,
    boto.InvalidConfigError,
)


class DryRunPassed(errors.ToolError):
    """EC2's answer to a dry run that would have succeeded; botocore raises it like a failure."""


def translate(
    error: Exception, where: Place, service: str, operation: str, *, writes: bool
) -> errors.ToolError | None:
    """The error that an exception of botocore stands for; None for one that is not about AWS.

    Args:
        error: what was raised.
        where: the profile and region it was tried with.
        service: botocore's name of the service.
        operation: the API's name of the operation.
        writes: whether it may have changed something; then a broken connection is `TimedOut`, for
            nobody knows whether the request arrived.
    """
    action = f"{service}:{operation}"
    doing = f"{action} on {where} failed"
    raw = f"{type(error).__name__}: {error}"
    if isinstance(error, boto.ClientError):
        return _answered(error, where, action)
    if isinstance(error, _CREDENTIAL_TROUBLE):
        return errors.Unauthorized(f"{doing}: {_clause(error)}.", hint=_log_in(where), raw=raw)
    if isinstance(error, _NEVER_CONNECTED):
        return errors.Unreachable(f"{doing}: {_unreached(error)}.", hint=_network(error), raw=raw)
    doubt = " The change may have happened." if writes else ""
    if isinstance(error, boto.ReadTimeoutError):
        return errors.TimedOut(f"{doing}: there was no answer in time.{doubt}", raw=raw)
    if isinstance(error, _BROKE_OFF):
        kind = errors.TimedOut if writes else errors.Unreachable
        return kind(f"{doing}: the connection broke before an answer.{doubt}", raw=raw)
    if isinstance(error, boto.ParamValidationError):
        return errors.Invalid(f"{doing}: {_clause(error)}.", raw=raw)
    if isinstance(error, _MISCONFIGURED):
        return errors.NotConfigured(
            f"{doing}: {_clause(error)}.", hint="Look into the AWS settings.", raw=raw
        )
    return None


def _answered(error: boto.ClientError, where: Place, action: str) -> errors.ToolError:
    found = error.response.get("Error", {})
    code = str(found.get("Code", "")).removeprefix("Client.").removeprefix("Server.")
    words = _ENCODED.sub("", str(found.get("Message") or "")).strip().rstrip(".") or code or "no reason given"
    about = error.response.get("ResponseMetadata", {})
    status = int(about.get("HTTPStatusCode") or 0)
    sentence = f"{action} on {where} failed: {words} ({code})."
    raw = str(found.get("Message") or error)
    if code == "DryRunOperation":
        return DryRunPassed(f"{action} on {where} would succeed.", raw=raw)
    if _EXPIRED.search(code):
        why = f"{action} on {where} failed: the login has expired ({code})."
        return errors.Unauthorized(why, hint=_log_in(where), raw=raw)
    if _UNKNOWN_LOGIN.search(code):
        return errors.Unauthorized(sentence, hint=_log_in(where), raw=raw)
    if _THROTTLED.search(code) or status == 429:
        wait = str(about.get("HTTPHeaders", {}).get("retry-after", ""))
        patience = float(wait) if wait.isdigit() else None
        return errors.Throttled(sentence, retry_after=patience, raw=raw)
    if _FORBIDDEN.search(code) or status == 403:
        hint = f"The identity behind profile {where.profile} lacks the permission {action}."
        return errors.Forbidden(sentence, hint=hint, raw=raw)
    if _CAPACITY.search(code):
        hint = "AWS has no capacity of this kind there just now: wait, or use another type or zone."
        return errors.ServerFailed(sentence, hint=hint, raw=raw)
    for pattern, kind in (
        (_NOT_FOUND, errors.NotFound),
        (_EXISTS, errors.AlreadyExists),
        (_CONFLICT, errors.Conflict),
        (_TIMEOUT, errors.TimedOut),
    ):
        if pattern.search(code):
            return kind(sentence, raw=raw)
    if status == 404:
        return errors.NotFound(sentence, raw=raw)
    return (errors.ServerFailed if status >= 500 else errors.Invalid)(sentence, raw=raw)


def _log_in(where: Place) -> str:
    if where.profile == ENVIRONMENT:
        return "Renew AWS_ACCESS_KEY_ID and its kin in the environment, and start again."
    return (
        f"Log in again: aws sso login --profile {where.profile}"
        f" (or renew its keys: aws configure --profile {where.profile})."
    )


def _unreached(error: Exception) -> str:
    found = getattr(error, "kwargs", {})
    where = found.get("endpoint_url") or found.get("proxy_url") or "the endpoint"
    if isinstance(error, boto.SSLError):
        return f"the certificate of {where} is not trusted ({_clause(found.get('error') or error)})"
    if isinstance(error, boto.ProxyConnectionError):
        return f"the proxy {where} accepts no connection"
    if isinstance(error, boto.ConnectTimeoutError):
        return f"{where} accepts no connection in time"
    return f"{where} cannot be reached"


def _network(error: Exception) -> str:
    if isinstance(error, boto.SSLError):
        return "Does AWS_CA_BUNDLE name the right certificates, and is the clock right?"
    return "Are you on the right network, and does this region exist?"


def _clause(error: object) -> str:
    """An exception's words as the end of a sentence."""
    return " ".join(str(error).split()).rstrip(".")
