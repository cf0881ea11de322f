"""Events of a reveal: who saw what, and why. What was seen is in none of them."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from agent.events.durable import Durable
from agent.events.ephemeral import Ephemeral
from agent.sealed import Sealed
from tools.gate import Permit
from tools.tool import Scope


class RevealGranted(Durable):
    """The operator decided to see something secret; the request for it is about to leave.

    `permit` is that one request; `rule` the policy rule that had the last word.
    """

    kind: Literal["reveal_granted"] = "reveal_granted"
    request: str
    what: str
    target: str
    scope: Scope
    key: str = ""
    command: tuple[str, ...] = ()
    why: str
    by: str
    how: Literal["key", "flag"]
    rule: str
    permit: Permit
    seconds: float

    def words(self) -> str:
        return f"{self.what} {self.why}"


class RevealEnded(Durable):
    """What came of it. `refused` was never granted; `shown` reached the operator's screen, and nothing else."""

    kind: Literal["reveal_ended"] = "reveal_ended"
    request: str
    what: str
    by: str
    outcome: Literal["shown", "failed", "refused"]
    cause: str = ""


class Revealed(Ephemeral):
    """Sealed values for the one who asked, the sentence why there are none, or the name that has to be typed."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    kind: Literal["revealed"] = "revealed"
    request: str
    what: str = ""
    sealed: Sealed | None = None
    seconds: float = 0.0
    """How long they may stay on the screen."""
    failure: str = ""
    needs_name: str = ""
