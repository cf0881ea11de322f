"""Postconditions: what the operator, or the plan, says must be so after a step.

    the error count in the last five minutes is below 10
    {"call": {"tool": "kubernetes_logs", …}, "path": "count", "must": "<", "than": 10, "lasts": 300}

A check is a read, a path into its output and a comparison. The executor runs it after the tool's own
observation holds; a check that does not come true in time makes its step a failure, and with `lasts`
it has to stay true that long ("watch five minutes").
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field, JsonValue

from agent.planning.references import Reference, ReferenceProblem, resolve
from tools.tool import Call, Frozen

Comparison = Literal["<", "<=", "==", "!=", ">=", ">"]

_COMPARE: dict[Comparison, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


class Check(Frozen):
    """One postcondition.

    Attributes:
        says: the condition in the operator's words.
        call: the read that shows it; None for the step's own output (a read step's).
        path: dotted path into the output; a list compares by its length.
        must: how the value has to stand to `than`.
        than: a number or a text.
        within: seconds it may take to come true.
        lasts: seconds it then has to stay true.
    """

    says: str = Field(min_length=1, max_length=300)
    call: Call | None = None
    path: str = ""
    must: Comparison
    than: int | float | str
    within: float = Field(60.0, ge=0, le=3600)
    lasts: float = Field(0.0, ge=0, le=86400)

    def holds(self, output: JsonValue) -> tuple[bool, str]:
        """Whether an output fulfils it, and what was seen, for the operator.

        Raises:
            ReferenceProblem: the path leads nowhere, or the two values cannot be compared.
        """
        seen = resolve({"$from": "seen", "path": self.path}, {"seen": output})
        if isinstance(seen, list):
            seen = len(seen)
        wanted = float(self.than) if isinstance(self.than, int | float) else self.than
        try:
            value = float(seen) if isinstance(wanted, float) and isinstance(seen, int | float | str) else seen
            truth = _COMPARE[self.must](value, wanted)
        except (TypeError, ValueError):
            where = Reference(step="output", path=self.path)
            raise ReferenceProblem(
                f"{where} is {seen!r}, which cannot be compared with {self.than!r}."
            ) from None
        return truth, f"{self.says}: {self.path or 'output'} is {seen}, must be {self.must} {self.than}"
