"""The main job, end to end, against a real API server and a real AWS stand-in: say, see, approve, watch, find again."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from pathlib import Path

import aiohttp
import pytest
import yaml

from agent import events as e
from agent.commands import FollowLogs, Inspect, Say, Undo, Watch
from agent.deciding.decisions import CommandRefused, Why
from agent.plan import PlanStatus, StepState, canonical
from agent.session import Session
from memory.home import Home
from tests.scenarios.conftest import Start
from tests.standins.crew import approve, carry_out
from tools.errors import FailureClass
from tools.rows import FeedState
from tools.sandbox.launch import Running
from tools.tool import Scope


async def ask(session: Session, words: str) -> None:
    await carry_out(session, Say(text=words))


async def test_say_see_approve_watch_and_find_again(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await ask(session, "scale cart in staging to 3")
        waiting = session.state.waiting
        assert waiting is not None and waiting.model_calls == 0
        [step] = waiting.plan.steps
        assert step.preview is not None
        assert [(c.path, c.before, c.after) for c in step.preview.changes] == [("spec.replicas", 1, 3)]
        assert step.undo is not None and step.undo.args["replicas"] == 1
        await carry_out(session, approve(waiting.plan))
        done = session.state.plans[waiting.plan.id]
        assert done.status is PlanStatus.SUCCEEDED, done.of(step.id)
        assert "3 of 3" in done.of(step.id).observed
        name = session.id
        await session.order(Undo(plan_id=waiting.plan.id, how="key"))
        back = session.state.waiting
        assert back is not None
        await carry_out(session, approve(back.plan))
        assert session.state.plans[back.plan.id].status is PlanStatus.SUCCEEDED
    async with start() as agent:
        assert name in {hit.session for hit in await agent.sessions.search("cart staging")}
        again = await agent.open_session(name)
        assert again.state.plans[waiting.plan.id].status is PlanStatus.SUCCEEDED
        assert (await agent.journal.verify()).ok


async def test_the_same_words_give_the_same_plan_to_the_byte(start: Start) -> None:
    async with start() as agent:
        plans = []
        for _ in range(2):
            session = await agent.open_session()
            await ask(session, "scale frontend in staging to 5")
            waiting = session.state.waiting
            assert waiting is not None
            plans.append(canonical(waiting.plan.model_dump(mode="json", exclude={"id"})))
        assert plans[0] == plans[1]


async def test_a_name_that_stands_in_several_places_is_asked_about(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await ask(session, "scale checkout to 3")
        question = session.state.question
        assert question is not None and len(question.choices) == 3
        await ask(session, "staging")
        waiting = session.state.waiting
        assert waiting is not None and waiting.plan.steps[0].args["namespace"] == "shop-staging"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("scale chekout in staging to 3", "checkout"),
        ("scale checkout in stagign to 3", "staging"),
        ("restart nothing-like-this", "nothing-like-this"),
    ],
)
async def test_what_does_not_exist_is_never_invented(start: Start, words: str, says: str) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await ask(session, words)
        assert session.state.waiting is None
        [failed] = [r.event for r in session._log.history if isinstance(r.event, e.TurnFailed)]
        assert says in f"{failed.sentence} {failed.hint}"


async def test_why_something_crashes_is_answered_with_its_evidence(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await ask(session, "why is payments crashing?")
        [answer] = [r.event for r in session._log.history if isinstance(r.event, e.AnswerGiven)]
        assert "DATABASE_URL" in answer.markdown and "Not checked" in answer.markdown
        calls = {r.event.call_id for r in session._log.history if isinstance(r.event, e.ToolReturned)}
        assert answer.evidence and {item.call_id for item in answer.evidence} <= calls


async def test_somebody_elses_change_after_the_approval_is_drift(start: Start, practice: Home) -> None:
    running = Running.read(practice.sandbox)
    assert running is not None
    async with start() as agent:
        session = await agent.open_session()
        await ask(session, "scale catalog in staging to 2")
        waiting = session.state.waiting
        assert waiting is not None
        cluster = await agent.clusters.cluster("sandbox")
        await meddle(running.kubeconfig, "shop-staging", "catalog", 5)
        await carry_out(session, approve(waiting.plan))
        step = session.state.plans[waiting.plan.id].of("scale")
        assert (step.state, step.failure) == (StepState.FAILED, FailureClass.DRIFT)
        found = await cluster.json("GET", "/apis/apps/v1/namespaces/shop-staging/deployments/catalog")
        assert found["spec"]["replicas"] == 5  # type: ignore[index,call-overload]


async def meddle(kubeconfig: Path, namespace: str, name: str, replicas: int) -> None:
    """What a colleague's kubectl does, with a client of its own and no gate."""
    config = yaml.safe_load(kubeconfig.read_text())  # noqa: ASYNC240 - a small file
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(
        cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
    )
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {user['token']}"}) as http:
        url = f"{cluster['server']}/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"
        body = json.dumps({"spec": {"replicas": replicas}})
        headers = {"Content-Type": "application/merge-patch+json"}
        async with http.patch(url, data=body, headers=headers, ssl=context) as answer:
            assert answer.status == 200, await answer.text()


