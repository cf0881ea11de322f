"""Plays the past of all cases through real sessions, over one home: one journal, one file of memories."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from agent.commands import Say, SetScope
from agent.model import Model
from agent.session import Session
from memory.knowledge import Fresh, Kind, Knowledge, Source, Status, Where
from memory.knowledge.portable import export, read
from memory.sessions import Sessions
from tests.evaluation.cases import Act, Case
from tests.evaluation.generator import BEGAN
from tests.evaluation.reader import turn
from tests.standins.asking import model_at
from tests.standins.crew import Crew, approve, carry_out, crew, shelf_crew
from tests.standins.model_server import ModelServer
from tests.standins.script import Script
from tests.standins.shelf import Shelf
from tools.gate import Gate
from tools.tool import Scope


class Calendar:
    """The time of the story, set from outside. Each look at it is a second later than the last."""

    def __init__(self) -> None:
        self._at = datetime.combine(BEGAN, time(8), UTC)

    def __call__(self) -> datetime:
        self._at += timedelta(seconds=1)
        return self._at

    def go_to(self, day: int) -> None:
        """Begin that day, if it has not begun."""
        self._at = max(self._at, datetime.combine(BEGAN + timedelta(days=day), time(8), UTC))


@dataclass
class Story:
    """A home in which things have happened."""

    aboard: Crew
    shelf: Shelf
    server: ModelServer
    model: Model
    calendar: Calendar
    told: dict[str, str] = field(default_factory=dict)
    """Every session of the past, with its operator, in order."""
    opened: list[str] = field(default_factory=list)
    """Every session there ever was."""

    @property
    def knowledge(self) -> Knowledge:
        assert self.aboard.ship.knowledge is not None
        return self.aboard.ship.knowledge

    @property
    def sessions(self) -> Sessions:
        return self.aboard.ship.sessions

    async def play(self, cases: Iterable[Case]) -> None:
        """Let everything happen, day by day."""
        for act in sorted((act for case in cases for act in case.past), key=lambda act: act.day):
            self.calendar.go_to(act.day)
            match act.does:
                case "imports":
                    await self._import(act)
                case "forgets":
                    await self._forget(act)
                case _:
                    await self._say(act)

    async def open(self, name: str, place: str, operator: str, ship: Crew | None = None) -> Session:
        """A new session of this operator at this place."""
        aboard = ship or self.aboard
        there = Crew(
            aboard.home, aboard.journal, replace(aboard.ship, operator=operator), aboard.gate, self.calendar
        )
        session = await there.open(name)
        self.opened.append(name)
        await session.order(SetScope(scope=Scope(context=place)))
        return session

    async def _say(self, act: Act) -> None:
        name = f"past{len(self.told)}"
        self.told[name] = act.operator
        if act.shelf:
            self.shelf.set(*act.shelf)
        session = await self.open(name, act.place, act.operator)
        await carry_out(session, Say(text=act.words))
        if act.does == "plans":
            waiting = session.state.waiting
            assert waiting is not None, act.words
            await carry_out(session, approve(waiting.plan))
            for proposed in await self.knowledge.list(kinds=[Kind.PROCEDURE], statuses=[Status.PROPOSED]):
                await self.knowledge.confirm(proposed.id, self.calendar())
        await session.close()

    async def _import(self, act: Act) -> None:
        fact = Fresh(kind=Kind.FACT, body=act.words, where=Where(cluster=act.place), source=Source.SAID)
        kept = await self.knowledge.list(limit=1)
        document = export(kept).model_copy(update={"memories": (fact,)})
        for fresh in read(document.model_dump_json(), "a-colleague.json"):
            await self.knowledge.remember(fresh, self.calendar())

    async def _forget(self, act: Act) -> None:
        if not act.words:
            await self.knowledge.forget_within(Where(cluster=act.place))
            return
        for memory in await self.knowledge.search(act.words):
            await self.knowledge.forget(memory.id)


@asynccontextmanager
async def story(folder: Path) -> AsyncIterator[Story]:
    """A home in which nothing has happened yet."""
    shelf, calendar = Shelf(folder / "shelf", Gate.build()[0]), Calendar()
    async with ModelServer(Script(turn)) as server:
        model = model_at(server.url)
        await model.prepare()
        async with crew(
            folder / "home", shelf_crew(shelf), model=model, remembers=True, clock=calendar
        ) as aboard:
            yield Story(aboard, shelf, server, model, calendar)
        await model.close()
