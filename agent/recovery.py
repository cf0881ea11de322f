"""What follows a failure: one table from its class to a response, and the waits between tries.

A call that failed is only ever sent again unchanged when its class says that the same call can
succeed later (`RETRY`), or after the world was looked at again (`REREAD`, `OBSERVE`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tenacity import RetryCallState, wait_exponential_jitter

from tools.errors import FailureClass, Throttled, TimedOut, ToolError


class Response(StrEnum):
    RETRY = "wait, then try again"
    REREAD = "look again, then try again"
    OBSERVE = "look whether it happened, then decide"
    ASK = "ask the operator"
    STOP = "stop this step"


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to a class of failures, for reads and for writes."""

    read: Response
    write: Response
    attempts: int = 1
    """Tries in all, the first included; the operator's limit may be lower."""


ANSWERS: dict[FailureClass, Answer] = {
    FailureClass.TRANSIENT: Answer(Response.RETRY, Response.OBSERVE, attempts=4),
    FailureClass.THROTTLED: Answer(Response.RETRY, Response.RETRY, attempts=6),
    FailureClass.UNREACHABLE: Answer(Response.RETRY, Response.OBSERVE, attempts=4),
    FailureClass.TIMEOUT: Answer(Response.RETRY, Response.OBSERVE, attempts=3),
    FailureClass.CONFLICT: Answer(Response.STOP, Response.REREAD, attempts=3),
    FailureClass.DRIFT: Answer(Response.STOP, Response.ASK),
    FailureClass.CHECK_FAILED: Answer(Response.STOP, Response.STOP),
    FailureClass.IN_DOUBT: Answer(Response.RETRY, Response.ASK),
    FailureClass.FORBIDDEN: Answer(Response.STOP, Response.STOP),
    FailureClass.UNAUTHORIZED: Answer(Response.STOP, Response.STOP),
    FailureClass.NOT_CONFIGURED: Answer(Response.STOP, Response.STOP),
    FailureClass.NOT_FOUND: Answer(Response.STOP, Response.STOP),
    FailureClass.INVALID: Answer(Response.STOP, Response.STOP),
    FailureClass.REFUSED: Answer(Response.STOP, Response.STOP),
    FailureClass.TOOL_BUG: Answer(Response.STOP, Response.OBSERVE),
}


class Aftermath(StrEnum):
    """What follows when a plan has failed. Of several failures the strictest answer, the last here, counts."""

    REDRAW = "draw up the rest again from what is there now"
    REPLAN = "have the rest planned anew"
    REPORT = "say what is true, and leave it to the operator"


AFTERMATH: dict[FailureClass, Aftermath] = {
    FailureClass.DRIFT: Aftermath.REDRAW,
    FailureClass.CONFLICT: Aftermath.REDRAW,
    FailureClass.CHECK_FAILED: Aftermath.REPLAN,
    FailureClass.INVALID: Aftermath.REPLAN,
    FailureClass.NOT_FOUND: Aftermath.REPLAN,
}
"""Every other class is reported: time, rights or a person must change something first."""

WORTH_REPEATING = frozenset(
    {
        FailureClass.TRANSIENT,
        FailureClass.THROTTLED,
        FailureClass.UNREACHABLE,
        FailureClass.TIMEOUT,
        FailureClass.CONFLICT,
        FailureClass.DRIFT,
    }
)
"""Classes after which the very same call can succeed later."""


def aftermath_of(failure: FailureClass) -> Aftermath:
    return AFTERMATH.get(failure, Aftermath.REPORT)


_backoff = wait_exponential_jitter(multiplier=0.5, max=20.0, exp_base=2, jitter=0.5)

LONGEST_WAIT = 60.0
"""Seconds; a server that asks for more patience than this is reported instead of waited for."""


def classify(error: BaseException, what: str = "The call") -> ToolError:
    """Any exception as a `ToolError`; what no tool declared is a bug in the tool.

    Args:
        what: what was under way, for the sentence of a timeout.
    """
    if isinstance(error, ToolError):
        return error
    if isinstance(error, TimeoutError):
        return TimedOut(f"{what} got no answer in time.")
    return ToolError(
        f"The tool broke: {type(error).__name__}: {error}.",
        hint="This is a defect of the tool, not of the cluster.",
    )


def respond(error: ToolError, attempt: int, limit: int, *, writes: bool) -> Response:
    """What to do after attempt number `attempt` (from 1) failed like this.

    Args:
        limit: the operator's limit of tries for one step.
    """
    answer = ANSWERS[error.failure]
    response = answer.write if writes else answer.read
    again = response in (Response.RETRY, Response.REREAD)
    if again and (attempt >= min(answer.attempts, limit) or wait(error, attempt) > LONGEST_WAIT):
        return Response.STOP
    return response


def may_repeat(error: ToolError, attempt: int, limit: int) -> bool:
    """Whether a write that was looked up and did not happen may be sent again."""
    return attempt < min(ANSWERS[error.failure].attempts, limit) and wait(error, attempt) <= LONGEST_WAIT


def wait(error: ToolError, attempt: int) -> float:
    """Seconds until the next try: what the server asked for, else exponential with jitter."""
    if isinstance(error, Throttled) and error.retry_after is not None:
        return error.retry_after
    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]
    state.attempt_number = attempt
    return float(_backoff(state))
