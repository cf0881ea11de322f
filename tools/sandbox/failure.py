"""What the API server says no with: Status objects, in the words of the real one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tools.sandbox.kind import Kind
from tools.sandbox.manifest import Manifest


class ApiFailure(Exception):
    """An unsuccessful answer.

    Args:
        code: the HTTP status.
        reason: the machine-readable reason.
        message: the sentence.
        details: name, group, kind, causes, retryAfterSeconds.
    """

    def __init__(self, code: int, reason: str, message: str, details: Manifest | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.plain = False
        """Whether the sentence alone goes over the wire."""
        self.status: Manifest = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details or {},
            "code": code,
        }


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that is wrong. `reason` is a CauseType such as FieldValueInvalid."""

    reason: str
    field: str
    message: str


def required(field: str, detail: str = "") -> Cause:
    return Cause("FieldValueRequired", field, "Required value" + (f": {detail}" if detail else ""))


def invalid_value(field: str, value: str, detail: str) -> Cause:
    return Cause("FieldValueInvalid", field, f"Invalid value: {value}: {detail}")


def unsupported(field: str, value: str, allowed: Iterable[str]) -> Cause:
    quoted = ", ".join(f'"{word}"' for word in sorted(allowed))
    return Cause("FieldValueNotSupported", field, f'Unsupported value: "{value}": supported values: {quoted}')


def forbidden_change(field: str, detail: str) -> Cause:
    return Cause("FieldValueForbidden", field, f"Forbidden: {detail}")


def invalid(kind: Kind, name: str, causes: list[Cause]) -> ApiFailure:
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    summary = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return ApiFailure(
        422,
        "Invalid",
        f'{kind.kind} "{name}" is invalid: {summary}',
        {
            "name": name,
            "group": kind.group,
            "kind": kind.name,
            "causes": [
                {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes
            ],
        },
    )


def not_found(kind: Kind, name: str) -> ApiFailure:
    return ApiFailure(404, "NotFound", f'{kind.resource} "{name}" not found', _details(kind, name))


def no_such_path() -> ApiFailure:
    return ApiFailure(404, "NotFound", "the server could not find the requested resource")


def group_down() -> ApiFailure:
    """What the aggregator says when the server behind an APIService does not answer; no Status object."""
    failure = ApiFailure(503, "ServiceUnavailable", "service unavailable")
    failure.plain = True
    return failure


def method_not_allowed() -> ApiFailure:
    return ApiFailure(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
    )


def already_exists(kind: Kind, name: str) -> ApiFailure:
    return ApiFailure(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', _details(kind, name))


def conflict(kind: Kind, name: str, why: str = "") -> ApiFailure:
    why = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    sentence = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return ApiFailure(409, "Conflict", sentence, _details(kind, name))


def bad_request(message: str) -> ApiFailure:
    return ApiFailure(400, "BadRequest", message)


def undecodable(kind: Kind, why: str) -> ApiFailure:
    return bad_request(f'{kind.name} in version "{kind.version}" cannot be handled as a {kind.name}: {why}')


def unsupported_media_type(accepted: Iterable[str]) -> ApiFailure:
    return ApiFailure(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted),
    )


def unauthorized() -> ApiFailure:
    return ApiFailure(401, "Unauthorized", "Unauthorized")


def forbidden(kind: Kind, name: str, why: str) -> ApiFailure:
    target = f'{kind.resource} "{name}"' if name else kind.resource
    return ApiFailure(403, "Forbidden", f"{target} is forbidden: {why}", _details(kind, name))


def expired(message: str) -> ApiFailure:
    return ApiFailure(410, "Expired", message)


def _details(kind: Kind, name: str) -> Manifest:
    details: Manifest = {"name": name} if name else {}
    if kind.group:
        details["group"] = kind.group
    details["kind"] = kind.plural
    return details
