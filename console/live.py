"""One session as the console holds it: everything that comes up the road is folded once, here.

Imported after the first paint: the agent's words are pydantic models and cost a quarter of a second.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from agent.commands import Command
from agent.events import Recorded, StepDrafted, TurnEnded
from agent.plan import DraftStep
from agent.policy import PRODUCTION
from agent.state import SessionState, fold
from tools.tool import Scope

if TYPE_CHECKING:
    from agent.conversation.context_use import ContextUse
    from agent.past import Past
    from agent.settings import Settings
    from memory.knowledge import Knowledge
    from memory.sessions import Sessions
    from tools.redaction.redactor import Redactor

EVERY = 0.04
"""Seconds between two batches: events are gathered so that a burst is one repaint."""


class Session(Protocol):
    """What the console needs of the agent's session."""

    @property
    def id(self) -> str: ...

    @property
    def driving(self) -> bool: ...

    async def send(self, command: Command) -> None: ...

    @property
    def state(self) -> SessionState: ...

    @property
    def history(self) -> Sequence[Recorded]: ...

    def subscribe(self, skip: int = 0) -> AsyncIterator[Recorded]: ...

    async def context(self) -> ContextUse: ...

    async def order(self, command: Command) -> None: ...

    async def close(self) -> None: ...


class Place(Protocol):
    """Somewhere to work: `kind` is `context` or `profile`, `detail` a server or a region."""

    @property
    def kind(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def detail(self) -> str: ...

    @property
    def current(self) -> bool: ...

    @property
    def pinned_read_only(self) -> bool: ...


class Agent(Protocol):
    """What the console needs of the agent."""

    @property
    def sessions(self) -> Sessions: ...

    @property
    def past(self) -> Past: ...

    @property
    def knowledge(self) -> Knowledge: ...

    @property
    def redactor(self) -> Redactor: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def notices(self) -> tuple[str, ...]: ...

    @property
    def interrupted(self) -> list[str]: ...

    async def open_session(self, session_id: str | None = None) -> Session: ...

    def places(self) -> Sequence[Place]: ...

    async def close(self) -> None: ...


class LiveSession:
    """Folds a session's events and hands them on in batches.

    Args:
        session: the agent's end.
        show: called with each batch, oldest first, after it was folded.
    """

    def __init__(self, session: Session, show: Callable[[Sequence[Recorded]], None]) -> None:
        self.session = session
        self.state = SessionState()
        self.events: dict[int, Recorded] = {}
        self.drafts: tuple[DraftStep, ...] = ()
        self._show = show
        self._pending: list[Recorded] = []
        self._handle: asyncio.TimerHandle | None = None
        self._last = 0.0

    @property
    def driving(self) -> bool:
        return self.session.driving

    async def follow(self) -> None:
        """Read until the session is closed."""
        history = self.session.history
        self.state = self.session.state
        self.events.update((recorded.seq, recorded) for recorded in history if recorded.seq is not None)
        if history:
            self._show(history)
        async for recorded in self.session.subscribe(len(history)):
            self.take(recorded)

    def take(self, recorded: Recorded) -> None:
        """Fold one event and let it be shown soon."""
        self.state = fold(self.state, recorded)
        if recorded.seq is not None:
            self.events[recorded.seq] = recorded
        match recorded.event:
            case StepDrafted(step=step, turn=turn) if turn >= self.state.turn:
                self.drafts = (*(draft for draft in self.drafts if draft.id != step.id), step)
            case TurnEnded():
                self.drafts = ()
        self._pending.append(recorded)
        if self._handle is None:
            loop = asyncio.get_running_loop()
            wait = max(self._last + EVERY - loop.time(), 0.0)
            self._handle = loop.call_later(wait, self._flush)

    async def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        await self.session.close()

    def _flush(self) -> None:
        self._handle = None
        self._last = asyncio.get_running_loop().time()
        batch, self._pending = self._pending, []
        self._show(batch)


def sentence(error: BaseException) -> str:
    """What went wrong, with what to try where the error knows it."""
    words = str(error).strip() or f"Something failed without a word ({type(error).__name__})."
    hint = getattr(error, "hint", "")
    return f"{words} {hint}".strip()


def cloud_place(scope: Scope) -> str:
    """The name under which writes are allowed in a cloud account: `profile/region`."""
    return f"{scope.profile}/{scope.region}" if scope.profile or scope.region else ""


def production(*names: str) -> bool:
    """Whether one of the names says production: `eks-prod-eu`, `live`. Settings can say so too."""
    return any(word in PRODUCTION for name in names for word in re.split(r"[^a-z0-9]+", name.lower()))
