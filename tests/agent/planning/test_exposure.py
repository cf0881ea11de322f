"""Plans hold no secrets, and what is hidden neither breaks a plan nor is written in a secret's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import events as e
from agent.commands import EditStep, Say
from agent.deciding.decisions import CommandRefused
from agent.model import Message, TextBlock, ThinkingBlock, Usage
from agent.plan import DraftStep, PlanProblem, PlanStatus
from agent.planning.exposure import NO_UNDO
from agent.secrets.redacting import Redaction
from tests.agent.test_conversation import of, plan_of, talking
from tests.standins.crew import REDACTOR, Crew, approve, carry_out, crew, look, offer, put, shelf_crew
from tests.standins.script import Turn, text, tool
from tests.standins.shelf import Shelf
from tools.errors import Invalid
from tools.gate import Gate
from tools.tool import Call, Scope

WORD = "swordfish" + "42"
LOGIN = f"password={WORD}"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path / "shelf", Gate.build()[0])
    made.set("a", "0")
    return made


def kept(aboard: Crew) -> str:
    return "".join(path.read_bytes().decode("utf-8", "replace") for path in aboard.home.data.glob("*.db*"))


@pytest.mark.parametrize("value", [LOGIN, REDACTOR.token(WORD)], ids=["a secret", "its token"])
async def test_a_step_with_a_secret_in_its_arguments_is_refused(
    tmp_path: Path, shelf: Shelf, value: str
) -> None:
    async with crew(tmp_path / "home", shelf_crew(shelf)) as aboard:
        session = await aboard.open()
        with pytest.raises(PlanProblem) as refused:
            await offer(session, put("a", value))
        [sentence] = refused.value.problems
        assert "Step a: the argument value holds a secret" in sentence
        assert REDACTOR.token(WORD) in sentence and "secretKeyRef" in sentence and WORD not in sentence
        assert shelf.arrived == [] and "preview" not in shelf.calls
        await session.close()


async def test_a_secret_does_not_reach_a_write_by_reference(tmp_path: Path, shelf: Shelf) -> None:
    shelf.set("db-password", WORD)
    taken = {"name": "a", "value": {"$from": "look", "path": "value"}}
    copying = DraftStep(id="put", tool="shelf_put", args=taken)  # type: ignore[arg-type]
    async with crew(tmp_path / "home", shelf_crew(shelf)) as aboard:
        session = await aboard.open()
        with pytest.raises(PlanProblem, match="the argument value holds a secret"):
            await offer(session, look("look", name="db-password"), copying)
        assert shelf.arrived == []
        await session.close()


async def test_a_model_that_plans_with_a_secret_is_told_why_not(tmp_path: Path, shelf: Shelf) -> None:
    step = {"id": "s1", "tool": "shelf_put", "args": {"name": "a", "value": LOGIN}}
    turns = Turn(plan_of(step)), Turn(text("Then put it into a Secret first."))  # type: ignore[arg-type]
    async with talking(tmp_path, shelf, *turns) as (session, server):
        await carry_out(session, Say(text=f"please put {LOGIN} on a for me"))
        [refused] = of(session, e.PlanRefused)
        assert isinstance(refused, e.PlanRefused)
        assert "the argument value holds a secret" in refused.problems[0]
        assert "secretKeyRef" in str(server.requests[1].body) and WORD not in str(server.requests[1].body)
        assert session.state.waiting is None and shelf.arrived == []


async def test_a_model_cannot_look_for_a_secret_by_its_token(tmp_path: Path, shelf: Shelf) -> None:
    calls = Turn(tool("shelf_look", {"name": REDACTOR.token(WORD)})), Turn(text("I cannot."))
    async with talking(tmp_path, shelf, *calls) as (session, _):
        await carry_out(session, Say(text="where does that password come from?"))
        [returned] = of(session, e.ToolReturned)
        assert isinstance(returned, e.ToolReturned)
        assert "only stands for a secret" in returned.cause and shelf.calls == []


async def test_a_step_cannot_be_edited_to_hold_a_secret(tmp_path: Path, shelf: Shelf) -> None:
    async with crew(tmp_path / "home", shelf_crew(shelf)) as aboard:
        session = await aboard.open()
        plan = await offer(session, put("a", "1"))
        with pytest.raises(CommandRefused, match="the argument value holds a secret"):
            await session.order(EditStep(plan_id=plan.id, step_id="a", args={"name": "a", "value": LOGIN}))
        assert WORD not in kept(aboard)
        await session.close()


async def test_an_undo_that_needs_a_secret_is_not_offered_and_the_step_still_runs(
    tmp_path: Path, shelf: Shelf
) -> None:
    shelf.set("a", LOGIN)
    async with crew(tmp_path / "home", shelf_crew(shelf)) as aboard:
        session = await aboard.open()
        plan = await offer(session, put("a", "1"))
        [step] = plan.steps
        assert step.undo is None and step.preview is not None
        assert NO_UNDO in step.preview.warnings
        assert step.preview.changes[0].before == f"password={REDACTOR.token(WORD)}"
        await carry_out(session, approve(plan, confirmed=("a",)))
        assert session.state.plans[plan.id].status is PlanStatus.SUCCEEDED
        assert shelf.value("a") == "1"
        assert WORD not in kept(aboard)
        await session.close()


async def test_a_secret_that_changed_since_the_approval_is_drift(tmp_path: Path, shelf: Shelf) -> None:
    shelf.set("a", LOGIN)
    async with crew(tmp_path / "home", shelf_crew(shelf)) as aboard:
        session = await aboard.open()
        plan = await offer(session, put("a", "1"))
        shelf.set("a", f"{LOGIN}x")
        await carry_out(session, approve(plan, confirmed=("a",)))
        assert session.state.plans[plan.id].status is not PlanStatus.SUCCEEDED
        assert shelf.value("a") == f"{LOGIN}x"
        await session.close()


async def test_what_a_read_returns_is_hidden_while_its_shape_still_tells(
    tmp_path: Path, shelf: Shelf
) -> None:
    shelf.set("db-password", WORD)
    async with crew(tmp_path / "home", shelf_crew(shelf)) as aboard:
        session = await aboard.open()
        reader = session._staff.site.reader
        output = await reader.run(Call(tool="shelf_look", args={"name": "db-password"}), Scope())
        assert output.model_dump()["value"] == REDACTOR.token(WORD)
        with pytest.raises(Invalid, match="only stands for a secret"):
            await reader.run(Call(tool="shelf_look", args={"name": REDACTOR.token(WORD)}), Scope())
        await session.close()


def test_a_thought_that_had_to_be_altered_loses_its_seal_and_others_keep_it() -> None:
    message = Message(
        role="assistant",
        content=(
            ThinkingBlock(text=f"So {LOGIN} it is.", signature="sealed"),
            ThinkingBlock(text="Look first.", signature="password=notours1"),
            TextBlock(text="Looking."),
        ),
    )
    said = e.ModelReplied(turn=1, message=message, stop_reason="end_turn", model="m", usage=Usage())
    stored = Redaction(REDACTOR).stored(said)
    assert isinstance(stored, e.ModelReplied)
    altered, whole, words = stored.message.content
    assert altered == ThinkingBlock(text=f"So password={REDACTOR.token(WORD)} it is.")
    assert (whole, words) == message.content[1:]
