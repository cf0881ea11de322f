"""After a crash: steps whose intent is on disk and whose outcome is not.

A read simply runs again. A write is looked up in the world, never blindly repeated: its effect is
there (then it is watched to its end), it is not there (then it may run again), or nobody can tell
(then it stays in doubt and the operator decides).
"""

from __future__ import annotations

from collections.abc import Iterable

from agent import events as e
from agent.execution.executor import finish
from agent.execution.halt import Halt
from agent.execution.step import Site
from agent.execution.writes import WriteStep
from agent.plan import PlanStatus
from tools.errors import ToolError


async def settle_doubts(site: Site, open_keys: Iterable[str], stop: Halt) -> None:
    """Give every open intent an outcome where the world allows one.

    Args:
        open_keys: keys of attempts that were begun and not ended, as the journal tells them.
    """
    intents = {
        recorded.event.key: recorded.event
        for recorded in site.log.history
        if isinstance(recorded.event, e.StepIntended)
    }
    for key in open_keys:
        if key in intents:
            await _settle(site, intents[key], stop)
    for plan_id, progress in site.log.state.plans.items():
        if progress.status is PlanStatus.INTERRUPTED:
            await finish(site, plan_id)


async def settle_by_word(site: Site, settled: e.DoubtSettled) -> None:
    """Record what the operator says of a step in doubt, and the plan's end if nothing is left to do."""
    key = f"{settled.plan_id}/{settled.step_id}/{settled.attempt}"
    await site.log.end(key, settled)
    progress = site.log.state.plans[settled.plan_id]
    if all(progress.of(step.id).state.final for step in progress.plan.steps):
        await finish(site, settled.plan_id)


async def _settle(site: Site, intent: e.StepIntended, stop: Halt) -> None:
    place = {"plan_id": intent.plan_id, "step_id": intent.step_id, "attempt": intent.attempt}
    if not intent.effect.writes:
        await site.log.end(intent.key, e.StepNotApplied(**place, detail="A read that was cut off."))
        return
    step = site.log.state.plans[intent.plan_id].plan.step(intent.step_id)
    run = WriteStep(site, intent.plan_id, step, stop)
    if intent.before:
        run.measured_against(intent.before)
    await site.log.record(
        e.StepInDoubt(**place, detail="The program ended while this was under way; looking at the world.")
    )
    try:
        seen = await run.look()
    except ToolError as error:
        await site.log.record(e.StepInDoubt(**place, detail=f"It cannot be looked up: {error}"))
        return
    if seen.applied:
        await run.settle(intent.key, intent.attempt, site.log.now(), cut_off=True)
    elif seen.applied is False:
        # It never arrived, or somebody has changed it back since: the world does not tell which.
        await site.log.end(
            intent.key, e.StepNotApplied(**place, detail=f"Its effect is not there: {seen.detail}")
        )
    else:
        await site.log.record(
            e.StepInDoubt(**place, detail=f"Whether it arrived is not known: {seen.detail}")
        )
