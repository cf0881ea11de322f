"""`pilothouse reveal`: print something secret to whoever typed its name. It is kept nowhere."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from agent import events as e
from agent.commands import AllowWrites, Reveal
from agent.session import Session
from console.cli.exits import Exit, Problem
from console.cli.opening import agent_at_work
from console.cli.output import Output, plain
from console.cli.parser import Choices
from tools.tool import Scope

REQUEST = "headless"


async def run(
    choices: Choices,
    out: Output,
    *,
    thing: str,
    key: str = "",
    why: str = "",
    confirm: str = "",
    command: str = "",
    container: str = "",
    allow_writes: bool = False,
) -> int:
    """Record who reveals what and why, ask for it once, and print it.

    The exit code is that of a decision where the name was not typed, that of a refusal where policy says no.
    """
    kind, slash, name = thing.partition("/")
    if not (kind and slash and name):
        raise Problem(Exit.USAGE, f"{thing} names nothing to reveal.", "It looks like secret/NAME.")
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise Problem(Exit.USAGE, f"The command cannot be read: {error}.") from error
    async with agent_at_work(choices) as agent:
        session = await agent.open_session()
        if allow_writes:
            await session.order(AllowWrites(place=agent.scope.context, writes=True, how="flag"))
        wanted = Reveal(
            request=REQUEST,
            what=kind,
            name=name,
            scope=Scope(),
            how="flag",
            why=why,
            key=key,
            command=words,
            container=container,
            confirmed=confirm,
        )
        shown = await _answer(session, wanted)
    values = shown.sealed.open() if shown.sealed is not None else None
    if values is None:
        raise Problem(
            Exit.FAILED, shown.failure or "There was nothing to show.", details={"what": shown.what}
        )

    def lines() -> Iterator[str]:
        for value in values:
            text = plain(value.text.replace("\r\n", "\n"))
            yield text if len(values) == 1 else f"{plain(value.name)}: {text}"

    out.result({"what": shown.what, "values": {value.name: value.text for value in values}}, lines)
    return Exit.DONE


async def _answer(session: Session, wanted: Reveal) -> e.Revealed:
    """What came of it. Raises `CommandRefused`."""
    events = session.subscribe()
    await session.order(wanted)
    async for recorded in events:
        if isinstance(recorded.event, e.Revealed):
            return recorded.event
    raise Problem(Exit.FAILED, "The session ended before there was an answer.")
