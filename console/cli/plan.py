"""`pilothouse plan`: print the checked plan for a request. Nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence

from agent import events as e
from agent.following.meaning import understood
from console.cli.ask import document_of, turn_lines
from console.cli.exits import Exit
from console.cli.output import Output
from console.cli.parser import Choices
from console.cli.plan_text import plan_lines
from console.cli.turns import take_turn


async def run(choices: Choices, out: Output, *, words: Sequence[str], session: str | None = None) -> int:
    """Print the plan with its id and hash. A request that needs no plan is answered instead."""

    def show(recorded: e.Recorded) -> None:
        if isinstance(recorded.event, e.Noticed):
            out.notice(recorded.event.text)
        elif isinstance(recorded.event, e.FollowedUp):
            out.notice(understood(recorded.event))

    turn = await take_turn(choices, out, words, session, show)
    if turn.outcome in ("failed", "stopped"):
        raise turn.problem()
    document = document_of(turn)
    if (plan := document.plan) is not None:
        out.result(plan, lambda: plan_lines(plan, out, choices))
        return Exit.DONE
    out.result(document, lambda: turn_lines(document, out, choices, verb="plan"))
    return Exit.DECISION if turn.outcome == "asked" else Exit.DONE
