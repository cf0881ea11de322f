"""Walks the graph of an approved plan: every ready step at once, up to a limit."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal

from agent import events as e
from agent.budget import out_of_time
from agent.execution.halt import Halt, Stopped
from agent.execution.reads import ReadStep
from agent.execution.step import Site, StepRun
from agent.execution.writes import WriteStep
from agent.plan import PlanStatus, Step, StepState
from agent.state import PlanProgress, StepProgress


async def execute(site: Site, plan_id: str, stop: Halt) -> PlanStatus:
    """Carry out what is approved of a plan and not done yet.

    Setting `stop` keeps further calls from leaving; what is in flight is looked at and recorded.
    A step that fails takes down what rests on it, and sets off what was planned for its failure.

    Returns:
        How the plan ended; `INTERRUPTED` when a step remains in doubt.
    """
    walk = Walk(site, plan_id, stop)
    async with asyncio.TaskGroup() as group:
        for step in site.log.state.plans[plan_id].plan.steps:
            group.create_task(walk.step(step), name=f"step {plan_id}/{step.id}")
    return await finish(site, plan_id, walk.started)


class Walk:
    """One pass over a plan's graph."""

    def __init__(self, site: Site, plan_id: str, stop: Halt) -> None:
        self.started = site.log.now()
        self._site = site
        self._plan_id = plan_id
        self._stop = stop
        self._over = {step.id: asyncio.Event() for step in site.log.state.plans[plan_id].plan.steps}
        self._room = asyncio.Semaphore(site.pace.concurrent)
        self._waited = 0.0
        """Seconds spent waiting for the operator; they are not the plan's."""

    async def step(self, step: Step) -> None:
        """Wait for the step's turn, then run it, or say why not."""
        try:
            for needed in step.after:
                await self._over[needed].wait()
            state = self._state(step.id)
            if state.final or state is StepState.IN_DOUBT:
                return
            if any(not self._state(needed).final for needed in step.after):
                return  # what it rests on is in doubt: its turn comes when that is settled
            if reason := self._blocked(step):
                await self._skip(step, reason)
                return
            run = runner(self._site, self._plan_id, step, self._stop)
            if await self._passed(step, run):
                async with self._room:
                    await self._run(step, run)
        finally:
            self._over[step.id].set()

    async def _run(self, step: Step, run: StepRun) -> None:
        seconds = (self._site.log.now() - self.started).total_seconds() - self._waited
        if self._stop.is_set():
            await run.stopped("", "Stopped before it started.", applied=False)
        elif reason := out_of_time(seconds, self._site.limits):
            await self._skip(step, reason)
        else:
            await run.run()

    async def _passed(self, step: Step, run: StepRun) -> bool:
        """Wait at the step's gate, if it has one; False when the operator said stop there."""
        if not step.gate or self._progress(step.id).passed:
            return True
        began = self._site.log.now()
        if self._state(step.id) is not StepState.WAITING:
            reached = e.GateReached(plan_id=self._plan_id, step_id=step.id, gate=step.gate)
            await self._site.log.record(reached)
        plan_id = self._plan_id
        try:
            await run.unless_stopped(
                self._site.log.until(lambda state: state.plans[plan_id].of(step.id).passed)
            )
        except Stopped:
            await run.stopped("", "Stopped while it waited for you.", applied=False)
            return False
        self._waited += (self._site.log.now() - began).total_seconds()
        return self._progress(step.id).passed

    def _blocked(self, step: Step) -> str:
        """Why a step whose turn has come does not run, or nothing."""
        if step.id not in self._site.log.state.plans[self._plan_id].approved:
            return "It was not approved."
        if step.if_failed and not any(self._state(one) is StepState.FAILED for one in step.if_failed):
            return f"It is for the case that {' or '.join(step.if_failed)} fails; that did not happen."
        for needed in step.depends_on:
            if self._state(needed) is not StepState.SUCCEEDED:
                return f"It rests on {needed}, which is {self._state(needed).value}."
        return ""

    async def _skip(self, step: Step, reason: str) -> None:
        await self._site.log.record(e.StepSkipped(plan_id=self._plan_id, step_id=step.id, reason=reason))

    def _progress(self, step_id: str) -> StepProgress:
        return self._site.log.state.plans[self._plan_id].of(step_id)

    def _state(self, step_id: str) -> StepState:
        return self._progress(step_id).state


