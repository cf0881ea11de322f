"""Everything that can go wrong between us and the outside world.

    ToolError
    ├── NotConfigured     no such context, profile, kubeconfig: nothing was sent
    ├── Unreachable       no connection, or it broke before an answer
    ├── TimedOut          no answer in time; a write may have happened
    ├── Throttled         the server asks for patience (429); knows for how long
    ├── ServerFailed      the server's own failure (5xx)
    ├── Unauthorized      the credentials are missing, wrong or expired
    ├── Forbidden         the credentials are fine, the right is missing
    ├── NotFound          no such object; may know near names
    ├── AlreadyExists     an object of that name is there already
    ├── Conflict          somebody changed the object since we read it
    ├── Invalid           the server or a schema refuses the arguments
    ├── Drifted           the object is no longer the one that was approved
    └── GateRefused       the gate let no bytes leave

Each class names its `FailureClass`, so that deciding what to do next is a table lookup
(`agent/recovery.py`) and never a search through message texts.
"""

from __future__ import annotations

from enum import StrEnum


class FailureClass(StrEnum):
    """Why a step failed, in the words the plan tree shows."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not found"
    INVALID = "invalid"
    TIMEOUT = "timeout"
    DRIFT = "drift"
    CHECK_FAILED = "check failed"
    IN_DOUBT = "in doubt"
    UNREACHABLE = "unreachable"
    UNAUTHORIZED = "unauthorized"
    NOT_CONFIGURED = "not configured"
    REFUSED = "refused"
    TOOL_BUG = "tool bug"


class ToolError(Exception):
    """A tool could not do what it was asked.

    Args:
        message: one sentence: what failed, on which resource, and why.
        hint: one sentence: what the operator can try. May be empty.
        raw: the server's own words, for the key that shows them.
    """

    failure: FailureClass = FailureClass.TOOL_BUG

    def __init__(self, message: str, *, hint: str = "", raw: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.raw = raw

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class NotConfigured(ToolError):
    failure = FailureClass.NOT_CONFIGURED


class Unreachable(ToolError):
    failure = FailureClass.UNREACHABLE


class TimedOut(ToolError):
    failure = FailureClass.TIMEOUT


class Throttled(ToolError):
    """Args: retry_after: seconds the server asks us to wait, None if it did not say."""

    failure = FailureClass.THROTTLED

    def __init__(
        self, message: str, *, retry_after: float | None = None, hint: str = "", raw: str = ""
    ) -> None:
        super().__init__(message, hint=hint, raw=raw)
        self.retry_after = retry_after


class ServerFailed(ToolError):
    failure = FailureClass.TRANSIENT


class Unauthorized(ToolError):
    failure = FailureClass.UNAUTHORIZED


class Forbidden(ToolError):
    failure = FailureClass.FORBIDDEN


class NotFound(ToolError):
    """Args: near: existing names that resemble the missing one, best first."""

    failure = FailureClass.NOT_FOUND

    def __init__(self, message: str, *, near: tuple[str, ...] = (), hint: str = "", raw: str = "") -> None:
        if near and not hint:
            hint = f"Did you mean {' or '.join(near[:3])}?"
        super().__init__(message, hint=hint, raw=raw)
        self.near = near


class AlreadyExists(ToolError):
    failure = FailureClass.CONFLICT


class Conflict(ToolError):
    failure = FailureClass.CONFLICT


class Invalid(ToolError):
    failure = FailureClass.INVALID


class Drifted(ToolError):
    failure = FailureClass.DRIFT


class CheckFailed(ToolError):
    """The call was accepted, and its effect was not observed."""

    failure = FailureClass.CHECK_FAILED


class InDoubt(ToolError):
    """The call may or may not have arrived, and the world does not tell."""

    failure = FailureClass.IN_DOUBT


class GateRefused(ToolError):
    failure = FailureClass.REFUSED
