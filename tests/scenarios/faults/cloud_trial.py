"""One case in an AWS account from the scene to the verdict: real session, journal, botocore, HTTP."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from pydantic import JsonValue

from agent import events as e
from agent.plan import DraftStep, StepState
from agent.session import Session
from agent.settings import Settings
from memory import chain
from tests.scenarios.faults.cloud_door import Door, door
from tests.scenarios.faults.cloud_jobs import Args, Behind, CloudCase
from tests.scenarios.faults.jobs import shape
from tests.scenarios.faults.stage import FastClock
from tests.scenarios.faults.trial import (
    DECISIONS,
    GAPS,
    RECOVERY_OFF,
    RECOVERY_ON,
    Outcome,
    Result,
    last,
    reported,
)
from tests.scenarios.faults.troubles import ANSWER_IN, Hope
from tests.standins.crew import Crew, approve, carry_out, crew, offer
from tests.standins.moto_server import aws_files
from tools.aws.accounts import Accounts
from tools.aws.registry import aws_tools
from tools.gate import Gate
from tools.tool import Registry, Scope

_SCOPE = Scope(profile="test")


async def run(account: str, case: CloudCase, folder: Path, *, recovery: bool, number: int) -> Result:
    """As `trial.run`, in the account at this address."""
    began = time.monotonic()
    await asyncio.to_thread(folder.mkdir, parents=True)
    behind = await asyncio.to_thread(Behind, account, number)
    args = await asyncio.to_thread(case.job.scene, behind)
    clock = FastClock()
    opened: list[Accounts] = []
    async with door(account) as made:

        def registry(gate: Gate) -> Registry:
            opened.append(Accounts(gate, aws_files(folder, made.url)))
            return Registry(aws_tools(opened[0]))

        settings = Settings(limits=RECOVERY_ON if recovery else RECOVERY_OFF)
        try:
            async with crew(
                folder / "home", registry, settings=settings, sleep=clock.sleep, clock=clock.now
            ) as aboard:
                found = await _judged(case, behind, args, made, aboard, clock)
            verified = chain.verify(aboard.home.journal)
            if not verified.ok:
                found = found.model_copy(update={"outcome": Outcome.WRONG, "why": f"the journal: {verified}"})
        finally:
            for each in opened:
                await each.close()
    return found.model_copy(update={"recovery": recovery, "took": round(time.monotonic() - began, 3)})


async def _judged(
    case: CloudCase, behind: Behind, args: Args, made: Door, aboard: Crew, clock: FastClock
) -> Result:
    job, trouble = case.job, case.trouble
    session = await aboard.open()
    step = DraftStep(id="it", tool=job.tool, args=args, scope=_SCOPE)
    undisturbed = None if job.writes else shape(await _answer(aboard, step))
    plan = await offer(session, step, goal=f"{job.tool}: {trouble.name}")
    made.knocks.extend(await asyncio.to_thread(trouble.strikes, job, behind, args))
    if trouble.meddled and job.meddle is not None:
        await asyncio.to_thread(job.meddle, behind, args)
    if trouble.hurried:
        tool = aboard.ship.registry.get(job.tool)
        setattr(tool, "timeout", ANSWER_IN)  # noqa: B010 - it belongs to the class; this is one tool's own
    started = clock.seconds()
    await carry_out(session, approve(plan, confirmed=_names(session)))
    for _ in range(DECISIONS):
        waiting = session.state.waiting
        if waiting is None:
            break
        await carry_out(session, approve(waiting.plan, confirmed=_names(session)))
    seconds = clock.seconds() - started
    if job.arrived is None:
        await made.calm()
        outcome, why = _of_a_read(session, undisturbed, trouble.hope)
    else:
        there = await asyncio.to_thread(job.arrived, behind, args)
        outcome, why = _of_a_write(session, there)
    intended = [one.event for one in session._log.history if isinstance(one.event, e.StepIntended)]
    await session.close()
    return Result(
        tool=job.tool,
        trouble=trouble.name,
        hope=trouble.hope,
        recovery=True,
        outcome=outcome,
        why=why,
        attempts=len(intended),
        wasted=max(0, len(intended) - (outcome is Outcome.DONE)),
        seconds=round(seconds, 1),
    )


def _names(session: Session) -> tuple[str, ...]:
    waiting = session.state.waiting
    return tuple(step.needs_name for step in waiting.plan.steps if step.needs_name) if waiting else ()


async def _answer(aboard: Crew, step: DraftStep) -> JsonValue:
    tool = aboard.ship.registry.get(step.tool)
    answer: JsonValue = (await tool.run(tool.parse(step.args), step.scope)).model_dump(mode="json")
    return answer


def _of_a_write(session: Session, there: bool) -> tuple[Outcome, str]:
    """What was told, beside what is so. AWS's writes here name a state: a second one changes nothing."""
    progress, step = last(session)
    said = f"{step.state.value}, applied={step.applied}: {step.cause or step.observed}"
    if step.state is StepState.SUCCEEDED:
        return (Outcome.DONE, step.observed) if there else (Outcome.WRONG, f"success claimed: {said}")
    every = [session.state.plans[key].of("it") for key in session.state.plans]
    if any(one.applied for one in every) and not there:
        return Outcome.WRONG, f"said to have arrived, and it is not there: {said}"
    denied = all(one.applied is False for one in every if one.state is not StepState.PROPOSED)
    if denied and there:
        return Outcome.WRONG, f"said not to have arrived, and it is there: {said}"
    return reported(session, progress, said)


def _of_a_read(session: Session, undisturbed: object, hope: Hope) -> tuple[Outcome, str]:
    progress, step = last(session)
    said = f"{step.state.value}: {step.cause or step.observed}"
    if step.state is not StepState.SUCCEEDED:
        return reported(session, progress, said)
    if shape(step.output) == undisturbed and hope is Hope.RECOVERS:
        return Outcome.DONE, step.observed
    if any(gap in str(step.output).lower() for gap in GAPS):
        return Outcome.REPORTED, "an answer that says what it lacks"
    return Outcome.WRONG, "an answer other than the undisturbed one, without a word about it"
