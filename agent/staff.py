"""Who works for one session: everything it needs, put together in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.checking import Checker
from agent.conversation.briefing import situation
from agent.conversation.desk import Desk
from agent.execution.step import Pace, Site
from agent.following.following import Following
from agent.following.lookup import Lookup
from agent.following.turn import FollowUps
from agent.inspecting import Inspector
from agent.known import Known
from agent.logbook import Logbook
from agent.looking.looks import Looks
from agent.model import Model
from agent.person import Person
from agent.policy import Policy
from agent.reading import Reader
from agent.recorded import before_stop
from agent.remembering.remembering import Remembering
from agent.revealing import Revealer
from agent.runbooks.library import Library
from agent.settings import Settings
from agent.views import Feed, Views
from memory.journal import Journal
from memory.knowledge import Knowledge
from memory.sessions import Sessions
from tools.errors import ToolError
from tools.gate import Mint
from tools.kubernetes.connection.clusters import Clusters
from tools.tool import Registry


@dataclass(frozen=True, slots=True)
class Ship:
    """What all sessions of a process share.

    `model` gives the model of a name, or None when there is none; `names` the contexts and profiles
    the model may be told of; `mint` is handed on to execution and to reveals, and to nothing else.
    """

    journal: Journal
    sessions: Sessions
    settings: Settings
    policy: Policy
    registry: Registry
    library: Library
    mint: Mint
    pace: Pace
    operator: str
    model: Callable[[str], Model | None]
    names: Callable[[], Iterable[str]]
    feed: Feed
    person: Person | None = None
    """The operator, where two people have to be told apart."""
    clusters: Clusters | None = None
    """The way to the clusters for closer looks; without it only what tools return can be looked at."""
    knowledge: Knowledge | None = None
    """What is remembered across sessions; without it nothing is."""
    titled_by_model: bool = False
    """Whether the model, where there is one, is asked for a better title after the first turn."""


@dataclass(frozen=True, slots=True)
class Staff:
    """What one session works with."""

    journal: Journal
    sessions: Sessions
    settings: Settings
    operator: str
    person: Person
    known: Known
    following: FollowUps
    remembering: Remembering
    site: Site
    looks: Looks
    revealer: Revealer
    desk: Callable[[str], Desk | None]
    """The desk for a model's name; None when there is no model."""
    situation: Callable[[], str]
    """The line that goes before the operator's words: where we are, and when."""
    titled_by_model: bool
    """Whether the model, where there is one, is asked for a better title."""


def hire(ship: Ship, log: Logbook) -> Staff:
    """The staff for the session of this logbook."""
    settings = ship.settings
    reader = Reader(
        ship.registry, redactor=log.redactor, attempts=settings.limits.attempts, sleep=ship.pace.sleep
    )
    checker = Checker(
        ship.registry,
        ship.policy,
        reader,
        settings.limits,
        operator=ship.operator,
        now=log.now,
        history=lambda: log.history,
        told=lambda: remembering.told(),
    )

    def next_plan() -> str:
        return f"{log.session}.{len(log.state.plans) + 1}"

    def contexts() -> tuple[str, ...]:
        try:
            return tuple(item.name for item in ship.clusters.contexts()) if ship.clusters else ()
        except ToolError:
            return ()

    def desk(name: str) -> Desk | None:
        model = ship.model(name)
        if model is None:
            return None
        return Desk(
            model=model,
            registry=ship.registry,
            reader=reader,
            checker=checker,
            log=log,
            limits=settings.limits,
            max_tokens=settings.model.max_tokens,
            next_plan=next_plan,
            memories=remembering.quotes,
            window=settings.model.context_tokens,
        )

    known = Known(
        library=ship.library,
        registry=ship.registry,
        reader=reader,
        checker=checker,
        log=log,
        next_plan=next_plan,
        before_stop=lambda target: before_stop(ship.journal, ship.sessions, target),
        contexts=contexts,
        wishes=lambda turn: remembering.shaping(turn),
    )
    following = Following(
        known, log, Lookup(reader, contexts), lambda: ship.model(log.state.model) is not None
    )
    remembering = Remembering(ship.knowledge, known, log, ship.operator)
    return Staff(
        journal=ship.journal,
        sessions=ship.sessions,
        settings=settings,
        operator=ship.operator,
        person=ship.person or Person(ship.operator),
        known=known,
        following=FollowUps(following, log),
        remembering=remembering,
        site=Site(ship.registry, ship.mint, log, ship.pace, reader, settings.limits),
        looks=Looks(
            Views(ship.feed), Inspector(ship.registry, reader, ship.clusters, ship.journal), ship.clusters
        ),
        revealer=Revealer(ship.clusters, ship.mint, ship.policy, ship.operator),
        desk=desk,
        situation=lambda: situation(log.state.scope, log.now().isoformat(timespec="minutes"), ship.names()),
        titled_by_model=ship.titled_by_model,
    )