async def test_an_environment_is_stopped_and_started_again_as_it_was(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await ask(session, "scale cart in dev to 2")
        assert session.state.waiting is not None
        await carry_out(session, approve(session.state.waiting.plan))
        await ask(session, "stop all dev environments")
        stopping = session.state.waiting
        assert stopping is not None
        systems = {
            permit.system for step in stopping.plan.steps if step.preview for permit in step.preview.permits
        }
        assert systems == {"kubernetes", "aws"}
        await carry_out(session, approve(stopping.plan))
        assert session.state.plans[stopping.plan.id].status is PlanStatus.SUCCEEDED
    async with start() as agent:
        session = await agent.open_session()
        await ask(session, "start the dev environment")
        starting = session.state.waiting
        assert starting is not None
        counts = {step.args.get("name"): step.args.get("replicas") for step in starting.plan.steps}
        assert counts["cart"] == 2, "the recorded count, from another session"
        started = {item for step in starting.plan.steps for item in step.args.get("instance_ids", [])}  # type: ignore[union-attr]
        stopped = {item for step in stopping.plan.steps for item in step.args.get("instance_ids", [])}  # type: ignore[union-attr]
        assert started == stopped, "what stood still before stays as it was"
        await carry_out(session, approve(starting.plan))
        assert session.state.plans[starting.plan.id].status is PlanStatus.SUCCEEDED


async def test_production_asks_for_the_name(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await ask(session, "scale checkout in production to 6")
        waiting = session.state.waiting
        assert waiting is not None
        with pytest.raises(CommandRefused) as refusal:
            await session.order(approve(waiting.plan))
        assert refusal.value.why is Why.DECISION and "checkout" in refusal.value.hint


async def test_a_rolling_restart_needs_an_approval_but_no_name(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await ask(session, "restart redis in staging")
        waiting = session.state.waiting
        assert waiting is not None and waiting.plan.steps[0].undo is None
        assert waiting.plan.steps[0].needs_name == ""


async def test_the_clusters_own_namespaces_are_denied_by_a_named_rule(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await ask(session, "scale coredns in kube-system to 5")
        [refused] = [r.event for r in session._log.history if isinstance(r.event, e.PlanRefused)]
        assert "system-namespaces-are-denied" in refused.problems[0]


async def test_a_viewer_is_told_what_right_is_missing(start: Start) -> None:
    async with start(context="sandbox-viewer") as agent:
        session = await agent.open_session()
        await ask(session, "scale cart in staging to 2")
        text = " ".join(
            str(r.event) for r in session._log.history if isinstance(r.event, e.TurnFailed | e.PlanRefused)
        )
        assert "patch" in text and "deployments" in text


async def test_a_second_console_follows_live_and_cannot_interfere(start: Start) -> None:
    async with start() as one, start() as other:
        driving = await one.open_session()
        following = await other.open_session(driving.id)
        assert driving.driving and not following.driving
        with pytest.raises(CommandRefused):
            await following.order(Say(text="restart cart in staging"))
        await ask(driving, "scale redis in staging to 2")
        async with asyncio.timeout(5):
            async for _ in following.subscribe():
                if following.state.waiting is not None:
                    break
        assert driving.state.waiting is not None and following.state.waiting is not None
        assert following.state.waiting.plan == driving.state.waiting.plan


async def test_resources_arrive_live_and_can_be_looked_at_closely(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await session.order(Watch(view="side", what="pods", scope=Scope(namespace="payments")))
        await session.order(Watch(view="cloud", what="aws:ec2", scope=Scope()))
        await session.order(
            Inspect(request="1", what="deployment", name="payments", scope=Scope(namespace="payments"))
        )
        await session.order(
            FollowLogs(request="2", what="deployment", name="payments", scope=Scope(namespace="payments"))
        )
        seen: set[str] = set()
        async with asyncio.timeout(15):
            async for recorded in session.subscribe():
                event = recorded.event
                if isinstance(event, e.ViewChanged) and event.rows.upserts:
                    assert event.rows.state is not FeedState.FAILED
                    seen.add(event.view)
                elif isinstance(event, e.Inspected):
                    assert event.page is not None
                    seen.add(event.side)
                elif isinstance(event, e.LogGrew) and any(
                    "DATABASE_URL" in line.text for line in (event.batch.lines if event.batch else ())
                ):
                    seen.add("logs")
                if seen >= {"side", "cloud", "summary", "yaml", "events", "related", "sessions", "logs"}:
                    break


async def test_taking_back_says_what_is_put_back_and_passes_over_a_restart(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await ask(session, "scale cart in staging to 2")
        waiting = session.state.waiting
        assert waiting is not None
        await carry_out(session, approve(waiting.plan))
        await session.order(Undo(plan_id=waiting.plan.id, how="key"))
        back = session.state.waiting
        assert back is not None
        assert back.plan.steps[0].title.endswith("back as it was: spec.replicas 2 → 1"), back.plan.steps[
            0
        ].title
        await carry_out(session, approve(back.plan))
        await ask(session, "restart cart in staging")
        again = session.state.waiting
        assert again is not None
        await carry_out(session, approve(again.plan))
        with pytest.raises(CommandRefused, match="left nothing different"):
            await session.order(Undo(plan_id=again.plan.id, how="key"))
