"""Says stop at random moments to plans on a slow server, and looks at what still leaves.

    python -m tests.scenarios.stops --count 100 [--seed N] [--json]

Every plan scales four Deployments of a practice cluster whose every answer takes its time. From the
moment the stop is acknowledged no write may leave the machine, and within a second everything that
was under way has an outcome in the journal, which says nothing but what the cluster says.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from pydantic import BaseModel

from agent.commands import Stop
from agent.plan import DraftStep, StepState
from agent.session import Session
from memory import chain
from tests.bench.row import percentile
from tests.scenarios.faults.scenery import Place, clear, deployment, dig, namespace, running
from tests.scenarios.faults.stage import CONTEXT, Stage, stage
from tests.standins.crew import approve, crew, offer
from tools.gate import Access, Gate, Permit
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.registry import kubernetes_tools
from tools.sandbox.faults import Fault, Match
from tools.tool import Registry, Scope

NAMES = ("one", "two", "three", "four")
WANTED = 1.0
"""Seconds within which nothing is under way any more."""

_SLOW = (0.1, 0.6, 2.5)
"""Seconds a server may take for one answer, in different plans."""

_SPEED = 10.0


class Watched(Gate):
    """A gate that also notes when a write has passed it."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(time.monotonic)
        self._gate = gate
        self.left: list[float] = []

    def judge(self, access: Access, permit: Permit) -> None:
        self._gate.judge(access, permit)
        if access is Access.WRITE:
            self.left.append(time.monotonic())


class Stopped(BaseModel):
    """What became of one plan."""

    after: float
    """Seconds after the approval at which stop was said."""
    acknowledged: float
    """Seconds until the command came back."""
    still: float
    """Seconds until nothing was under way any more."""
    left_after: int
    """Writes that left the machine after the acknowledgement."""
    sent: int
    states: tuple[str, ...]
    problem: str = ""

    @property
    def good(self) -> bool:
        return not self.left_after and not self.problem


async def run_all(count: int, seed: int, folder: Path) -> list[Stopped]:
    """So many plans, each stopped once, one after the other."""
    chance = random.Random(seed)
    async with stage(folder, _SPEED) as made:
        place = Place("stops", "stops", "stops-node")
        await namespace(made, place)
        for name in NAMES:
            await running(made, place, deployment(name, replicas=1))
        results = [await _one(made, place, folder / str(number), chance) for number in range(count)]
        await clear(made, place)
        return results


async def _one(made: Stage, place: Place, folder: Path, chance: random.Random) -> Stopped:
    slow = chance.choice(_SLOW)
    after = chance.uniform(0.0, 4 * slow + 1.0)
    await made.calm(place.user)
    before = {name: await _replicas(made, place, name) for name in NAMES}
    watched: list[Watched] = []
    clusters: list[Clusters] = []

    def registry(gate: Gate) -> Registry:
        kubeconfig = made.kubeconfig(folder / "kubeconfig", place.user, place.namespace)
        watched.append(Watched(gate))
        clusters.append(Clusters(kubeconfig, watched[0], os.environ))
        return Registry(kubernetes_tools(clusters[0]))

    try:
        async with crew(folder, registry) as aboard:
            session = await aboard.open()
            plan = await offer(session, *_steps(place, before, chance))
            await made.inject(place.user, Fault(match=Match(), delay=slow))
            await session.order(approve(plan))
            await asyncio.sleep(after)
            began = time.monotonic()
            await session.order(Stop())
            acknowledged = time.monotonic()
            await session.idle()
            ended = time.monotonic()
            await made.calm(place.user)
            problem = await _problem(made, place, session, before)
            steps = session.state.plans[plan.id].steps
            await session.close()
        verified = chain.verify(aboard.home.journal)
        return Stopped(
            after=round(after, 3),
            acknowledged=round(acknowledged - began, 4),
            still=round(ended - began, 4),
            left_after=sum(moment > acknowledged for moment in watched[0].left),
            sent=len(watched[0].left),
            states=tuple(steps[name].state.value for name in NAMES),
            problem=problem or ("" if verified.ok else f"the journal: {verified}"),
        )
    finally:
        for each in clusters:
            await each.close()


def _steps(place: Place, before: dict[str, int], chance: random.Random) -> list[DraftStep]:
    """Four scalings: side by side, or one after the other."""
    chained = chance.random() < 0.5
    return [
        DraftStep(
            id=name,
            tool="kubernetes_scale",
            args={"name": name, "replicas": 3 - before[name]},
            scope=Scope(context=CONTEXT, namespace=place.namespace),
            depends_on=(NAMES[number - 1],) if chained and number else (),
        )
        for number, name in enumerate(NAMES)
    ]


async def _replicas(made: Stage, place: Place, name: str) -> int:
    found = dig(await made.ask("GET", place.path("deployments", name)), ("spec", "replicas"))
    assert isinstance(found, int)
    return found


async def _problem(made: Stage, place: Place, session: Session, before: dict[str, int]) -> str:
    """Where what the journal says of a step is not what the cluster says."""
    progress = session.state.current
    assert progress is not None
    if not progress.status.final:
        return f"the plan is {progress.status.value}"
    for name in NAMES:
        step, changed = progress.of(name), await _replicas(made, place, name) != before[name]
        if step.state is StepState.SUCCEEDED and not changed:
            return f"{name} succeeded, and nothing has changed"
        if step.state is not StepState.SUCCEEDED and step.applied is True and not changed:
            return f"{name} is said to have arrived, and nothing has changed"
        if step.applied is False and changed:
            return f"{name} is said not to have arrived, and it has"
        if not step.state.final:
            return f"{name} is {step.state.value}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.stops", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="plans to stop")
    parser.add_argument("--seed", type=int, default=1, help="decides the moments")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pilothouse-stops-") as folder:
        results = asyncio.run(run_all(chosen.count, chosen.seed, Path(folder)))
    if chosen.json:
        json.dump([result.model_dump() for result in results], sys.stdout, indent=1)
        print()
    else:
        for bad in (result for result in results if not result.good or result.still > WANTED):
            print(bad.model_dump_json())
        still = [result.still for result in results]
        print(
            f"{sum(each <= WANTED for each in still)} of {len(results)} plans still within {WANTED:g} s"
            f" (median {percentile(still, 0.5):.3f} s, p95 {percentile(still, 0.95):.3f} s, most {max(still):.3f} s);"
            f" {sum(result.left_after for result in results)} writes left after the acknowledgement,"
            f" {sum(bool(result.problem) for result in results)} plans told otherwise than it was;"
            f" {sum(result.sent for result in results)} writes in all; seed {chosen.seed}"
        )
    return 0 if all(result.good and result.still <= WANTED for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
