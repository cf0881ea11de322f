"""kubernetes_drain: cordon a node and evict its pods, as far as disruption budgets allow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import Field

from tools.errors import Invalid, NotFound, TimedOut
from tools.gate import Permit
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.connection.content import content_of, encoded
from tools.kubernetes.fields import Json, mapping, text, value
from tools.kubernetes.finding import OnClusters, Target
from tools.kubernetes.objects import changes
from tools.kubernetes.writes.cordon import last_place
from tools.kubernetes.writes.evicting import (
    Budgets,
    budgets_for,
    ending,
    evict,
    eviction_of,
    loses_data,
    must_be_allowed,
    named,
    stays,
    unmanaged,
)
from tools.kubernetes.writes.node_pods import pod_name, pods_on
from tools.kubernetes.writes.writing import (
    JSON,
    MERGE_PATCH,
    Written,
    environments,
    perform,
    pinned,
    preview_of,
    rehearse,
)
from tools.tool import Arguments, Call, Change, Name, Observation, Preview, Scope, Verdict, WriteTool

_TRIES = 5
"""How often one pod's eviction may be asked for: a budget can be used up between looking and asking."""

_PAUSE = 2.0
"""Seconds between two looks at the budgets."""


class DrainArgs(Arguments):
    name: Name
    delete_empty_dir_data: Annotated[
        bool, Field(description="Evict pods with emptyDir volumes too; what is in them is lost.")
    ] = False
    delete_unmanaged: Annotated[
        bool, Field(description="Evict pods of no workload too; nothing makes them anew.")
    ] = False
    grace_seconds: Annotated[
        int | None, Field(ge=0, le=3600, description="Seconds for pods to end; null for each pod's own wish.")
    ] = None
    wait_seconds: Annotated[int, Field(ge=0, le=540, description="How long to wait for budgets.")] = 300


class KubernetesDrain(OnClusters, WriteTool[DrainArgs, Written]):
    """Empties a node through evictions. DaemonSet pods, static pods and pods that ended stay.

    Args:
        clusters: all contexts.
        clock: seconds, for the wait for budgets.
        sleep: waits between two looks at them.
    """

    name = "kubernetes_drain"
    summary = "Drain a node: cordon it and evict its pods, waiting for disruption budgets."
    Args = DrainArgs
    Output = Written
    timeout = 600.0
    settle = 600.0

    def __init__(
        self,
        clusters: Clusters,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(clusters)
        self._clock = clock
        self._sleep = sleep

    async def run(self, args: DrainArgs, scope: Scope) -> Written:
        node = await self.target("nodes", args.name, "", scope)
        current = await node.read()
        done = Written(
            target=str(node),
            context=node.cluster.context,
            resource_version=text(current, "metadata", "resourceVersion"),
        )
        leaving = _leaving(node, await pods_on(node), args)
        if not _cordoned(current):
            done = await perform(node, "PATCH", pinned(_CORDON, current), content_type=MERGE_PATCH)
        await self._evict_all(node, leaving, args)
        return done

    async def preview(self, args: DrainArgs, scope: Scope) -> Preview:
        node = await self.target("nodes", args.name, "", scope)
        current = await node.read()
        answer, pods = await asyncio.gather(
            rehearse(node, "PATCH", _CORDON, content_type=MERGE_PATCH), pods_on(node)
        )
        leaving = _leaving(node, pods, args)
        await must_be_allowed(node.cluster, leaving)
        budgets = await budgets_for(node.cluster, leaving)
        cordon = () if _cordoned(current) else changes(current, answer.json())
        going = tuple(
            Change(path=f"pod {pod_name(pod)}", before="here", after="evicted", lost=_lost(pod))
            for pod in leaving
        )
        before: Json = {
            "cordoned": _cordoned(current),
            "pods": {text(pod, "metadata", "uid"): pod_name(pod) for pod in leaving},
        }
        preview = await preview_of(
            node,
            current,
            (*cordon, *going),
            before=before,
            warnings=answer.warnings + _warnings(pods, leaving, budgets) + await last_place(node),
            content=answer.content,
        )
        touched = await environments(node.cluster, {text(pod, "metadata", "namespace") for pod in leaving})
        permits = preview.permits if cordon else ()
        evictions = tuple(_permit(node, pod, args) for pod in leaving for _ in range(_TRIES))
        return preview.model_copy(
            update={
                "objects": len(cordon) + len(leaving),
                "environments": touched,
                "permits": (*permits, *evictions),
            }
        )

    async def observe(self, args: DrainArgs, scope: Scope, preview: Preview) -> Observation:
        node = await self.target("nodes", args.name, "", scope)
        try:
            current = await node.read()
        except NotFound:
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=f"{node} is gone.", applied=False)
        pods = await pods_on(node)
        remaining = [pod for pod in pods if not stays(pod)]
        recorded = mapping(dict(preview.before), "pods")
        untouched = {text(pod, "metadata", "uid") for pod in remaining if not ending(pod)}
        begun = any(uid not in untouched for uid in recorded)
        if not _cordoned(current):
            detail = f"{node} is not cordoned."
            return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=begun)
        begun = begun or preview.before.get("cordoned") is False
        if not remaining:
            kept = f"; {len(pods)} that belong to it stay" if pods else ""
            detail = f"{node} is cordoned and empty{kept}."
            return Observation(verdict=Verdict.HOLDS, detail=detail, applied=begun or not recorded)
        count = _count(node, remaining, recorded)
        waiting = [pod for pod in remaining if not ending(pod)]
        if not waiting:
            return Observation(verdict=Verdict.NOT_YET, detail=f"{count} and are ending.", applied=True)
        held = " ".join(_held(waiting, await budgets_for(node.cluster, waiting)))
        detail = f"{count}: {named(waiting)}. {held}".strip()
        return Observation(verdict=Verdict.DOES_NOT_HOLD, detail=detail, applied=begun)

    def undo(self, args: DrainArgs, preview: Preview) -> Call | None:
        """Let it take pods again. Those that left stay where they are now."""
        if preview.before.get("cordoned") is not False:
            return None
        return Call(tool="kubernetes_uncordon@1", args={"name": args.name})

    async def _evict_all(self, node: Target, leaving: list[Json], args: DrainArgs) -> None:
        """Evict in rounds until no pod is left to ask for. Raises `TimedOut` naming the budgets that hold."""
        deadline = self._clock() + args.wait_seconds
        tries = {pod_name(pod): _TRIES for pod in leaving}
        left = [pod for pod in leaving if not ending(pod)]
        while True:
            budgets = await budgets_for(node.cluster, left)
            held: list[Json] = []
            refused = ""
            for pod in left:
                if budgets.holding(pod):
                    held.append(pod)
                    continue
                budgets.spend(pod)
                tries[pod_name(pod)] -= 1
                refusal = await evict(node.cluster, pod, args.grace_seconds)
                if refusal is not None:
                    held.append(pod)
                    refused = refusal.message
            left = held
            if not left:
                return
            if self._clock() >= deadline or any(tries[pod_name(pod)] <= 0 for pod in left):
                why = " ".join(_held(left, budgets)) or refused
                raise TimedOut(f"{len(left)} pods of {node} could not be evicted: {named(left)}. {why}")
            await self._sleep(min(_PAUSE, max(0.0, deadline - self._clock())))


