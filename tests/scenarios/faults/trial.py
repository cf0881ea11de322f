"""One case from the scene to the verdict: a real session, a real journal, real HTTP."""

from __future__ import annotations

import os
import time
from collections import Counter
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, JsonValue

from agent import events as e
from agent.plan import DraftStep, PlanStatus, StepState
from agent.session import Session
from agent.settings import Limits, Settings
from agent.state import PlanProgress, StepProgress
from memory import chain
from tests.scenarios.faults.jobs import Job, shape
from tests.scenarios.faults.scenery import Arrival, Place, clear, namespace
from tests.scenarios.faults.stage import CONTEXT, FastClock, Stage
from tests.scenarios.faults.troubles import ANSWER_IN, Case, Hope, Trouble
from tests.standins.crew import Crew, approve, carry_out, crew, offer
from tools.gate import Gate
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.registry import kubernetes_tools
from tools.kubernetes.writes.drain import KubernetesDrain
from tools.tool import Registry, Scope

RECOVERY_OFF = Limits(attempts=1, replans=0)
RECOVERY_ON = Limits()

DECISIONS = 4
"""How often the operator of a case says yes before losing patience."""

GAPS = ("could not", "cannot", "not allowed", "forbidden", "may not", "unknown", "not be read", "failed")
"""Words with which an answer says that something is missing from it."""


class Outcome(StrEnum):
    DONE = "done"
    """What was asked for is so, seen in the world."""
    REPORTED = "reported"
    """It is not, and what is told of it is true."""
    WRONG = "WRONG"
    """What is told is not what is so."""


class Result(BaseModel):
    """How a case ended.

    `seconds` are those of the session's clock, its waits in full; `wasted` counts calls that failed.
    """

    tool: str
    trouble: str
    hope: Hope
    recovery: bool
    outcome: Outcome
    why: str = ""
    attempts: int = 0
    wasted: int = 0
    seconds: float = 0.0
    took: float = 0.0
    """Seconds of life, the scene included."""

    @property
    def good(self) -> bool:
        """Whether it ended as well as it can."""
        return self.outcome is (Outcome.DONE if self.hope is Hope.RECOVERS else Outcome.REPORTED)


async def run(stage: Stage, case: Case, folder: Path, *, recovery: bool, number: int) -> Result:
    """Set the scene, decide on a plan, let the trouble begin, carry the plan out, and look what is so."""
    began = time.monotonic()
    user = f"case-{number}"
    place = Place(user, f"faults-{number}", f"faults-node-{number}")
    await namespace(stage, place)
    await case.job.scene(stage, place)
    clock = FastClock()
    clusters: list[Clusters] = []

    def registry(gate: Gate) -> Registry:
        kubeconfig = stage.kubeconfig(folder / "kubeconfig", user, place.namespace)
        clusters.append(Clusters(kubeconfig, gate, os.environ))
        return _registry(clusters[0], clock, hurried=case.trouble.hurried)

    settings = Settings(limits=RECOVERY_ON if recovery else RECOVERY_OFF)
    try:
        async with crew(folder, registry, settings=settings, sleep=clock.sleep, clock=clock.now) as aboard:
            verdict = await _judged(stage, case, place, aboard, clock)
        verified = chain.verify(aboard.home.journal)
        if not verified.ok:
            verdict = verdict.model_copy(update={"outcome": Outcome.WRONG, "why": f"the journal: {verified}"})
        update = {"recovery": recovery, "took": round(time.monotonic() - began, 3)}
        return verdict.model_copy(update=update)
    finally:
        for each in clusters:
            await each.close()
        await stage.calm(user)
        await clear(stage, place)


def _registry(clusters: Clusters, clock: FastClock, *, hurried: bool) -> Registry:
    tools = [
        KubernetesDrain(clusters, clock.seconds, clock.sleep) if isinstance(tool, KubernetesDrain) else tool
        for tool in kubernetes_tools(clusters)
    ]
    if hurried:
        for tool in tools:
            setattr(tool, "timeout", ANSWER_IN)  # noqa: B010 - it belongs to the class; this is one tool's own
    return Registry(tools)  # type: ignore[arg-type]


