"""A request about an object of another cluster is carried out there, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.agent import Agent
from agent.agent import Options as AgentOptions
from agent.commands import Say, Unwatch, Watch
from agent.events import ViewChanged
from memory.home import Home
from tests.agent.test_pinning import Two, aboard, current, opened, two
from tests.standins.crew import Crew, approve, carry_out
from tests.tools.sandbox.conftest import deployment
from tools.rows import FeedState, Row
from tools.tool import Scope

__all__ = ["aboard", "two"]


async def test_a_request_about_a_row_of_another_cluster_is_planned_and_written_there(
    two: Two, aboard: Crew
) -> None:
    session = await opened(aboard, "one")
    await carry_out(session, Say(text="scale @deployment/lab/web@other to 3"))
    plan = current(session)
    assert plan.scope.context == "other" and [step.scope.context for step in plan.steps] == ["other"]
    await carry_out(session, approve(plan))
    assert two.written(two.other) == ["patch web"] and two.written(two.one) == []
    assert session.state.scope.context == "one"


async def test_a_choice_between_objects_of_another_cluster_stays_there(two: Two, aboard: Crew) -> None:
    plane = two.other.plane
    for namespace in ("blue", "green"):
        plane.create(plane.kinds.named("", "Namespace"), {"metadata": {"name": namespace}})
        made = deployment()
        made["metadata"] |= {"namespace": namespace, "name": "twin"}
        plane.create(plane.kinds.named("apps", "Deployment"), made)
    session = await opened(aboard, "one")
    await carry_out(session, Say(text="scale @deployment/twin@other to 2"))
    asked = session.state.question
    assert asked is not None and asked.meanings[0] == "scale @deployment/blue/twin@other to 2"
    await carry_out(session, Say(text="1"))
    [step] = current(session).steps
    assert (step.scope.context, step.args["namespace"]) == ("other", "blue")


async def test_a_request_about_two_clusters_at_once_is_no_known_request(two: Two, aboard: Crew) -> None:
    session = await opened(aboard, "one")
    words = "scale @deployment/lab/web@other to 3, then scale @deployment/lab/web to 3"
    await carry_out(session, Say(text=words))
    assert session.state.current is None and session.state.turn == 1
    await carry_out(session, Say(text=words.replace("lab/web to", "lab/web@other to")))
    assert [step.scope.context for step in current(session).steps] == ["other", "other"]


@pytest.mark.parametrize("everywhere", [True, False])
async def test_a_view_of_several_contexts_says_of_every_row_whose_it_is(two: Two, everywhere: bool) -> None:
    home = Home(two.file.parent / "home")
    environ = {"KUBECONFIG": str(two.file), "HOME": str(two.file.parent)}
    agent = await Agent.start(AgentOptions(home=home, operator="tester"), environ)
    try:
        session = await agent.open_session()
        rows: dict[str, Row] = {}
        watch = Watch(
            view="v", what="deployments", scope=Scope(context="one"), contexts=("one", "other"),
            namespaces=("lab", "default"), all_namespaces=everywhere,
        )  # fmt: skip
        await session.send(watch)
        columns: tuple[str, ...] = ()
        async for recorded in session.subscribe():
            if isinstance(recorded.event, ViewChanged):
                change = recorded.event.rows
                columns, rows = change.columns, rows | {row.uid: row for row in change.upserts}
                if change.state is FeedState.LIVE and len(rows) == 2:
                    break
        await session.send(Unwatch(view="v"))
    finally:
        await agent.close()
    assert {row.cells[columns.index("Context")] for row in rows.values()} == {"one", "other"}
    assert {row.cells[columns.index("Namespace")] for row in rows.values()} == {"lab"}


async def test_what_follows_a_request_about_another_cluster_stays_there(two: Two, aboard: Crew) -> None:
    aboard.ship = replace(aboard.ship, clusters=two.clusters)
    session = await opened(aboard, "one")
    await carry_out(session, Say(text="why is @deployment/lab/web@other broken?"))
    await carry_out(session, Say(text="scale it to 3"))
    assert current(session).scope.context == "other"
