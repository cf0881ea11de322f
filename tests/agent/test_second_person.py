"""Two people: what policy wants approved by two runs only after both have, and one person is never both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent import events as e
from agent.commands import Approve, Countersign
from agent.decisions import CommandRefused, Why
from agent.person import Person, person
from agent.plan import Plan, PlanStatus, Ruling, Verdict
from agent.policy import Policy, Question
from agent.policy_file import load
from agent.second_person import waiting_words
from agent.session import Session
from agent.settings import Settings, SettingsError
from tests.standins.crew import Crew, approve, crew, offer, put, shelf_crew, until
from tests.standins.shelf import Shelf
from tools.errors import FailureClass
from tools.gate import Gate
from tools.tool import Effect

ANNA, BEN = Person("anna", "anna (1000)"), Person("ben", "ben (1001)")


def two_for_writes(question: Question, _: Settings) -> Ruling | None:
    if not question.effect.writes:
        return None
    return Ruling(verdict=Verdict.ASK, rule="two-people", approvals=2)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path / "shelf", Gate.build()[0])
    made.set("cup", "0")
    return made


@asynccontextmanager
async def aboard(folder: Path, shelf: Shelf, who: Person) -> AsyncIterator[Crew]:
    """A console of this person's on the one home."""
    policy = Policy(Settings(), [two_for_writes])
    async with crew(folder / "home", shelf_crew(shelf), policy=policy) as found:
        found.ship = replace(found.ship, person=who, operator=who.name)
        yield found


def countersign(plan: Plan, **more: object) -> Countersign:
    return Countersign.model_validate({"plan_id": plan.id, "hash": plan.hash, "how": "flag", **more})


async def signed_once(session: Session, plan: Plan) -> None:
    await session.order(approve(plan))
    progress = session.state.plans[plan.id]
    assert progress.status is PlanStatus.OFFERED
    assert waiting_words(progress) == f"Approved by {progress.given[0].by}; waits for a second person."


async def test_one_approval_lets_nothing_run(tmp_path: Path, shelf: Shelf) -> None:
    async with aboard(tmp_path, shelf, ANNA) as anna:
        session = await anna.open()
        plan = await offer(session, put("cup"))
        await signed_once(session, plan)
        await signed_once(session, plan)
        assert len(session.state.plans[plan.id].given) == 1
        assert shelf.arrived == []
        await session.close()


async def test_the_second_person_beside_a_driven_session_lets_it_run_there(
    tmp_path: Path, shelf: Shelf
) -> None:
    async with aboard(tmp_path, shelf, ANNA) as anna:
        session = await anna.open()
        plan = await offer(session, put("cup"))
        await signed_once(session, plan)
        async with aboard(tmp_path, shelf, BEN) as ben:
            shelf_gate_of(anna, shelf)
            beside = await ben.open()
            assert not beside.driving
            await beside.order(approve(plan))  # the key a, in a console that follows
            await asyncio.wait_for(until(session, lambda s: s.plans[plan.id].status.final), 20)
            await beside.close()
        progress = session.state.plans[plan.id]
        assert progress.status is PlanStatus.SUCCEEDED
        assert [(given.by, given.login) for given in progress.given] == [
            ("anna", "anna (1000)"),
            ("ben", "ben (1001)"),
        ]
        assert shelf.arrived == ["cup=1"]
        approved = [found.event for found in session._log.history if isinstance(found.event, e.PlanApproved)]
        assert [one.by for one in approved] == ["anna and ben"]
        await session.close()


def shelf_gate_of(found: Crew, shelf: Shelf) -> None:
    """The shelf stands behind the gate of whoever carries out."""
    shelf.gate = found.gate


async def test_what_was_signed_one_after_the_other_runs_by_the_third_word(
    tmp_path: Path, shelf: Shelf
) -> None:
    async with aboard(tmp_path, shelf, ANNA) as anna:
        session = await anna.open()
        plan = await offer(session, put("cup"))
        await signed_once(session, plan)
        await session.close()
    async with aboard(tmp_path, shelf, BEN) as ben:
        session = await ben.open()
        await session.order(countersign(plan))
        assert session.state.plans[plan.id].status is PlanStatus.OFFERED
        await session.close()
    async with aboard(tmp_path, shelf, ANNA) as anna:
        session = await anna.open()
        await session.order(approve(plan))
        await session.idle()
        assert session.state.plans[plan.id].status is PlanStatus.SUCCEEDED
        await session.close()
    assert shelf.arrived == ["cup=1"]