async def _judged(stage: Stage, case: Case, place: Place, aboard: Crew, clock: FastClock) -> Result:
    job, trouble = case.job, case.trouble
    session = await aboard.open()
    step = DraftStep(
        id="it",
        tool=job.tool,
        args=job.arguments(place),
        scope=Scope(context=CONTEXT, namespace=place.namespace),
    )
    undisturbed = [] if job.writes else [shape(await _answer(aboard, step))]
    plan = await offer(session, step, goal=case.name)
    await stage.inject(place.user, *trouble.strikes(job))
    if trouble.meddled and job.meddle is not None:
        resource, name, patch = job.meddle
        await stage.change(place.path(resource, name.format(node=place.node)), patch)
    started = clock.seconds()
    names = tuple(step.needs_name for step in plan.steps if step.needs_name)
    await carry_out(session, approve(plan, confirmed=names))
    for _ in range(DECISIONS):
        waiting = session.state.waiting
        if waiting is None:
            break
        names = tuple(step.needs_name for step in waiting.plan.steps if step.needs_name)
        await carry_out(session, approve(waiting.plan, confirmed=names))
    seconds = clock.seconds() - started
    arrived = await job.arrived(stage, place)
    await stage.calm(place.user)
    if not job.writes:  # the world moves on by itself: a pod gets ready while the trouble lasts
        undisturbed.append(shape(await _answer(aboard, step)))
    outcome, why = (
        await _of_a_write(stage, job, place, session, arrived)
        if job.writes
        else _of_a_read(session, undisturbed, trouble)
    )
    intended = [one.event for one in session._log.history if isinstance(one.event, e.StepIntended)]
    wasted = len(intended) - (outcome is Outcome.DONE)
    await session.close()
    return Result(
        tool=job.tool,
        trouble=trouble.name,
        hope=trouble.hope,
        recovery=True,
        outcome=outcome,
        why=why,
        attempts=len(intended),
        wasted=max(0, wasted),
        seconds=round(seconds, 1),
    )


async def _answer(aboard: Crew, step: DraftStep) -> JsonValue:
    """What a read answers while nothing is wrong."""
    tool = aboard.ship.registry.get(step.tool)
    output = await tool.run(tool.parse(step.args), step.scope)
    answer: JsonValue = output.model_dump(mode="json")
    return answer


async def _of_a_write(
    stage: Stage, job: Job, place: Place, session: Session, arrived: Arrival
) -> tuple[Outcome, str]:
    progress, step = last(session)
    done = Counter(
        (each.verb, each.path, each.subresource) for each in await stage.writes(place.user) if each.done
    )
    said = f"{step.state.value}, applied={step.applied}: {step.cause or step.observed}"
    if doubled := [key for key, count in done.items() if count > 1]:
        return Outcome.WRONG, f"written more than once: {doubled}"
    if step.state is StepState.SUCCEEDED:
        if arrived is not Arrival.ALL:
            return Outcome.WRONG, f"success claimed, and {arrived} is there: {said}"
        if unfinished := await job.unfinished(stage, place):
            return Outcome.WRONG, f"success claimed, and {unfinished}"
        return Outcome.DONE, step.observed
    every = [session.state.plans[key].of("it") for key in session.state.plans]
    claimed = any(one.applied for one in every)
    if claimed and arrived is Arrival.NONE:
        return Outcome.WRONG, f"said to have arrived, and none of it is there: {said}"
    denied = all(one.applied is False for one in every if one.state is not StepState.PROPOSED)
    if denied and arrived is not Arrival.NONE:
        return Outcome.WRONG, f"said not to have arrived, and {arrived} is there: {said}"
    return reported(session, progress, said)


def _of_a_read(session: Session, undisturbed: list[object], trouble: Trouble) -> tuple[Outcome, str]:
    progress, step = last(session)
    said = f"{step.state.value}: {step.cause or step.observed}"
    if step.state is not StepState.SUCCEEDED:
        return reported(session, progress, said)
    if shape(step.output) in undisturbed and trouble.hope is Hope.RECOVERS:
        return Outcome.DONE, step.observed
    words = str(step.output).lower()
    if any(gap in words for gap in GAPS):
        return Outcome.REPORTED, "an answer that says what it lacks"
    if trouble.hope is Hope.RECOVERS:
        return Outcome.WRONG, "an answer other than the undisturbed one, without a word about it"
    return Outcome.WRONG, "an answer as if nothing had been wrong"


def last(session: Session) -> tuple[PlanProgress, StepProgress]:
    """The last plan that anything became of, and its step."""
    ran = [plan for plan in session.state.plans.values() if plan.approved]
    return ran[-1], ran[-1].of("it")


def reported(session: Session, progress: PlanProgress, said: str) -> tuple[Outcome, str]:
    """Whether the failure was told: a plan that failed, with a cause, and a report in the journal."""
    history = [one.event for one in session._log.history]
    told = any(
        (isinstance(event, e.AnswerGiven) and event.rule.startswith("report@"))
        or (isinstance(event, e.PlanAgainBegun) and bool(event.report))
        for event in history
    )
    if progress.status not in (PlanStatus.FAILED, PlanStatus.STOPPED):
        return Outcome.WRONG, f"the plan is {progress.status.value}: {said}"
    if not progress.of("it").cause:
        return Outcome.WRONG, f"it failed without a cause: {said}"
    return (Outcome.REPORTED, said) if told else (Outcome.WRONG, f"nothing was reported: {said}")
