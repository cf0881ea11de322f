"""Incidents, from the practice company: a crash, its diagnosis, its fix, and a crash of the same kind."""

from __future__ import annotations

from agent import events as e
from agent.commands import Say
from agent.plan import PlanStatus
from agent.remembering.incidents import Incident, diagnoses
from agent.session import Session
from memory.knowledge import Fresh, Kind, Source, Status, Where
from tests.scenarios.conftest import Start
from tests.standins.crew import approve, carry_out

WORKER = "registry.shop.example/payments/invoice-worker"


async def say(session: Session, words: str) -> None:
    await carry_out(session, Say(text=words))


async def run_image(session: Session, tag: str) -> None:
    await say(session, f"set the image of invoice-worker in payments to {WORKER}:{tag}")
    waiting = session.state.waiting
    assert waiting is not None
    await carry_out(session, approve(waiting.plan, confirmed=("invoice-worker",)))
    assert session.state.plans[waiting.plan.id].status is PlanStatus.SUCCEEDED


async def test_what_was_diagnosed_and_mended_is_proposed(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "why is invoice-worker crashing?")
        assert await agent.knowledge.list() == [], "a diagnosis alone teaches nothing"
        await run_image(session, "3.0.0")
        [incident] = await agent.knowledge.list(kinds=[Kind.INCIDENT])
        assert (incident.status, incident.source) == (Status.PROPOSED, Source.DERIVED)
        assert incident.where.cluster == "sandbox" and incident.reference.session == session.id
        assert {"symptom", "cause", "evidence", "fix", "outcome"} == set(incident.content)
        assert "memory" in incident.body and "3.0.0" in incident.body


async def test_a_past_incident_is_offered_when_the_symptoms_match_and_not_otherwise(start: Start) -> None:
    async with start() as agent:
        session = await agent.open_session()
        await say(session, "why is payments in payments crashing?")
        [seen] = diagnoses(session._log.history)
        past = Incident(
            symptom="deployment/billing in shop", cause=seen.findings[0].cause, fix="x", outcome="y"
        )
        other = past.model_copy(update={"cause": "The payments quota is used up in the namespace."})
        kept = [
            await agent.knowledge.remember(
                Fresh(kind=Kind.INCIDENT, subject=one.symptom, body=one.words, content=one.model_dump(mode="json"),
                      source=Source.DERIVED, where=Where(cluster="sandbox")),
                session._log.now(),
            )
            for one in (past, other)
        ]  # fmt: skip
        again = await agent.open_session()
        await say(again, "why is payments in payments crashing?")
        assert used(again) == [], "what is only proposed is not offered"
        for memory in kept:
            await agent.knowledge.confirm(memory.id, session._log.now())
        await say(again, "why is payments in payments crashing?")
        [similar] = used(again)
        assert similar.why == "similar" and [one.id for one in similar.used] == [kept[0].id]


def used(session: Session) -> list[e.MemoriesUsed]:
    return [r.event for r in session._log.history if isinstance(r.event, e.MemoriesUsed)]
