"""The gate: writes are impossible without a grant, not merely forbidden.

It stands inside the HTTP transport of the Kubernetes client and in botocore's event hooks, so it
sees the real verb and path, the real service and operation, whichever tool or bug produced them.

- A *read* passes.
- A *sensitive read* (Secrets, exec, tokens, decrypted parameters) needs a reveal grant: minted from
  one act of the operator's, for one exact request, spent on use, gone within seconds.
- *Anything else is a write* and needs a grant: minted from one approved step, for exact requests,
  spent on use. No grant, no bytes leave. Unknown means write; a failure in here means no.

Only the holder of the `Mint` can issue grants, and `Gate.build()` hands it out once: to execution, and to
what carries out the operator's reveals.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from tools.errors import GateRefused


class Access(StrEnum):
    READ = "read"
    SENSITIVE = "sensitive read"
    WRITE = "write"


class Permit(BaseModel):
    """One exact request: where to, which verb, on what.

    `system` is `kubernetes` or `aws`. `place` is the kubeconfig context, or `profile/region`.
    `verb` is a Kubernetes API verb (`patch`) or an AWS operation (`ec2:StopInstances`). `resource`
    is `deployments.apps` or `deployments.apps/scale`; `name` the object's name, or for AWS the
    canonical JSON of the identifying parameters. `content` is the digest of what else the request says
    (`tools.kubernetes.connection.content`); a grant's permit without one leaves that open. For AWS the
    name says it all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    place: str
    verb: str
    resource: str = ""
    namespace: str = ""
    name: str = ""
    content: str = ""

    def __str__(self) -> str:
        what = "/".join(part for part in (self.resource, self.namespace, self.name) if part)
        return f"{self.verb} {what} on {self.system} {self.place}".replace("  ", " ")


class Grant:
    """Permission for the requests of one attempt of one approved step, or of one reveal. Each is spent on use."""

    def __init__(
        self,
        step: str,
        permits: Iterable[Permit],
        *,
        reveals: Iterable[Permit],
        expires: float,
        halted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.step = step
        self.expires = expires
        self.halted = halted
        self.used = False
        """Whether any request of it has passed the gate."""
        self._left = Counter(permits)
        self._reveals = Counter(reveals)

    def spend(self, permit: Permit, now: float) -> bool:
        """True, once per permit, while the grant has not expired and nobody said stop."""
        if now > self.expires or self.halted():
            return False
        for covering in (permit, permit.model_copy(update={"content": ""})):
            if self._left[covering] > 0:
                self._left[covering] -= 1
                self.used = True
                return True
        return False

    def spend_reveal(self, permit: Permit, now: float) -> bool:
        """True, once per sensitive read it names to the letter, while the grant has not expired."""
        if now > self.expires or self._reveals[permit] <= 0 or self.halted():
            return False
        self._reveals[permit] -= 1
        self.used = True
        return True

    def revoke(self) -> None:
        """What has not been spent can no longer be."""
        self._left.clear()
        self._reveals.clear()


_held: ContextVar[tuple[Gate, Grant] | None] = ContextVar("grant_held", default=None)


class Gate:
    """Judges every outgoing request. Stateless but for a lock that `stop` turns."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    @classmethod
    def build(cls, clock: Callable[[], float] = time.monotonic) -> tuple[Gate, Mint]:
        """A gate and the only mint whose grants it honours."""
        gate = cls(clock)
        return gate, Mint(gate, clock)

    def judge(self, access: Access, permit: Permit) -> None:
        """Let the request pass or raise `GateRefused`; called by the transports, before any byte.

        Args:
            access: what kind of request the transport recognised.
            permit: the request itself, described exactly.
        """
        if access is Access.READ:
            return
        held = _held.get()
        grant = held[1] if held is not None and held[0] is self else None
        if access is Access.SENSITIVE:
            if grant is not None and grant.spend_reveal(permit, self._clock()):
                return
            raise GateRefused(
                f"The gate refused to {permit}: it would reveal a secret.",
                hint="Only an operator's own reveal opens that, for one request, once.",
            )
        if grant is None:
            raise GateRefused(
                f"The gate refused to {permit}: no approved step asked for it.",
                hint="Changes go through a plan that an operator approved.",
            )
        if grant.halted():
            raise GateRefused(f"The gate refused to {permit}: step {grant.step} was stopped.")
        if not grant.spend(permit, self._clock()):
            raise GateRefused(
                f"The gate refused to {permit}: the approval of step {grant.step} does not cover it"
                " with this content, or was used already."
            )


class Mint:
    """Issues grants. Held by execution, and by what carries out reveals."""

    def __init__(self, gate: Gate, clock: Callable[[], float]) -> None:
        self._gate = gate
        self._clock = clock

    @contextmanager
    def grant(
        self,
        step: str,
        permits: Iterable[Permit],
        *,
        seconds: float,
        reveals: Iterable[Permit] = (),
        halted: Callable[[], bool] = lambda: False,
    ) -> Iterator[Grant]:
        """Hold a grant for the calls made inside the `with` block, in this task and its children.

        Args:
            step: the approved step's id, for the refusal's sentence.
            permits: the requests it may send, each once.
            seconds: how long it lives.
            reveals: the sensitive reads it may send, each once; nothing about them is left open.
            halted: asked before each write; once it says yes, none leaves any more.
        """
        grant = Grant(step, permits, reveals=reveals, expires=self._clock() + seconds, halted=halted)
        token = _held.set((self._gate, grant))
        try:
            yield grant
        finally:
            grant.revoke()
            _held.reset(token)
