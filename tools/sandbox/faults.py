"""Trouble on demand: answers that fail, wait, break off or lie, and a log of what was asked."""

from __future__ import annotations

from collections import deque
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.sandbox.failure import ApiFailure

_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
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
        warning: do it, and send this along as a warning of admission.
        times: how often; None for ever.
    """

    model_config = ConfigDict(extra="forbid")

    match: Match = Match()
    status: int | None = Field(default=None, ge=400, le=599)
    message: str = "the practice cluster was told to fail"
    retry_after: int | None = None
    delay: float = Field(default=0.0, ge=0)
    disconnect: Literal["before", "after"] | None = None
    lie: bool = False
    warning: str = ""
    times: int | None = Field(default=None, ge=1)

    def failure(self) -> ApiFailure | None:
        if self.status is None:
            return None
        details = {} if self.retry_after is None else {"retryAfterSeconds": self.retry_after}
        return ApiFailure(self.status, _REASONS.get(self.status, "InternalError"), self.message, details)


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


class Faults:
    """The faults in force, and the log of mutating requests."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.asked: deque[AskedRequest] = deque(maxlen=_KEPT_REQUESTS)

    def add(self, fault: Fault) -> None:
        self.active.append(fault)

    def clear(self) -> None:
        self.active.clear()

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
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self.active = [other for other in self.active if other is not fault]
            return fault
        return None
