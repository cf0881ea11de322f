"""Trouble on demand: answers that fail, wait, break off or lie, and a log of what was asked."""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.sandbox.failure import ApiFailure

_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}
_KEPT_REQUESTS = 5000


class Match(BaseModel):
    """Which requests a fault hits; an empty field matches everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verb: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    user: str = ""
    dry_run: bool | None = None


class Fault(BaseModel):
    """One kind of trouble.

    Fields:
        status: answer with this HTTP status instead of doing anything.
        message: the sentence of that answer.
        retry_after: seconds for the Retry-After header.
        delay: seconds to wait first.
        disconnect: break the connection: "before" doing anything, or "after" having done it.
        lie: answer as if it had been done, and do nothing.
        late: do it so many of the cluster's seconds later, and answer now: as if it had been done, or with `status`.
        hold: do it, and keep the answer back for so many seconds.
        body: answer 200 with this text, whatever it is, and do nothing.
        drop: dotted paths of what is sent that get lost on the way, as an admission plugin may do.
        warning: do it, and send this along as a warning of admission.
        skip: let so many matching requests pass first.
        times: how often; None for ever.
        then: trouble that begins once this has struck for the first time.
    """

    model_config = ConfigDict(extra="forbid")

    match: Match = Match()
    status: int | None = Field(default=None, ge=400, le=599)
    message: str = "the practice cluster was told to fail"
    retry_after: int | None = None
    delay: float = Field(default=0.0, ge=0)
    disconnect: Literal["before", "after"] | None = None
    lie: bool = False
    late: float = Field(default=0.0, ge=0)
    hold: float = Field(default=0.0, ge=0)
    body: str | None = None
    drop: tuple[str, ...] = ()
    warning: str = ""
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)
    then: tuple[Fault, ...] = ()

    def failure(self) -> ApiFailure | None:
        if self.status is None:
            return None
        details = {} if self.retry_after is None else {"retryAfterSeconds": self.retry_after}
        return ApiFailure(self.status, _REASONS.get(self.status, "InternalError"), self.message, details)

    def without_dropped(self, body: Any) -> Any:
        """What was sent, less what this fault loses."""
        for path in self.drop:
            body = _without(body, path.split("."))
        return body


def _without(body: Any, path: list[str]) -> Any:
    if not isinstance(body, dict) or path[0] not in body:
        return body
    if len(path) == 1:
        return {key: entry for key, entry in body.items() if key != path[0]}
    return {**body, path[0]: _without(body[path[0]], path[1:])}


class AskedRequest(BaseModel):
    """One mutating request, as it arrived."""

    model_config = ConfigDict(frozen=True)

    verb: str
    path: str
    resource: str
    namespace: str
    name: str
    subresource: str
    user: str
    dry_run: bool
    time: str
    code: int
    done: bool
    """Whether it changed the cluster there and then, whatever the answer said."""


class Faults:
    """The faults in force, and the log of mutating requests."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.asked: deque[AskedRequest] = deque(maxlen=_KEPT_REQUESTS)

    def add(self, fault: Fault) -> None:
        self.active.append(fault)

    def clear(self, user: str = "") -> None:
        """Take back all faults, or those that hit only one user."""
        self.active = [fault for fault in self.active if user and fault.match.user != user]

    def strike(
        self, *, verb: str, resource: str, namespace: str, name: str, user: str, dry_run: bool
    ) -> Fault | None:
        """The first fault that hits a request; it is used up by one."""
        actual = {"verb": verb, "resource": resource, "namespace": namespace, "name": name, "user": user}
        for fault in self.active:
            wanted = fault.match.model_dump(exclude={"dry_run"})
            if any(value and value != actual[key] for key, value in wanted.items()):
                continue
            if fault.match.dry_run is not None and fault.match.dry_run != dry_run:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            self.active += fault.then
            fault.then = ()
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self.active = [other for other in self.active if other is not fault]
            return fault
        return None
