"""“Don't ask again”: what an operator decided to decide once for a session.

A waiver holds for one tool on one kind in one namespace of one place, until the session ends or it is
taken back. It never covers what needs a typed name: production, deletion, what cannot be undone;
nor values that were read where others can write.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.plan import Step, Verdict
from tools.tool import Effect, Frozen


class Waiver(Frozen):
    """One decision. `resource` is the kind as the API names it, with its subresource."""

    tool: str
    resource: str
    namespace: str
    place: str

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.tool} on {self.resource}{where} ({self.place})"


def waivable(step: Step) -> tuple[Waiver, ...]:
    """The waivers that would cover this step; none where it must always be asked about."""
    always = step.ruling.verdict is not Verdict.ASK or step.effect is not Effect.WRITE
    if always or step.ruling.approvals > 1 or step.gate or step.tainted or step.preview is None:
        return ()
    return tuple(
        dict.fromkeys(
            Waiver(
                tool=step.tool,
                resource=permit.resource,
                namespace=permit.namespace,
                place=permit.place,
            )
            for permit in step.preview.permits
        )
    )


def covered(step: Step, waivers: Iterable[Waiver]) -> bool:
    """Whether the operator decided beforehand about everything this step writes."""
    wanted = waivable(step)
    return bool(wanted) and set(wanted) <= set(waivers)