_CORDON: Json = {"spec": {"unschedulable": True}}


def _cordoned(node: Json) -> bool:
    return value(node, "spec", "unschedulable") is True


def _leaving(node: Target, pods: list[Json], args: DrainArgs) -> list[Json]:
    """The pods that have to go. Raises `Invalid` naming those nobody has agreed to lose."""
    leaving = [pod for pod in pods if not stays(pod)]
    alone = [pod for pod in leaving if unmanaged(pod) and not ending(pod)]
    filled = [pod for pod in leaving if loses_data(pod) and not ending(pod)]
    problems, ways = [], []
    if alone and not args.delete_unmanaged:
        problems.append(f"nothing would make these pods anew: {named(alone)}")
        ways.append("delete_unmanaged")
    if filled and not args.delete_empty_dir_data:
        problems.append(f"these pods would lose the data in their emptyDir volumes: {named(filled)}")
        ways.append("delete_empty_dir_data")
    if problems:
        raise Invalid(
            f"{node} cannot be drained: {'; '.join(problems)}.",
            hint=f"Where that may be lost, say so with {' and '.join(ways)}.",
        )
    return leaving


def _count(node: Target, remaining: list[Json], recorded: Json) -> str:
    """How far it has come: `node/a is cordoned, 1 pod has left, 2 of 3 pods remain`."""
    there = {text(pod, "metadata", "uid") for pod in remaining}
    left = sum(uid not in there for uid in recorded)
    new = len(there - recorded.keys())
    words = [f"{node} is cordoned"]
    if left:
        words.append(f"{left} pod{' has' if left == 1 else 's have'} left")
    words.append(f"{len(there) - new} of {len(recorded)} pods remain")
    if new:
        words.append(f"{new} came since")
    return ", ".join(words)


def _lost(pod: Json) -> str:
    if unmanaged(pod):
        return "nothing makes such a pod anew"
    return "uncordoning brings no pod back, and its workload has made another where there was room"


def _permit(node: Target, pod: Json, args: DrainArgs) -> Permit:
    body = encoded(eviction_of(pod, args.grace_seconds))
    return Permit(
        system="kubernetes",
        place=node.cluster.context,
        verb="create",
        resource="pods/eviction",
        namespace=text(pod, "metadata", "namespace"),
        name=text(pod, "metadata", "name"),
        content=content_of([], JSON, body),
    )


def _warnings(pods: list[Json], leaving: list[Json], budgets: Budgets) -> tuple[str, ...]:
    found = [f"At the moment: {words}" for words in _held(leaving, budgets)]
    lost = [pod for pod in leaving if loses_data(pod)]
    if lost:
        found.append(f"The data in their emptyDir volumes is lost: {named(lost)}.")
    alone = [pod for pod in leaving if unmanaged(pod)]
    if alone:
        found.append(f"Nothing makes these pods anew: {named(alone)}.")
    if len(pods) > len(leaving):
        found.append(f"{len(pods) - len(leaving)} pods of DaemonSets or of the node itself stay.")
    if budgets.unreadable:
        found.append(f"Disruption budgets could not be looked at in {', '.join(budgets.unreadable)}.")
    return tuple(found)


def _held(pods: list[Json], budgets: Budgets) -> list[str]:
    """A sentence for each budget that holds pods back."""
    by_budget: dict[str, list[Json]] = {}
    for pod in pods:
        if budget := budgets.holding(pod):
            by_budget.setdefault(budget, []).append(pod)
    return [f"Held back by {budget}: {named(held)}." for budget, held in by_budget.items()]
