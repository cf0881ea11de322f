"""Opens real sessions over a given set of tools: real journal, real gate, real execution."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from agent import events as e
from agent.commands import Approve, Command, Watch
from agent.execution.step import Pace
from agent.logbook import Logbook
from agent.model import Model
from agent.plan import Draft, DraftStep, Plan
from agent.policy import Policy
from agent.runbooks.library import Library
from agent.runbooks.runbook import builtin
from agent.session import Session
from agent.settings import Settings
from agent.staff import Ship, hire
from agent.state import SessionState
from memory.home import Home
from memory.journal import Journal
from memory.knowledge import Knowledge
from memory.lease import claim
from memory.ledger import Ledger
from memory.sessions import Sessions
from tests.standins.shelf import Shelf, shelf_registry
from tools.gate import Gate, Mint
from tools.redaction.redactor import Redactor
from tools.rows import RowsChanged
from tools.tool import Registry, Scope

REDACTOR = Redactor(b"a key that only tests have")


def utc_now() -> datetime:
    return datetime.now(UTC)


class Crew:
    """One process's worth of agent, on a home folder."""

    def __init__(
        self, home: Home, journal: Journal, ship: Ship, gate: Gate, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.home = home
        self._clock = clock
        self.journal = journal
        self.ship = ship
        self.gate = gate

    async def open(self, name: str = "s1", ledger: Ledger | None = None) -> Session:
        """A new session, or the one of that name again. `ledger` may stand in front of the journal."""
        log = Logbook(ledger or self.journal, name, self._clock, REDACTOR)
        await log.load()
        session = Session(log, hire(self.ship, log), claim(self.home, name))
        if not log.history:
            await self.ship.sessions.create(name)
            await log.record(e.SessionStarted(operator="tester", scope=Scope()))
        elif session.driving:
            await log.record(e.SessionResumed(operator="tester"))
        await session.start()
        return session


@asynccontextmanager
async def crew(
    folder: Path,
    registry: Callable[[Gate], Registry],
    *,
    settings: Settings | None = None,
    model: Model | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    policy: Policy | None = None,
    clock: Callable[[], datetime] = utc_now,
    remembers: bool = False,
    titled_by_model: bool = False,
) -> AsyncIterator[Crew]:
    home = Home(folder).prepare()
    gate, mint = Gate.build()
    async with AsyncExitStack() as stack:
        journal = await stack.enter_async_context(await Journal.open(home.journal, clock))
        aboard = ship(
            journal,
            registry(gate),
            mint,
            settings or Settings(),
            model,
            sleep,
            policy,
        )
        aboard = replace(aboard, titled_by_model=titled_by_model)
        if remembers:
            opened = await Knowledge.open(home.knowledge, REDACTOR.value)
            aboard = replace(aboard, knowledge=await stack.enter_async_context(opened))
        yield Crew(home, journal, aboard, gate, clock)


def ship(
    journal: Journal,
    registry: Registry,
    mint: Mint,
    settings: Settings,
    model: Model | None,
    sleep: Callable[[float], Awaitable[None]],
    policy: Policy | None = None,
) -> Ship:
    return Ship(
        journal=journal,
        sessions=Sessions(journal),
        settings=settings,
        policy=policy or Policy(settings),
        registry=registry,
        library=Library(builtin()),
        mint=mint,
        pace=Pace(settings.limits.concurrent_steps, settings.limits.attempts, sleep),
        operator="tester",
        model=lambda name: model,
        names=lambda: (),
        feed=_nothing,
    )


async def _nothing(command: Watch, scope: Scope) -> AsyncIterator[RowsChanged]:
    for rows in ():
        yield rows


def shelf_crew(shelf: Shelf) -> Callable[[Gate], Registry]:
    """The registry of a shelf, once its gate exists."""

    def build(gate: Gate) -> Registry:
        shelf.gate = gate
        return shelf_registry(shelf)

    return build


async def offer(session: Session, *steps: DraftStep, goal: str = "Put things on the shelf") -> Plan:
    """Have a plan checked and offered as if somebody had asked for it."""
    await session._plans._offer(Draft(goal=goal, steps=steps), "test:offer@1", 1, session.state.scope)
    progress = session.state.waiting
    assert progress is not None
    return progress.plan


def put(step: str, value: str = "1", *after: str, name: str = "") -> DraftStep:
    return DraftStep(
        id=step,
        title=f"Put {step}",
        tool="shelf_put",
        args={"name": name or step, "value": value},
        depends_on=after,
    )


def look(step: str, *after: str, name: str = "") -> DraftStep:
    return DraftStep(
        id=step, title=f"Look at {step}", tool="shelf_look", args={"name": name or step}, depends_on=after
    )


def approve(plan: Plan, **more: object) -> Approve:
    return Approve.model_validate(
        {"plan_id": plan.id, "hash": plan.hash, "how": "flag", "allow_writes": True, **more}
    )


async def carry_out(session: Session, command: Command) -> None:
    """Give a command and wait until everything it started is over."""
    await session.order(command)
    await session.idle()


async def until(session: Session, holds: Callable[[SessionState], bool]) -> None:
    """Wait until the session's state is so, looking again at each event."""
    async for _ in session.subscribe():
        if holds(session.state):
            return
