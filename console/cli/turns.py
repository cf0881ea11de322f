"""One turn with the agent, from the operator's words to what came of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from agent import events as e
from agent.commands import Say, SetScope, Stop, UseModel
from agent.state import SessionState
from console.cli.exits import Exit, Problem, of_failure
from console.cli.opening import agent_at_work
from console.cli.output import Output
from console.cli.parser import Choices
from tools.tool import Scope

if TYPE_CHECKING:
    from agent.session import Session

STOP_SECONDS = 1.5
"""How long after ctrl+c what is in flight may still be looked up and recorded."""

NO_MODEL = "no-model@1"
"""The rule that speaks when a request needs a model and there is none."""

E = TypeVar("E", bound=e.Durable)


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one request. `events` are those of this turn alone."""

    session: str
    events: tuple[e.Recorded, ...]
    state: SessionState

    @property
    def outcome(self) -> str:
        """`answered`, `planned`, `asked`, `failed` or `stopped`."""
        ended = self.last(e.TurnEnded)
        return ended.outcome if ended is not None else "failed"

    def last(self, kind: type[E]) -> E | None:
        """The turn's last event of this kind."""
        return next((r.event for r in reversed(self.events) if isinstance(r.event, kind)), None)

    @property
    def answer(self) -> str:
        """What the operator is told, as Markdown."""
        given = self.last(e.AnswerGiven)
        if given is not None:
            return given.markdown
        replied = self.last(e.ModelReplied)
        return replied.text if replied is not None else ""

    def problem(self) -> Problem:
        """Why the turn failed, was refused, or was stopped."""
        details = {"session": self.session}
        if self.outcome == "stopped":
            return Problem(Exit.INTERRUPTED, "Stopped.", details={"session": self.session})
        failed, refused = self.last(e.TurnFailed), self.last(e.PlanRefused)
        if failed is not None:
            return Problem(of_failure(failed.failure), failed.sentence, failed.hint, details={**details})
        if refused is not None:
            goal = (
                f"The plan for {refused.goal!r} cannot be offered." if refused.goal else "There is no plan."
            )
            return Problem(
                of_failure(refused.failure),
                goal,
                "\n".join(refused.problems),
                details={**details, "problems": list(refused.problems)},
            )
        notices = [r.event.text for r in self.events if isinstance(r.event, e.Noticed)]
        return Problem(Exit.FAILED, notices[-1] if notices else "The turn broke off.", details={**details})


async def take_turn(
    choices: Choices,
    out: Output,
    words: Sequence[str],
    session_id: str | None,
    show: Callable[[e.Recorded], None] = lambda _: None,
) -> Turn:
    """Open a session, say the words in it, and wait for the turn to end.

    Args:
        session_id: go on in this session; None begins a new one.
        show: called with every event as it happens.

    Raises:
        Problem: the request needs a model and there is none.
    """
    text = _request(words)
    async with agent_at_work(choices) as agent:
        await agent.warm()
        session = await agent.open_session(session_id)
        if session_id is not None:
            await _go_on(session, choices, agent.scope)
        turn = await _say(session, text, show)
    given = turn.last(e.AnswerGiven)
    if given is not None and given.rule == NO_MODEL:
        # What was found missing at the start matters now, and only now.
        for notice in agent.notices:
            out.notice(notice)
        sentence, _, hint = given.markdown.partition("\n\n")
        raise Problem(Exit.UNREACHABLE, sentence, hint, details={"session": turn.session})
    return turn


async def halt(session: Session) -> None:
    """Stop what is under way and give it a moment to be recorded."""
    await session.order(Stop())
    ended = asyncio.ensure_future(session.idle())
    await asyncio.wait({ended}, timeout=STOP_SECONDS)
    ended.cancel()


# --- details -------------------------------------------------------------------------------------------


def _request(words: Sequence[str]) -> str:
    if list(words) == ["-"]:
        import sys

        words = [sys.stdin.read()]
    text = " ".join(words).strip()
    if not text:
        raise Problem(Exit.USAGE, "There is nothing to do: the request is empty.")
    return text


async def _go_on(session: Session, choices: Choices, found: Scope) -> None:
    """Take the options typed now into a session that began with others."""
    named = {
        name: value
        for name in ("context", "namespace", "profile", "region")
        if (value := getattr(choices, name))
    }
    if named:
        # A context or profile named now brings its own namespace or region along.
        fresh = {"namespace": found.namespace} if choices.context else {}
        fresh |= {"region": found.region} if choices.profile else {}
        scope = session.state.scope.model_copy(update=fresh | named)
        await session.order(SetScope(scope=scope))
    if choices.model:
        await session.order(UseModel(model=choices.model))


async def _say(session: Session, text: str, show: Callable[[e.Recorded], None]) -> Turn:
    known = len(session.history)
    seen: list[e.Recorded] = []

    async def read() -> None:
        async for recorded in session.subscribe(known):
            seen.append(recorded)
            show(recorded)

    reader = asyncio.create_task(read(), name="read events")
    try:
        await session.order(Say(text=text))
        await session.idle()
    except asyncio.CancelledError:
        await halt(session)
        raise
    finally:
        # Closing is what brings the reader to its end, after everything that happened.
        await session.close()
        await reader
    return Turn(session.id, tuple(seen), session.state)
