"""Plans for processes that are killed, each with what must be true in the end however often that happens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.commands import Command, PassGate, PlanAgain, Resume
from agent.plan import DraftStep, PlanStatus
from agent.planning.checks import Check
from agent.session import Session
from agent.state import PlanProgress
from memory.ledger import Ledger
from tests.standins.crew import Crew, approve, carry_out, crew, look, offer, put, shelf_crew
from tests.standins.shelf import Shelf
from tools.errors import Forbidden
from tools.gate import Gate
from tools.tool import Call

BROKEN = "broken"
"""A value nobody may put on this shelf."""

_DECISIONS = 12
"""Commands one life may need at most; a story that is not over then never ends."""


@dataclass(frozen=True, slots=True)
class Story:
    """A plan, what happens to it, and its end.

    Attributes:
        ends: the status of the last plan.
        arrived: every write that reaches the shelf, each exactly once.
        drifts: name of a value somebody else changes after the plan was offered.
    """

    steps: tuple[DraftStep, ...]
    ends: PlanStatus
    arrived: tuple[str, ...]
    drifts: str = ""


def _is_one(name: str) -> Check:
    call = Call(tool="shelf_look", args={"name": name})
    return Check(says=f"{name} is 1", call=call, path="value", must="==", than="1", within=5.0, lasts=0.05)


def _with(step: DraftStep, **more: object) -> DraftStep:
    return step.model_copy(update=more)


STORIES: dict[str, Story] = {
    "plain": Story(
        (put("a"), put("b"), look("c", "a"), put("d", "1", "a", "b")),
        PlanStatus.SUCCEEDED,
        ("a=1", "b=1", "d=1"),
    ),
    "gates": Story(
        (
            put("a"),
            _with(put("b", "1", "a"), gate="Production too?"),
            _with(put("c", "1", "b"), gate="And c?"),
        ),
        PlanStatus.SUCCEEDED,
        ("a=1", "b=1", "c=1"),
    ),
    "checks": Story(
        (
            _with(put("a"), checks=(_is_one("a"),)),
            _with(put("b", "1", "a"), checks=(_is_one("a"), _is_one("b"))),
        ),
        PlanStatus.SUCCEEDED,
        ("a=1", "b=1"),
    ),
    "way back": Story(
        (
            put("a"),
            put("b", "1", "a"),
            put("c", BROKEN, "b"),
            DraftStep(id="back-b", undoes="b", if_failed=("c",)),
            DraftStep(id="back-a", undoes="a", if_failed=("c",), depends_on=("back-b",)),
        ),
        PlanStatus.FAILED,
        ("a=1", "b=1", "b=0", "a=0"),
    ),
    "re-planning": Story(
        (put("a"), put("b", "1", "a"), put("c", "1", "b")),
        PlanStatus.SUCCEEDED,
        ("a=1", "b=1", "c=1"),
        drifts="b",
    ),
    "all of it": Story(
        (
            _with(put("a"), checks=(_is_one("a"),)),
            _with(put("b", "1", "a"), gate="On to b?"),
            put("c", BROKEN, "b"),
            DraftStep(id="back-b", undoes="b", if_failed=("c",)),
            look("d", "a"),
        ),
        PlanStatus.FAILED,
        ("a=1", "b=1", "b=0"),
    ),
}


class StrictShelf(Shelf):
    """A shelf on which one value may not be put."""

    def put(self, name: str, value: str) -> None:
        if value == BROKEN:
            raise Forbidden(f"Nobody may put {value} on {name}.")
        super().put(name, value)


async def live(
    story: Story, folder: Path, landmark: Callable[[str], None], ledger: Callable[[Crew], Ledger]
) -> str:
    """One life of a process that carries the story on from wherever the last one left it.

    Returns:
        The status of its last plan.
    """
    shelf = StrictShelf(folder / "shelf", Gate.build()[0])
    for name in ("a", "b", "c", "d"):
        if shelf.value(name) is None:
            shelf.set(name, "0")
    async with crew(folder / "home", shelf_crew(shelf), sleep=_briefly) as aboard:
        session = await aboard.open(ledger=ledger(aboard))
        shelf.landmark = landmark
        for _ in range(_DECISIONS):
            await session.idle()
            progress = session.state.current
            if progress is None:
                await offer(session, *story.steps)
            elif (command := _next(session, progress, story, shelf)) is not None:
                await carry_out(session, command)
            else:
                break
        current = session.state.current
        await session.close()
        return current.status.value if current else "none"


def _next(session: Session, progress: PlanProgress, story: Story, shelf: Shelf) -> Command | None:
    """What an operator does next, or nothing when it is over."""
    plan_id = progress.plan.id
    match progress.status:
        case PlanStatus.OFFERED:
            if story.drifts:
                _meddle(shelf, story.drifts)
            return approve(progress.plan)
        case PlanStatus.RUNNING if progress.gate:
            return PassGate(plan_id=plan_id, step_id=progress.gate, how="flag")
        case PlanStatus.INTERRUPTED:
            return Resume(plan_id=plan_id, how="flag", allow_writes=True)
        case PlanStatus.FAILED if story.drifts:
            return PlanAgain(plan_id=plan_id, how="flag")
    return None


def _meddle(shelf: Shelf, name: str) -> None:
    """Somebody else changes a value, once in all lives."""
    try:
        os.close(os.open(shelf.folder / ".meddled", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    shelf.set(name, "7")


async def _briefly(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.01))
