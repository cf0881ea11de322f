"""Saying a known request again with something in it changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.known import Request
from agent.manner import elsewhere
from agent.runbooks.library import Match
from agent.runbooks.resolution import say

Change = Callable[[Match], Mapping[str, str]]
"""The slots of one clause that get other words."""


def rephrased(request: Request, change: Change, *, here: str, context: str = "", fresh: bool = False) -> str:
    """The whole request in canonical words.

    Args:
        change: what is different, clause by clause.
        here: the working context, which goes without saying.
        context: another context for it; empty keeps the request's own.
        fresh: whether what was read before does not count.
    """
    text = request.plain
    for match, clause in zip(request.matches, request.clauses.parts, strict=True):
        said = say(match.runbook.phrase, {**match.words, **change(match)})
        text = (
            said
            if len(request.matches) == 1 and request.clauses.plain
            else text.replace(clause.text, said, 1)
        )
    text = elsewhere(text, context or request.context, here)
    return f"{text}, fresh" if fresh else text


def unchanged(match: Match) -> Mapping[str, str]:
    """No slot gets other words."""
    return {}


def slots(request: Request, *types: str) -> bool:
    """Whether any clause has a slot of one of these types."""
    return any(
        parameter.type in types
        for match in request.matches
        for parameter in match.runbook.parameters.values()
    )


def filling(value: str, *types: str) -> Change:
    """Puts a value into every slot of these types."""

    def change(match: Match) -> Mapping[str, str]:
        return {
            name: value for name, parameter in match.runbook.parameters.items() if parameter.type in types
        }

    return change
