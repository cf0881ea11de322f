"""Follow-ups in a real session, against a real API server and without a model: words, resolution, plan."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from agent import events as e
from agent.agent import Agent, Options
from agent.commands import AllowWrites, Say
from agent.following.meaning import understood
from agent.plan import PlanStatus
from agent.session import Session
from memory.home import Home
from tests.scenarios.conftest import Start
from tests.standins.crew import approve, carry_out
from tests.standins.model_server import ModelServer
from tests.standins.script import Script, Turn, text

Kind = TypeVar("Kind", bound=e.Durable)


async def say(session: Session, *lines: str) -> None:
    for line in lines:
        await carry_out(session, Say(text=line))


def last(session: Session, kind: type[Kind]) -> Kind:
    return next(r.event for r in reversed(session._log.history) if isinstance(r.event, kind))


def first_cell(session: Session, row: int) -> str:
    output = last(session, e.ToolReturned).output
    assert isinstance(output, dict)
    return str(output["rows"][row][0])  # type: ignore[index,call-overload]


async def test_the_top_one_is_the_first_object_that_was_shown(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "show pods in payments")
        pod = first_cell(session, 0)
        await say(session, "logs of the top one")
        followed = last(session, e.FollowedUp)
        assert followed.meaning == f"logs of pod/{pod} in payments"
        assert understood(followed).endswith("(the top one of “show pods in payments”)")
        assert last(session, e.ToolCalled).call.args["name"] == pod


async def test_a_finding_without_a_namespace_in_its_words_is_still_found(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "what is wrong?", "logs of the top one")
        assert last(session, e.ToolReturned).failure is None
        assert last(session, e.FollowedUp).meaning.startswith("logs of pod/")


async def test_a_write_that_points_back_is_named_in_full_and_waits_for_a_decision(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "show pods in staging")
        pod = first_cell(session, 0)
        await say(session, "restart the first")
        waiting = session.state.waiting
        assert waiting is not None and waiting.plan.origin == "followup:restart@1"
        [step] = waiting.plan.steps
        assert (step.args["kind"], step.args["name"]) == ("Deployment", pod.rsplit("-", 2)[0])
        followed = last(session, e.FollowedUp)
        assert f"deployment of pod/{pod}" in followed.because and "in context sandbox" in followed.because


async def test_a_write_that_points_back_asks_even_where_its_kind_was_waived(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await session.order(AllowWrites(place="sandbox", writes=True, how="key"))
        await say(session, "scale cart in staging to 2")
        assert session.state.waiting is not None
        await carry_out(session, approve(session.state.waiting.plan, waive=True))
        assert session.state.waivers
        await say(session, "make it 1")
        waiting = session.state.waiting
        assert waiting is not None and waiting.plan.steps[0].args["replicas"] == 1
        await say(session, "scale cart in staging to 1")
        assert session.state.waiting is None, "said in full it is what was decided about"


async def test_what_is_not_clear_is_asked_with_choices_and_answered_in_words(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "show pods in payments", "logs of it")
        question = session.state.question
        assert question is not None and len(question.choices) == 7
        assert question.choices[1].endswith("in payments on sandbox")
        wanted = question.meanings[1]
        await say(session, "the second")
        assert last(session, e.FollowedUp).meaning == wanted
        assert last(session, e.AnswerGiven).rule == "logs@1"


async def test_a_wrong_understanding_is_put_right_in_words(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "show pods in staging")
        second = first_cell(session, 1)
        await say(session, "logs of the top one", "no, the second")
        assert last(session, e.FollowedUp).meaning == f"logs of pod/{second} in shop-staging"
        await say(session, "show pods in staging", "no, payments")
        assert last(session, e.FollowedUp).meaning == "show pods in payments"


async def test_the_last_request_is_said_again_for_another_place_and_another_cluster(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "show deployments in payments", "what about staging?")
        assert last(session, e.ToolCalled).call.args["namespace"] == "shop-staging"
        await say(session, "the other cluster")
        called = last(session, e.ToolCalled)
        assert (called.scope.context, called.call.args["namespace"]) == ("sandbox-viewer", "shop-staging")
        assert session.state.scope.context == "sandbox", "the working scope stays where it is"
        await say(session, "and services?")
        assert last(session, e.ToolCalled).call.args["kind"] == "services"
        await say(session, "what about nowhere")
        assert "called nowhere" in last(session, e.TurnFailed).sentence


async def test_do_it_there_too_repeats_the_plan_at_the_place_spoken_of_since(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "scale checkout in staging to 3", "show pods in dev", "do it there too")
        waiting = session.state.waiting
        assert waiting is not None
        assert [step.args["namespace"] for step in waiting.plan.steps] == ["shop-dev"]


async def test_do_it_there_too_asks_where_no_other_place_was_spoken_of(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "scale checkout in staging to 3", "do it there too")
        question = session.state.question
        assert question is not None
        assert sorted(question.choices) == ["the namespace shop-dev", "the namespace shop-production"]


async def test_undo_that_offers_the_way_back_and_changes_nothing_by_itself(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "undo that")
        assert "nothing to undo" in last(session, e.TurnFailed).sentence
        await say(session, "scale catalog in staging to 2")
        assert session.state.waiting is not None
        done = session.state.waiting.plan
        await carry_out(session, approve(done))
        assert session.state.plans[done.id].status is PlanStatus.SUCCEEDED
        await say(session, "undo that")
        waiting = session.state.waiting
        assert waiting is not None and waiting.plan.origin == f"undo:{done.id}"
        await carry_out(session, approve(waiting.plan))
        assert session.state.plans[waiting.plan.id].status is PlanStatus.SUCCEEDED


async def test_what_was_shown_is_pointed_at_after_a_restart(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "show pods in payments")
        third = first_cell(session, 2)
    async with start() as agent:
        again = await agent.open_session(session.id)
        await say(again, "logs of the third one")
        assert last(again, e.FollowedUp).meaning == f"logs of pod/{third} in payments"


async def test_the_same_question_is_answered_from_before_with_its_age_until_it_is_asked_afresh(
    start: Start,
) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "show pods in payments")
        assert (
            last(session, e.ToolReturned).age == 0
            and "ago" not in last(session, e.AnswerGiven).markdown[-40:]
        )
        await say(session, "show pods in payments")
        assert last(session, e.ToolReturned).age > 0
        assert "s ago; say `again` to look afresh." in last(session, e.AnswerGiven).markdown
        await say(session, "again")
        assert last(session, e.ToolReturned).age == 0


async def test_a_write_ends_what_was_read_where_it_wrote_and_nothing_else(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "show pods in staging", "show pods in payments", "scale frontend in staging to 3")
        assert session.state.waiting is not None
        await carry_out(session, approve(session.state.waiting.plan))
        await say(session, "show pods in staging")
        assert last(session, e.ToolReturned).age == 0
        await say(session, "show pods in payments")
        assert last(session, e.ToolReturned).age > 0


async def test_a_model_is_told_what_the_words_point_to(tmp_path: Path) -> None:
    async with ModelServer(Script([Turn(text("It is fine."))])) as server:
        home = Home(tmp_path).prepare()
        home.settings.write_text(f'[model]\nname = "stand-in"\nbase_url = "{server.url}"\n')
        environ = {**os.environ, "PILOTHOUSE_NO_REAL_MODEL": "1"}
        agent = await Agent.start(Options(home=home, sandbox=True, operator="tester"), environ)
        try:
            session = await agent.open_session()
            await say(session, "show pods in payments")
            pod = first_cell(session, 1)
            assert server.requests == [], "what is known needs no model"
            await say(session, "would you say that the second one is worth keeping?")
            told = str(server.requests[0].body["messages"])
            assert f"understood as: say that pod/{pod} in payments on sandbox is worth keeping" in told
        finally:
            await agent.close()
