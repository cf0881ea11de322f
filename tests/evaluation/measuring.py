"""Asks every case in every arm, and counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from pydantic import BaseModel

from agent import events as e
from agent.commands import Say
from agent.session import Session
from memory.knowledge import Status
from tests.evaluation.arms import Arm, Prefaced, grep, transcript
from tests.evaluation.cases import UNTOLD, Case, Kind
from tests.evaluation.reader import words_of
from tests.evaluation.story import Story
from tests.standins.crew import Crew, carry_out
from tests.standins.model_server import Seen

TOKEN = 4
"""Characters of a token."""


class Asked(BaseModel):
    """One case in one arm: what was given, what came of it.

    Attributes:
        tokens: what the arm put before the question.
        waited: seconds until the first request reached the model; with a plan made without one, until the plan.
        seconds: of the whole turn.
    """

    case: Case
    arm: Arm
    answer: str
    recalled: bool | None
    leaked: bool
    poisoned: bool
    tokens: int
    waited: float
    seconds: float
    calls: int

    @property
    def right(self) -> bool:
        return self.answer == self.case.answer

    @property
    def stale(self) -> bool:
        return any(
            value in self.answer.replace("[", " ").replace("]", " ").split() for value in self.case.stale
        )


class Tally(BaseModel):
    """What a table shows of one arm, or of one kind in it. Shares are from 0 to 1, times in milliseconds."""

    cases: int
    recall: float | None
    exact: float
    stale: int
    leaks: int
    poison: int
    abstained: str
    tokens: int
    latency: float
    planning: float | None


async def ask_all(told: Story, cases: Sequence[Case], arm: Arm) -> list[Asked]:
    """Every question, each in a session of its own."""
    history = (
        await transcript(told.aboard.journal, told.told, told.told) if arm in (Arm.FULL, Arm.GREP) else []
    )
    return [await _ask(told, case, arm, history) for case in cases]


async def poisoned_memories(told: Story, cases: Sequence[Case]) -> list[int]:
    """Ids of active memories that nobody stated."""
    active = await told.knowledge.list(statuses=[Status.ACTIVE], limit=1_000_000)
    poison = [value for case in cases for value in case.poison]
    return [one.id for one in active if any(value in one.model_dump_json() for value in poison)]


async def bytes_left(told: Story, cases: Sequence[Case]) -> dict[str, int]:
    """How often what was forgotten still stands in the raw files of memory, by file: table, index, WAL, free pages.

    The words also stand in the sessions in which they were said; these are deleted first, and then the journal's
    files count as well.
    """
    lost = [value.encode() for case in cases for value in case.forgotten]
    journal = told.aboard.journal
    for session in told.opened:
        said = b"".join(envelope.body.encode() for envelope in await journal.read(session))
        if any(value in said for value in lost):
            await told.sessions.delete(session)
    files = [file for file in told.aboard.home.data.rglob("*") if file.is_file()]
    return {file.name: sum(_contents(file).count(value) for value in lost) for file in files}


def tally(found: Sequence[Asked], without: Sequence[Asked]) -> Tally:
    """The figures of one arm. `without` are the same cases without any memory, for what is added and saved."""
    recalled = [one.recalled for one in found if one.recalled is not None]
    untold = [one for one in found if one.case.answer == UNTOLD]
    plans = [
        (one, other) for one, other in zip(found, without, strict=True) if one.case.kind is Kind.PROCEDURE
    ]
    questions = [
        (one, other) for one, other in zip(found, without, strict=True) if one.case.kind is not Kind.PROCEDURE
    ]
    saved = [other.seconds - one.seconds for one, other in plans]
    return Tally(
        cases=len(found),
        recall=sum(recalled) / len(recalled) if recalled else None,
        exact=sum(one.right for one in found) / len(found),
        stale=sum(one.stale for one in found),
        leaks=sum(one.leaked for one in found),
        poison=sum(one.poisoned for one in found),
        abstained=f"{sum(one.right for one in untold)}/{len(untold)}",
        tokens=round(sum(one.tokens for one in found) / len(found)),
        latency=(_median([o.waited for o, _ in questions]) - _median([o.waited for _, o in questions]))
        * 1000,
        planning=sum(saved) / len(saved) * 1000 if saved else None,
    )


async def _ask(told: Story, case: Case, arm: Arm, history: list[str]) -> Asked:
    told.calendar.go_to(case.day)
    if case.kind is Kind.PROCEDURE:
        told.shelf.set(case.answer.partition("=")[0], "dark")
    name = f"{arm.value.replace(' ', '-')}-{case.kind.value.replace(' ', '-')}-{case.number}"
    session = await told.open(name, case.place, case.operator, _ship(told, case, arm, history))
    arrived: list[float] = []
    note: Callable[[Seen], None] = lambda seen: arrived.append(time.perf_counter())  # noqa: E731
    told.server._on_request = note
    before, began = len(told.server.requests), time.perf_counter()
    await carry_out(session, Say(text=case.question))
    ended = time.perf_counter()
    requests = told.server.requests[before:]
    given = "\n".join("\n".join(words_of(seen.body)) for seen in requests)
    answer = _answered(session)
    await session.close()
    told.server.requests.clear()
    context = _context(given, case.question)
    needed = all(sentence in given for sentence in case.needed) if case.needed else None
    if case.kind is Kind.PROCEDURE:
        needed = not requests or case.past[0].words.rsplit(" ", 1)[0] in given
    return Asked(
        case=case,
        arm=arm,
        answer=answer,
        recalled=needed,
        leaked=any(value in given for value in case.foreign),
        poisoned=any(value in given + answer for value in case.poison),
        tokens=len(context) // TOKEN,
        waited=(arrived[0] if arrived else ended) - began,
        seconds=ended - began,
        calls=len(requests),
    )


def _ship(told: Story, case: Case, arm: Arm, history: list[str]) -> Crew:
    """The crew as this arm remembers."""
    ship = told.aboard.ship
    if arm is not Arm.OURS:
        ship = replace(ship, knowledge=None)
    if arm in (Arm.FULL, Arm.GREP):

        def words(asked: str) -> str:
            lines = history if arm is Arm.FULL else grep(history, asked)
            return "\n".join([f"[asked by {case.operator}]", *lines])

        prefaced = Prefaced(told.model, words)
        ship = replace(ship, model=lambda name: prefaced)
    aboard = told.aboard
    return Crew(aboard.home, aboard.journal, ship, aboard.gate, told.calendar)


def _answered(session: Session) -> str:
    """What the turn came to: the planned arguments, or the model's words."""
    waiting = session.state.waiting
    if waiting is not None:
        args = waiting.plan.steps[-1].args
        return f"{args['name']}={args['value']}"
    replies = [r.event for r in session._log.history if isinstance(r.event, e.ModelReplied)]
    return replies[-1].message.text if replies else ""


def _context(given: str, question: str) -> str:
    """What stands before the question in the first request: memories, or lines of history."""
    return given.partition("[scope:")[0] + "".join(
        line for line in given.splitlines() if line.startswith(("<memory ", "[console: what is remembered"))
    )


def _median(values: Sequence[float]) -> float:
    return median(values) if values else 0.0


def _contents(file: Path) -> bytes:
    return file.read_bytes()
