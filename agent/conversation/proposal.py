"""Reading a plan while the model is still writing it.

`propose_plan`'s arguments arrive in fragments. A step counts as written once the next one has begun
or the whole call is complete; until then it may still change.
"""

from __future__ import annotations

from pydantic import JsonValue, ValidationError

from agent.plan import Draft, DraftStep, PlanProblem


class Proposal:
    """One `propose_plan` call in the making."""

    def __init__(self) -> None:
        self.goal = ""
        self._taken = 0

    def grew(self, snapshot: dict[str, JsonValue]) -> list[DraftStep]:
        """The steps that became complete with this snapshot of the arguments."""
        steps = snapshot.get("steps")
        if isinstance(steps, list) and isinstance(snapshot.get("goal"), str):
            self.goal = str(snapshot["goal"])
        return self._new(steps if isinstance(steps, list) else [], complete=False)

    def rest(self, arguments: dict[str, JsonValue]) -> list[DraftStep]:
        """The steps not yet seen, once the call is complete."""
        steps = arguments.get("steps")
        return self._new(steps if isinstance(steps, list) else [], complete=True)

    def _new(self, steps: list[JsonValue], *, complete: bool) -> list[DraftStep]:
        ready = len(steps) if complete else len(steps) - 1
        found = []
        for raw in steps[self._taken : max(ready, self._taken)]:
            self._taken += 1
            try:
                found.append(DraftStep.model_validate(raw))
            except ValidationError:
                continue  # said in full when the whole plan is checked
        return found


def read_plan(arguments: dict[str, JsonValue]) -> Draft:
    """The plan that complete arguments hold. Raises `PlanProblem` naming what does not fit."""
    try:
        return Draft.model_validate(arguments)
    except ValidationError as error:
        raise PlanProblem(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}." for item in error.errors()
        ) from error
