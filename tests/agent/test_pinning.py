"""A plan belongs to the places it was drawn for, whatever is switched while it waits or runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from agent.commands import EditStep, PassGate, SetScope, StrikeStep, Undo
from agent.decisions import CommandRefused
from agent.plan import DraftStep, Plan, PlanStatus
from agent.session import Session
from tests.standins.crew import Crew, approve, carry_out, crew, offer, until
from tests.tools.sandbox.conftest import EMPTY, deployment
from tools.errors import FailureClass
from tools.gate import Gate
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.registry import kubernetes_tools
from tools.sandbox.cluster import PracticeCluster
from tools.tool import Registry, Scope


class Two:
    """Two clusters in one kubeconfig, with the same Deployment in each."""

    def __init__(self, one: PracticeCluster, other: PracticeCluster, folder: Path) -> None:
        self.one, self.other = one, other
        self.file = folder / "kubeconfig"
        first, second = (
            yaml.safe_load(c.kubeconfig(folder / n).read_text()) for c, n in ((one, "a"), (other, "b"))
        )
        first["clusters"][0]["name"], second["clusters"][0]["name"] = "one", "other"
        self._clusters = [first["clusters"][0], second["clusters"][0]]
        self._users = first["users"]
        self.point(one=0, other=1, current="one")

    def point(self, *, one: int, other: int, current: str) -> None:
        """Say which of the two clusters each context stands for."""
        user = self._users[0]["name"]
        named = {"one": self._clusters[one]["name"], "other": self._clusters[other]["name"]}
        contexts = [
            {"name": name, "context": {"cluster": cluster, "user": user, "namespace": "lab"}}
            for name, cluster in named.items()
        ]
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": current,
            "clusters": self._clusters, "users": self._users, "contexts": contexts,
        }  # fmt: skip
        self.file.write_text(yaml.safe_dump(document))

    def written(self, cluster: PracticeCluster) -> list[str]:
        """The changes that arrived there."""
        return [f"{asked.verb} {asked.name}" for asked in cluster.faults.asked if not asked.dry_run]

    def registry(self, gate: Gate) -> Registry:
        self.clusters = Clusters(self.file, gate, {})
        return Registry(kubernetes_tools(self.clusters))


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    async with PracticeCluster(world=EMPTY) as one, PracticeCluster(world=EMPTY, seed=2) as other:
        for cluster in (one, other):
            plane = cluster.plane
            plane.create(plane.kinds.named("apps", "Deployment"), deployment())
        yield Two(one, other, tmp_path)


@pytest.fixture
async def aboard(two: Two, tmp_path: Path) -> AsyncIterator[Crew]:
    async with crew(tmp_path / "home", two.registry) as opened:
        yield opened
        await two.clusters.close()


def scale(step: str, replicas: int, context: str = "", *after: str, gate: str = "") -> DraftStep:
    return DraftStep(
        id=step,
        tool="kubernetes_scale",
        args={"name": "web", "namespace": "lab", "replicas": replicas},
        scope=Scope(context=context),
        depends_on=after,
        gate=gate,
    )


def marked(step: str, *after: str, gate: str = "") -> DraftStep:
    return DraftStep(
        id=step,
        tool="kubernetes_annotate",
        args={"kind": "deployment", "name": "web", "namespace": "lab", "set": {"shop.example/by": "plan"}},
        depends_on=after,
        gate=gate,
    )


async def opened(aboard: Crew, context: str = "one") -> Session:
    session = await aboard.open()
    await session.order(SetScope(scope=Scope(context=context)))
    return session


def current(session: Session) -> Plan:
    found = session.state.current
    assert found is not None
    return found.plan


async def test_switching_the_context_while_a_plan_waits_does_not_redirect_it(two: Two, aboard: Crew) -> None:
    session = await opened(aboard)
    plan = await offer(session, scale("s", 3))
    await session.order(SetScope(scope=Scope(context="other")))
    await carry_out(session, approve(plan))
    assert session.state.plans[plan.id].status is PlanStatus.SUCCEEDED
    assert two.written(two.one) == ["patch web"] and two.written(two.other) == []


async def test_switching_the_context_while_a_plan_runs_does_not_redirect_its_rest(
    two: Two, aboard: Crew
) -> None:
    session = await opened(aboard)
    plan = await offer(session, scale("s", 3), marked("t", "s", gate="Wait for me."))
    await session.order(approve(plan))
    await until(session, lambda state: state.plans[plan.id].gate == "t")
    await session.order(SetScope(scope=Scope(context="other")))
    await carry_out(session, PassGate(plan_id=plan.id, step_id="t", how="key"))
    assert session.state.plans[plan.id].status is PlanStatus.SUCCEEDED
    assert len(two.written(two.one)) == 2 and two.written(two.other) == []


async def test_a_plan_redrawn_or_taken_back_after_a_switch_stays_where_it_was(two: Two, aboard: Crew) -> None:
    session = await opened(aboard)
    await offer(session, scale("s", 3), scale("t", 4, "", "s"))
    await session.order(SetScope(scope=Scope(context="other")))
    await session.order(StrikeStep(plan_id=current(session).id, step_id="t"))
    args = {"name": "web", "namespace": "lab", "replicas": 5}
    await session.order(EditStep(plan_id=current(session).id, step_id="s", args=args))
    plan = current(session)
    assert plan.scope.context == "one" and [step.scope.context for step in plan.steps] == ["one"]
    await carry_out(session, approve(plan))
    await session.order(Undo(plan_id=plan.id, how="key"))
    back = current(session)
    assert back.scope.context == "one" and [step.scope.context for step in back.steps] == ["one"]
    await carry_out(session, approve(back))
    assert len(two.written(two.one)) == 2 and two.written(two.other) == []


async def test_what_rested_on_the_current_context_is_not_redirected_by_a_new_one(
    two: Two, aboard: Crew
) -> None:
    session = await aboard.open()
    plan = await offer(session, scale("s", 3))
    assert plan.steps[0].scope.context == ""
    two.point(one=0, other=1, current="other")
    await session.order(SetScope(scope=Scope(context="other")))
    await carry_out(session, approve(plan))
    assert session.state.plans[plan.id].of("s").failure is FailureClass.DRIFT
    assert two.written(two.one) == two.written(two.other) == []


async def test_the_same_name_for_another_cluster_is_another_place(two: Two, tmp_path: Path) -> None:
    async with crew(tmp_path / "home", two.registry) as first:
        session = await opened(first)
        plan = await offer(session, scale("s", 3))
        await session.close()
        await two.clusters.close()
    two.point(one=1, other=0, current="one")
    async with crew(tmp_path / "home", two.registry) as second:
        session = await second.open()
        await carry_out(session, approve(plan))
        progress = session.state.plans[plan.id]
        assert (progress.status, progress.of("s").failure) == (PlanStatus.FAILED, FailureClass.DRIFT)
        assert two.one.url in progress.of("s").cause and two.other.url in progress.of("s").cause
        assert two.written(two.one) == two.written(two.other) == []
        await session.close()
        await two.clusters.close()


async def test_an_approval_for_one_context_is_none_for_another(two: Two, aboard: Crew) -> None:
    session = await opened(aboard)
    here = await offer(session, scale("s", 3))
    await session.order(SetScope(scope=Scope(context="other")))
    there = await offer(session, scale("s", 3))
    assert here.hash != there.hash
    with pytest.raises(CommandRefused, match="exactly what was shown"):
        await session.order(approve(there, hash=here.hash))
    assert two.written(two.one) == two.written(two.other) == []


def born_again(cluster: PracticeCluster) -> None:
    """Another cluster answers at the same address: its kube-system was made anew."""
    plane = cluster.plane
    namespaces = plane.kinds.named("", "Namespace")
    if plane.store.get(namespaces, "", "kube-system") is not None:
        plane.store.remove(namespaces, "", "kube-system")
    plane.create(namespaces, {"metadata": {"name": "kube-system"}})


async def test_another_cluster_at_the_same_address_is_refused(two: Two, aboard: Crew) -> None:
    born_again(two.one)
    session = await opened(aboard)
    plan = await offer(session, scale("s", 3))
    preview = plan.step("s").preview
    assert preview is not None and preview.cluster
    born_again(two.one)
    await carry_out(session, approve(plan))
    progress = session.state.plans[plan.id]
    assert progress.status is PlanStatus.FAILED
    assert progress.of("s").failure is FailureClass.DRIFT
    assert "is another cluster than the plan was drawn for" in progress.of("s").cause
    assert two.written(two.one) == []


async def test_where_kube_system_cannot_be_read_the_address_alone_counts(two: Two, aboard: Crew) -> None:
    session = await opened(aboard)
    plan = await offer(session, scale("s", 3))
    preview = plan.step("s").preview
    assert preview is not None and preview.cluster == ""
    await carry_out(session, approve(plan))
    assert session.state.plans[plan.id].status is PlanStatus.SUCCEEDED