@pytest.mark.parametrize(
    "who",
    [
        Person("ben", "anna (1000)"),
        Person("anna", "ben (1001)"),
        Person("ben", ""),
    ],
    ids=["another name, the same account", "another account, the same name", "an unknown account"],
)
async def test_one_person_is_never_both(tmp_path: Path, shelf: Shelf, who: Person) -> None:
    async with aboard(tmp_path, shelf, ANNA) as anna:
        session = await anna.open()
        plan = await offer(session, put("cup"))
        await signed_once(session, plan)
        async with aboard(tmp_path, shelf, who) as other:
            beside = await other.open()
            with pytest.raises(CommandRefused) as refused:
                await beside.order(countersign(plan))
            assert refused.value.why is Why.POLICY
            await beside.close()
        assert len(session.state.plans[plan.id].given) == 1
        await session.close()
    assert shelf.arrived == []


async def test_an_approval_of_another_hash_does_not_count(tmp_path: Path, shelf: Shelf) -> None:
    async with aboard(tmp_path, shelf, ANNA) as anna:
        session = await anna.open()
        plan = await offer(session, put("cup"))
        await signed_once(session, plan)
        async with aboard(tmp_path, shelf, BEN) as ben:
            beside = await ben.open()
            with pytest.raises(CommandRefused) as refused:
                await beside.order(countersign(plan, hash="0" * 64))
            assert refused.value.why is Why.STALE
            await beside.close()
        forged = e.ApprovalGiven(
            plan_id=plan.id, hash="0" * 64, steps=("cup",), by="ben", login="ben (1001)", how="key"
        )
        await session._log.record(forged)
        await signed_once(session, plan)
        await session.close()
    assert shelf.arrived == []


async def test_execution_itself_refuses_a_step_that_one_person_approved(tmp_path: Path, shelf: Shelf) -> None:
    async with aboard(tmp_path, shelf, ANNA) as anna:
        shelf_gate_of(anna, shelf)
        session = await anna.open()
        plan = await offer(session, put("cup"))
        await signed_once(session, plan)
        # A defect, or somebody's own event, past everything that decides:
        await session._plans._approved(plan.id, plan.hash, ("cup",), "flag")
        await session.idle()
        progress = session.state.plans[plan.id]
        assert progress.status is PlanStatus.FAILED
        assert progress.of("cup").failure is FailureClass.REFUSED
        assert "needs the approval of 2 people" in progress.of("cup").cause
        await session.close()
    assert shelf.arrived == []


async def test_asking_cannot_be_waived_where_two_have_to_approve(tmp_path: Path, shelf: Shelf) -> None:
    async with aboard(tmp_path, shelf, ANNA) as anna:
        session = await anna.open()
        plan = await offer(session, put("cup"))
        with pytest.raises(CommandRefused, match="always asked about"):
            await session.order(
                Approve(plan_id=plan.id, hash=plan.hash, how="key", allow_writes=True, waive=True)
            )
        await session.close()


def test_a_rule_of_the_file_asks_for_two_and_the_most_demanding_counts(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        """
rules:
  - name: two-for-production
    verdict: ask
    approvals: 2
    environments: [production]
    match: [shelf_put in shop with environment=production]
    not_match: [shelf_put in shop]
  - name: names-everywhere
    verdict: confirm
    match: [shelf_put in shop]
    not_match: [shelf_look in shop]
    effects: [write]
"""
    )
    effects = {"shelf_put": Effect.WRITE, "shelf_look": Effect.READ}
    policy = Policy(Settings(), load(path, effects))
    from agent.policy_sentence import question

    ruling = policy.rule(question("shelf_put in shop with environment=production", effects))
    assert (ruling.verdict, ruling.approvals) == (Verdict.CONFIRM, 2)
    assert policy.rule(question("shelf_put in shop", effects)).approvals == 1
    path.write_text(path.read_text().replace("approvals: 2", "approvals: 3"))
    with pytest.raises(SettingsError):
        load(path, effects)


def test_the_kernels_word_on_who_logged_in_counts_before_the_environments(tmp_path: Path) -> None:
    login = tmp_path / "loginuid"
    login.write_text("4242424")
    assert person("anna", login) == Person("4242424", "4242424 (4242424)")
    login.write_text("4294967295")
    nobody = person("anna", login)
    assert nobody.name == "anna"
    assert nobody.login
    assert person("ben", login).login == nobody.login
