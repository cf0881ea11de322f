"""Questions about how things were: only these are told what no longer holds, each version with its end."""

from __future__ import annotations

import re
from collections.abc import Sequence

from memory.knowledge import Knowledge, Remembered, Status

_THEN = re.compile(
    r"\b(?:was|were|did|had|used to|before|previous(?:ly)?|former(?:ly)?|earlier|originally|until|since when"
    r"|ago|yesterday|last (?:night|week|month|quarter|year)|changed|history of|back then|at the time"
    r"|\d{4}-\d\d-\d\d|\d{1,2}(?:st|nd|rd|th)? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\b",
    re.IGNORECASE,
)

_MOST_CHAINS = 3
"""Memories whose earlier versions are told, of those that fit best."""


def asks_about_then(request: str) -> bool:
    """Whether a request is about how things were, and not only about how they are."""
    return _THEN.search(request) is not None


async def with_earlier(
    knowledge: Knowledge, memories: Sequence[Remembered], at_most: int
) -> list[Remembered]:
    """The memories, each of the best followed by what was true before it. What was merely wrong is left out."""
    found: list[Remembered] = []
    for place, memory in enumerate(memories):
        found.append(memory)
        if memory.replaces and place < _MOST_CHAINS:
            before = await knowledge.history(memory.id)
            found += [
                one for one in before if one.status is Status.SUPERSEDED and one.reason == "contradicted"
            ]
    # The best must not push each other out by their pasts: what holds now stays.
    now = [memory for memory in found if memory.valid_to is None]
    then = [memory for memory in found if memory.valid_to is not None][: max(at_most - 1, 0)]
    kept = {memory.id for memory in (*now[: max(at_most - len(then), 1)], *then)}
    return [memory for memory in found if memory.id in kept]
