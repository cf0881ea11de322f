"""Looking whether a step's postconditions come true, and stay true as long as they have to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from agent import events as e
from agent.execution.step import StepRun
from agent.planning.checks import Check
from agent.planning.references import ReferenceProblem
from tools.errors import CheckFailed, ToolError

_FIRST_LOOK, _SLOWEST_LOOK = 0.5, 10.0

_UNWATCHED = 90.0
"""Seconds between two looks after which nobody can say what happened meanwhile: the machine was asleep."""


async def fulfil(run: StepRun, told: Callable[[str], None] = lambda detail: None) -> str:
    """Wait until every check of the step holds; returns what was seen.

    Args:
        told: is given a line for the screen at every look.

    Raises:
        CheckFailed: one did not come true in time, or did not stay true.
        Stopped: the operator said stop.
    """
    seen = [await _one(run, check, told) for check in run.step.checks]
    return "; ".join(seen)


async def _one(run: StepRun, check: Check, told: Callable[[str], None]) -> str:
    now = run.site.log.now
    deadline, delay = now() + timedelta(seconds=check.within), _FIRST_LOOK
    since: datetime | None = None
    looked = now()
    while True:
        holds, detail = await _look(run, check)
        left, before, looked = 0.0, looked, now()
        if since is not None and (looked - before).total_seconds() > _UNWATCHED:
            since, delay = None, _FIRST_LOOK  # what was not watched does not count
        if holds:
            since = since or looked
            left = check.lasts - (now() - since).total_seconds()
        told(detail)
        shown = f"{detail}; {left:.0f} s more to watch" if left >= 1 else detail
        run.site.log.show(e.StepChecking(plan_id=run.plan_id, step_id=run.step.id, detail=shown))
        if holds:
            if left <= 0:
                return detail
            await run.unless_stopped(run.sleep(min(delay, left)))
        elif since is not None:
            kept = (now() - since).total_seconds()
            raise CheckFailed(f"It did not stay so: after {kept:.0f} s, {detail}.")
        elif now() >= deadline:
            raise CheckFailed(f"Not so within {check.within:.0f} s: {detail}.")
        else:
            left = (deadline - now()).total_seconds()
            await run.unless_stopped(run.sleep(min(delay, max(left, 0.05))))
        delay = min(delay * 1.6, _SLOWEST_LOOK)


async def _look(run: StepRun, check: Check) -> tuple[bool, str]:
    """Whether it holds now. What cannot be read does not hold; the reason is what was seen."""
    call = check.call or run.step.call
    try:
        output = await run.unless_stopped(run.site.reader.run(call, run.step.scope))
        return check.holds(output.model_dump(mode="json"))
    except (ToolError, ReferenceProblem) as blind:
        return False, f"{check.says}: {blind}"
