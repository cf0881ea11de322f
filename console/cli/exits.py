"""How a command ends: its exit code, and the one table from everything that can fail to that code."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import JsonValue

    from tools.errors import FailureClass


class Exit(IntEnum):
    """What `pilothouse SUBCOMMAND` leaves behind for a script."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    """By policy or by the gate."""
    DECISION = 4
    """The operator has to decide: a question, a plan, a name to type, a plan that no longer holds."""
    UNREACHABLE = 5
    """No connection, or no credentials."""
    INTERRUPTED = 130


class Problem(Exception):
    """The command cannot go on.

    Args:
        sentence: what failed, on what, and why.
        hint: what to try. May be empty.
        details: further fields of the JSON document, such as the session's id.
    """

    def __init__(
        self, code: Exit, sentence: str, hint: str = "", *, details: dict[str, JsonValue] | None = None
    ) -> None:
        super().__init__(sentence)
        self.exit = code
        self.sentence = sentence
        self.hint = hint
        self.details = details or {}


_BY_FAILURE = {
    "unreachable": Exit.UNREACHABLE,
    "timeout": Exit.UNREACHABLE,
    "unauthorized": Exit.UNREACHABLE,
    "not configured": Exit.UNREACHABLE,
    "refused": Exit.REFUSED,
    "drift": Exit.DECISION,
    "in doubt": Exit.DECISION,
}

_BY_REFUSAL = {"policy": Exit.REFUSED, "stale": Exit.DECISION, "decision": Exit.DECISION}

_BY_CLASS = {
    "agent.models.errors.NoCredentials": Exit.UNREACHABLE,
    "agent.models.errors.Unauthorized": Exit.UNREACHABLE,
    "agent.models.errors.Unreachable": Exit.UNREACHABLE,
    "memory.errors.CredentialMissing": Exit.UNREACHABLE,
    "memory.errors.KeyringUnavailable": Exit.UNREACHABLE,
    "memory.errors.NoKeyring": Exit.UNREACHABLE,
}
"""Classes by name, so that looking at the table imports none of the rooms they live in."""


def of_failure(failure: FailureClass | None) -> Exit:
    """The code for a step, a read or a turn that failed in this way."""
    return _BY_FAILURE.get(failure, Exit.FAILED) if failure is not None else Exit.FAILED


def problem_of(error: BaseException) -> Problem | None:
    """The error as a problem with its code; None for an error nobody declared, which is a defect."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Problem(Exit.INTERRUPTED, "Interrupted.")
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    if name == "asyncio.exceptions.CancelledError":
        return Problem(Exit.INTERRUPTED, "Interrupted.")
    code = _BY_CLASS.get(name)
    from agent.deciding.decisions import CommandRefused
    from agent.models.errors import ModelError
    from agent.settings import SettingsError
    from memory.errors import KeptError
    from tools.errors import ToolError

    match error:
        case CommandRefused():
            return Problem(_BY_REFUSAL.get(error.why, Exit.FAILED), error.sentence, error.hint)
        case ToolError():
            return Problem(code or of_failure(error.failure), error.message, error.hint)
        case ModelError():
            return Problem(code or Exit.FAILED, error.sentence, error.hint)
        case KeptError():
            return Problem(code or Exit.FAILED, error.message, error.hint)
        case SettingsError():
            return Problem(Exit.FAILED, str(error), "Mend it, or move it away to go on with the defaults.")
    return None
