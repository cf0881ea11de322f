"""From a Kubernetes Status answer or a broken connection to one of our errors, as a sentence."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import msgspec

from tools import errors
from tools.kubernetes.connection.admission import way_out
from tools.kubernetes.connection.api_path import ApiRequest
from tools.kubernetes.connection.extensions import extension_hint


class Gone(errors.Conflict):
    """The server no longer knows that resource version or continue token (410): list again."""


class _Cause(msgspec.Struct):
    reason: str = ""
    message: str = ""
    field: str = ""


class _Details(msgspec.Struct, rename="camel"):
    causes: list[_Cause] | None = None
    retry_after_seconds: int | None = None


class Status(msgspec.Struct):
    """A Status object as far as we read it (Kubernetes API conventions, "Response Status Kind")."""

    reason: str = ""
    message: str = ""
    code: int = 0
    details: _Details | None = None

    @property
    def causes(self) -> list[_Cause]:
        return (self.details.causes if self.details else None) or []


_BY_REASON: dict[str, type[errors.ToolError]] = {
    "Unauthorized": errors.Unauthorized,
    "Forbidden": errors.Forbidden,
    "NotFound": errors.NotFound,
    "AlreadyExists": errors.AlreadyExists,
    "Conflict": errors.Conflict,
    "Gone": Gone,
    "Expired": Gone,
    "Invalid": errors.Invalid,
    "BadRequest": errors.Invalid,
    "MethodNotAllowed": errors.Invalid,
    "NotAcceptable": errors.Invalid,
    "UnsupportedMediaType": errors.Invalid,
    "RequestEntityTooLarge": errors.Invalid,
    "Timeout": errors.TimedOut,
    "ServerTimeout": errors.ServerFailed,
    "TooManyRequests": errors.Throttled,
    "InternalError": errors.ServerFailed,
    "ServiceUnavailable": errors.ServerFailed,
}
_BY_CODE: dict[int, type[errors.ToolError]] = {
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    410: Gone,
    429: errors.Throttled,
    504: errors.TimedOut,
}


def from_status(
    request: ApiRequest, context: str, code: int, body: bytes, retry_after: str
) -> errors.ToolError:
    """The error an unsuccessful answer stands for.

    Args:
        request: what was asked.
        context: the kubeconfig context.
        code: the HTTP status.
        body: the answer, a Status object or anything a proxy made up.
        retry_after: the Retry-After header, or "".
    """
    raw = body[:20_000].decode("utf-8", "replace")
    try:
        status = msgspec.json.decode(body, type=Status)
    except msgspec.DecodeError:
        status = Status(message=" ".join(raw.split())[:200])
    return from_decoded(request, context, code, status, retry_after, raw)


def from_decoded(
    request: ApiRequest, context: str, code: int, status: Status, retry_after: str = "", raw: str = ""
) -> errors.ToolError:
    """As `from_status`, for a Status that was decoded already (watches carry them in the stream)."""
    kind = _BY_REASON.get(status.reason) or _BY_CODE.get(code)
    if kind is None:
        kind = errors.ServerFailed if code >= 500 else errors.Invalid
    why = _why(status) or f"the server answered HTTP {code}"
    sentence = f"Could not {request.verb} {request.target} on {context}: {why}."
    if kind is errors.Throttled:
        wait = float(retry_after) if retry_after.isdigit() else None
        if wait is None and status.details and status.details.retry_after_seconds:
            wait = float(status.details.retry_after_seconds)
        return errors.Throttled(sentence, retry_after=wait, raw=raw)
    hint = (
        way_out(status.message)
        or extension_hint(request.group, request.version, request.plural, code, status.message)
        or _hint(kind, request, context)
    )
    return kind(sentence, hint=hint, raw=raw)


_SAID_AT_MOST = 5
_FIELD_OWNER = re.compile(r'conflict with "([^"]*)"')


def _why(status: Status) -> str:
    """The server's message on one line, with those of its causes that it leaves out."""
    said = " ".join(status.message.split()).rstrip(".")
    owned = [cause for cause in status.causes if cause.reason == "FieldManagerConflict"]
    if owned:
        fields = [f"{cause.field.lstrip('.')} ({_owner(cause)})" for cause in owned]
        return f"it conflicts with the owners of these fields: {', '.join(fields)}"
    more = [
        " ".join(f"{cause.field}: {cause.message}".lstrip(": ").split())
        for cause in status.causes
        if cause.message and cause.message not in status.message
    ]
    return ": ".join(part for part in (said, "; ".join(more[:_SAID_AT_MOST]).rstrip(".")) if part)


def _owner(cause: _Cause) -> str:
    found = _FIELD_OWNER.search(cause.message)
    return found[1] if found else cause.message


def _hint(kind: type[errors.ToolError], request: ApiRequest, context: str) -> str:
    if kind is errors.Unauthorized:
        return f"The login for {context} is missing, wrong or expired: log in again."
    if kind is errors.Forbidden:
        where = f" -n {request.namespace}" if request.namespace else ""
        resource = request.resource
        return (
            f"Check the right with: kubectl auth can-i {request.verb} {resource}{where} --context {context}."
        )
    if kind is errors.Conflict:
        return "Somebody else changes the same object: look at it again."
    return ""


def from_broken(
    request: ApiRequest, context: str, server: str, error: BaseException, seconds: float, *, writing: bool
) -> errors.ToolError:
    """The error a connection problem stands for.

    Args:
        writing: whether the request could have changed something; a rehearsal cannot.

    A write whose connection broke after it may have been sent is `TimedOut`, never `Unreachable`:
    it may have happened.
    """
    doing = f"Could not {request.verb} {request.target} on {context}"
    raw = f"{type(error).__name__}: {error}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = str(error.certificate_error).rstrip(".")
        return errors.Unreachable(
            f"{doing}: the certificate of {server} is not trusted ({why}).",
            hint="Check the context's certificate-authority, and the clock.",
            raw=raw,
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return errors.Unreachable(
            f"{doing}: the host of {server} is unknown.", hint="Are you on the right network?", raw=raw
        )
    if isinstance(error, aiohttp.ClientSSLError):
        return errors.Unreachable(f"{doing}: {server} does not speak TLS as expected ({error}).", raw=raw)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return errors.Unreachable(
            f"{doing}: {server} accepts no connection.", hint="Are you on the right network?", raw=raw
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return errors.Unreachable(
            f"{doing}: {server} cannot be reached ({error.strerror or error.os_error}).",
            hint="Is the cluster running, and are you on the right network?",
            raw=raw,
        )
    doubt = " The change may have happened." if writing else ""
    if isinstance(error, asyncio.TimeoutError):
        return errors.TimedOut(f"{doing}: no answer within {seconds:g} seconds.{doubt}", raw=raw)
    kind = errors.TimedOut if writing else errors.Unreachable
    return kind(f"{doing}: the connection to {server} broke before an answer.{doubt}", raw=raw)