def runner(site: Site, plan_id: str, step: Step, stop: Halt) -> StepRun:
    """What runs this step: a write goes through grant and observation, a read does not."""
    return (WriteStep if step.effect.writes else ReadStep)(site, plan_id, step, stop)


async def finish(site: Site, plan_id: str, started: datetime | None = None) -> PlanStatus:
    """Record how the plan ended, unless a step is still in doubt or open."""
    progress = site.log.state.plans[plan_id]
    states = [progress.of(step.id).state for step in progress.plan.steps]
    if not all(state.final for state in states):
        await _still_in_doubt(site, progress)
        return PlanStatus.INTERRUPTED
    since = started or progress.started or site.log.now()
    status = _status(progress)
    await site.log.record(
        e.PlanFinished(
            plan_id=plan_id,
            status=status,
            summary=_summary(progress),
            seconds=(site.log.now() - since).total_seconds(),
        )
    )
    return status


async def _still_in_doubt(site: Site, progress: PlanProgress) -> None:
    """Say what keeps a plan that has been resumed from ending; it is interrupted again by that."""
    if progress.status is not PlanStatus.RUNNING:
        return
    for step in progress.plan.steps:
        seen = progress.of(step.id)
        if seen.state is StepState.IN_DOUBT:
            await site.log.record(
                e.StepInDoubt(
                    plan_id=progress.plan.id, step_id=step.id, attempt=seen.attempt, detail=seen.cause
                )
            )


Ended = Literal[PlanStatus.SUCCEEDED, PlanStatus.FAILED, PlanStatus.STOPPED]


def _status(progress: PlanProgress) -> Ended:
    states = {progress.of(step.id).state for step in progress.plan.steps}
    if StepState.FAILED in states or _cut_short(progress):
        return PlanStatus.FAILED
    return PlanStatus.STOPPED if StepState.STOPPED in states else PlanStatus.SUCCEEDED


def _cut_short(progress: PlanProgress) -> bool:
    """Whether an approved step was skipped though nothing failed: its budget was used up."""
    return any(
        step.id in progress.approved
        and not step.if_failed
        and progress.of(step.id).state is StepState.SKIPPED
        and all(progress.of(one).state is StepState.SUCCEEDED for one in step.depends_on)
        for step in progress.plan.steps
    )


def _summary(progress: PlanProgress) -> str:
    """How many steps are done; those for a failure that did not happen do not count."""
    wanted = [
        step.id
        for step in progress.plan.steps
        if step.id in progress.approved
        and not (step.if_failed and progress.of(step.id).state is StepState.SKIPPED)
    ]
    states = [
        progress.of(step.id).state
        for step in progress.plan.steps
        if step.id in wanted or step.id not in progress.approved
    ]
    done = sum(progress.of(step_id).state is StepState.SUCCEEDED for step_id in wanted)
    words = [f"{done} of {len(wanted)} approved steps done and checked"]
    words += [
        f"{states.count(state)} {state.value}"
        for state in (StepState.FAILED, StepState.STOPPED, StepState.SKIPPED)
        if state in states
    ]
    back = [
        step.undoes
        for step in progress.plan.steps
        if step.undoes and progress.of(step.id).started and progress.of(step.id).state is StepState.SUCCEEDED
    ]
    if back:
        words.append(f"{' and '.join(back)} put back as found")
    return " ".join((", ".join(words) + ".", *_half_way(progress)))


def _half_way(progress: PlanProgress) -> list[str]:
    """What became of each write that a stop met on its way, in that write's own words."""
    stopped = [step for step in progress.plan.writes if progress.of(step.id).state is StepState.STOPPED]
    return [f"{step.title}: {cause}" for step in stopped if (cause := progress.of(step.id).cause)]
