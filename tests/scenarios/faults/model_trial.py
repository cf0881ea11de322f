"""One trouble with the model, from the operator's words to the verdict."""

from __future__ import annotations

import os
import time
from pathlib import Path

from agent import events as e
from agent.commands import Say, SetScope
from agent.plan import PlanStatus
from agent.session import Session
from agent.settings import Settings
from memory import chain
from tests.scenarios.faults import scenery
from tests.scenarios.faults.model_troubles import REQUEST, ModelTrouble
from tests.scenarios.faults.scenery import Fact, Place
from tests.scenarios.faults.stage import CONTEXT, FastClock, Stage
from tests.scenarios.faults.trial import DECISIONS, RECOVERY_OFF, RECOVERY_ON, Outcome, Result
from tests.standins.asking import model_at
from tests.standins.crew import approve, carry_out, crew
from tests.standins.model_server import ModelServer
from tests.standins.script import Script
from tools.gate import Gate
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.registry import kubernetes_tools
from tools.tool import Registry, Scope

THE_MODEL = "the model"
MOST_CALLS = RECOVERY_ON.model_rounds + 8
"""Calls of the model that no case may exceed: the rounds of a turn, and tries of single calls."""

_DONE = Fact("configmaps", "conf", ("data", "mode"), "fast")


async def run(stage: Stage, trouble: ModelTrouble, folder: Path, *, recovery: bool, number: int) -> Result:
    """Ask for the change, approve what is offered, and look what is so."""
    began = time.monotonic()
    user = f"model-{number}"
    place = Place(user, f"model-faults-{number}", f"model-node-{number}")
    await scenery.namespace(stage, place)
    await scenery.conf(stage, place)
    clock = FastClock()
    clusters: list[Clusters] = []

    def registry(gate: Gate) -> Registry:
        kubeconfig = stage.kubeconfig(folder / "kubeconfig", user, place.namespace)
        clusters.append(Clusters(kubeconfig, gate, os.environ))
        return Registry(kubernetes_tools(clusters[0]))

    limits = RECOVERY_ON if recovery else RECOVERY_OFF
    try:
        async with ModelServer(Script(list(trouble.says))) as server:
            model = model_at(server.url, idle_timeout=trouble.idle, max_retries=4 if recovery else 0)
            async with crew(
                folder,
                registry,
                settings=Settings(limits=limits),
                model=model,
                sleep=clock.sleep,
                clock=clock.now,
            ) as aboard:
                session = await aboard.open()
                await session.order(SetScope(scope=Scope(context=CONTEXT, namespace=place.namespace)))
                await stage.inject(user, *(fault.model_copy(deep=True) for fault in trouble.faults))
                started = clock.seconds()
                await carry_out(session, Say(text=REQUEST))
                for _ in range(DECISIONS):
                    waiting = session.state.waiting
                    if waiting is None:
                        break
                    names = tuple(step.needs_name for step in waiting.plan.steps if step.needs_name)
                    await carry_out(session, approve(waiting.plan, confirmed=names))
                seconds = clock.seconds() - started
                outcome, why = await _judged(stage, place, session, len(server.requests))
                calls = len(server.requests)
                await session.close()
            await model.close()
        verified = chain.verify(aboard.home.journal)
        if not verified.ok:
            outcome, why = Outcome.WRONG, f"the journal: {verified}"
        return Result(
            tool=THE_MODEL,
            trouble=trouble.name,
            hope=trouble.hope,
            recovery=recovery,
            outcome=outcome,
            why=why,
            attempts=calls,
            wasted=max(0, calls - len([line for line in trouble.says if outcome is Outcome.DONE])),
            seconds=round(seconds, 1),
            took=round(time.monotonic() - began, 3),
        )
    finally:
        for each in clusters:
            await each.close()
        await stage.calm(user)
        await scenery.clear(stage, place)


async def _judged(stage: Stage, place: Place, session: Session, calls: int) -> tuple[Outcome, str]:
    history = [one.event for one in session._log.history]
    approved = {event.plan_id for event in history if isinstance(event, e.PlanApproved)}
    done = [each for each in await stage.writes(place.user) if each.done]
    there = await _DONE.holds(stage, place)
    succeeded = any(plan.status is PlanStatus.SUCCEEDED for plan in session.state.plans.values())
    if calls > MOST_CALLS:
        return Outcome.WRONG, f"the model was called {calls} times"
    if len(done) > len(approved):
        return Outcome.WRONG, f"{len(done)} writes were done and {len(approved)} plans approved"
    if succeeded and not there:
        return Outcome.WRONG, "a plan succeeded and its change is not there"
    if there and not succeeded:
        return Outcome.WRONG, "the change is there and no plan says so"
    if not any(isinstance(event, e.TurnEnded) for event in history):
        return Outcome.WRONG, "the turn never ended"
    if succeeded:
        return Outcome.DONE, "the mode is fast"
    told = [
        event
        for event in history
        if isinstance(event, e.TurnFailed | e.PlanRefused | e.AnswerGiven | e.ModelReplied)
    ]
    if not told:
        return Outcome.WRONG, "it ended and nobody was told why"
    return Outcome.REPORTED, told[-1].words()[:160] or type(told[-1]).__name__
