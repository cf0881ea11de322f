"""“Don't ask again” holds for one kind of write in one place, in one sitting, and never for what needs a name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent import events as e
from agent.commands import AllowWrites, AskAgain
from agent.deciding.decisions import CommandRefused
from agent.plan import Draft, Plan, PlanStatus
from agent.session import Session
from tests.agent.test_conversation import of
from tests.standins.crew import Crew, approve, carry_out, crew, offer, put, shelf_crew
from tests.standins.shelf import Shelf
from tools.gate import Gate


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path / "shelf", Gate.build()[0])
    for name in ("a", "b", "prod-a"):
        made.set(name, "0")
    return made


@pytest.fixture
async def aboard(tmp_path: Path, shelf: Shelf) -> AsyncIterator[Crew]:
    async with crew(tmp_path / "home", shelf_crew(shelf)) as made:
        yield made


async def offered(session: Session, origin: str, name: str, value: str = "1") -> Plan:
    """A plan as a turn offers it."""
    draft = Draft(goal=f"Put {name}", steps=(put("s", value, name=name),))
    await session._plans._offer(draft, origin, 1, session.state.scope)
    await session._plans.go_on()
    await session.idle()
    current = session.state.current
    assert current is not None
    return current.plan


async def waived(session: Session) -> None:
    await session.order(AllowWrites(place="shelf", writes=True, how="key"))
    plan = await offer(session, put("a"))
    await carry_out(session, approve(plan, waive=True))


async def test_the_same_kind_of_write_goes_on_unasked_and_says_so(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    await waived(session)
    plan = await offered(session, "runbook:put@1", "b")
    assert session.state.plans[plan.id].status is PlanStatus.SUCCEEDED and shelf.arrived == ["a=1", "b=1"]
    approval = of(session, e.PlanApproved)[-1]
    assert isinstance(approval, e.PlanApproved) and approval.how == "waived"


async def test_a_models_plan_and_production_ask_all_the_same(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    await waived(session)
    for origin, name in (("model:x", "b"), ("runbook:put@1", "prod-a")):
        plan = await offered(session, origin, name)
        assert session.state.plans[plan.id].status is PlanStatus.OFFERED
    assert shelf.arrived == ["a=1"]


async def test_what_always_needs_a_name_cannot_be_waived(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    plan = await offer(session, put("s", name="prod-a"))
    with pytest.raises(CommandRefused, match="always asked about"):
        await session.order(approve(plan, waive=True, confirmed=("prod-a",)))
    assert shelf.arrived == []


async def test_a_waiver_can_be_taken_back_and_ends_with_the_sitting(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    await waived(session)
    await session.order(AskAgain())
    plan = await offered(session, "runbook:put@1", "b")
    assert session.state.plans[plan.id].status is PlanStatus.OFFERED
    with pytest.raises(CommandRefused, match="every write asks"):
        await session.order(AskAgain())
    await carry_out(session, approve(plan, waive=True))
    assert session.state.waivers
    await session.close()
    assert not (await aboard.open()).state.waivers


async def test_where_writes_were_shut_off_again_nothing_goes_unasked(aboard: Crew, shelf: Shelf) -> None:
    session = await aboard.open()
    await waived(session)
    await session.order(AllowWrites(place="shelf", writes=False, how="key"))
    plan = await offered(session, "runbook:put@1", "b")
    assert session.state.plans[plan.id].status is PlanStatus.OFFERED
