"""Walks the graph of an approved plan: every ready step at once, up to a limit."""

from __future__ import annotations

import asyncio
from datetime import datetime

from agent import events as e
from agent.execution.reads import ReadStep
from agent.execution.step import Site, StepRun
from agent.execution.writes import WriteStep
from agent.plan import PlanStatus, Step, StepState


async def execute(site: Site, plan_id: str, stop: asyncio.Event) -> PlanStatus:
    """Carry out what is approved of a plan and not done yet.

    Setting `stop` keeps further calls from leaving; what is in flight is looked at and recorded.
    A step that fails takes down only what rests on it.

    Returns:
        How the plan ended; `INTERRUPTED` when a step remains in doubt.
    """
    plan = site.log.state.plans[plan_id].plan
    started = site.log.now()
    over = {step.id: asyncio.Event() for step in plan.steps}
    room = asyncio.Semaphore(site.pace.concurrent)

    async def walk(step: Step) -> None:
        try:
            for needed in step.depends_on:
                await over[needed].wait()
            state = site.log.state.plans[plan_id].of(step.id).state
            if state.final or state is StepState.IN_DOUBT:
                return
            if reason := _blocked(site, plan_id, step):
                await site.log.record(e.StepSkipped(plan_id=plan_id, step_id=step.id, reason=reason))
                return
            async with room:
                run = runner(site, plan_id, step, stop)
                if stop.is_set():
                    await run.stopped("", "Stopped before it started.", applied=False)
                else:
                    await run.run()
        finally:
            over[step.id].set()

    async with asyncio.TaskGroup() as group:
        for step in plan.steps:
            group.create_task(walk(step), name=f"step {plan_id}/{step.id}")
    return await finish(site, plan_id, started)


def runner(site: Site, plan_id: str, step: Step, stop: asyncio.Event) -> StepRun:
    """What runs this step: a write goes through grant and observation, a read does not."""
    return (WriteStep if step.effect.writes else ReadStep)(site, plan_id, step, stop)


async def finish(site: Site, plan_id: str, started: datetime | None = None) -> PlanStatus:
    """Record how the plan ended, unless a step is still in doubt or open."""
    progress = site.log.state.plans[plan_id]
    states = [progress.of(step.id).state for step in progress.plan.steps]
    if not all(state.final for state in states):
        return PlanStatus.INTERRUPTED
    if StepState.FAILED in states:
        status = PlanStatus.FAILED
    elif StepState.STOPPED in states:
        status = PlanStatus.STOPPED
    else:
        status = PlanStatus.SUCCEEDED
    done = sum(progress.of(step_id).state is StepState.SUCCEEDED for step_id in progress.approved)
    words = [f"{done} of {len(progress.approved)} approved steps done and checked"]
    words += [
        f"{states.count(state)} {state.value}"
        for state in (StepState.FAILED, StepState.STOPPED, StepState.SKIPPED)
        if state in states
    ]
    since = started or progress.started or site.log.now()
    await site.log.record(
        e.PlanFinished(
            plan_id=plan_id,
            status=status,
            summary=", ".join(words) + ".",
            seconds=(site.log.now() - since).total_seconds(),
        )
    )
    return status


def _blocked(site: Site, plan_id: str, step: Step) -> str:
    """Why a step whose turn has come cannot run, or nothing."""
    progress = site.log.state.plans[plan_id]
    if step.id not in progress.approved:
        return "It was not approved."
    for needed in step.depends_on:
        state = progress.of(needed).state
        if state is not StepState.SUCCEEDED:
            return f"It rests on {needed}, which is {state.value}."
    return ""
