"""What a case is, and how many there are of which kind."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

UNTOLD = "I was not told."
"""The exact answer where nothing that was told answers the question."""

OPERATOR = "ada"


class Kind(StrEnum):
    """What a case asks of a memory."""

    SINGLE = "single recall"
    ACROSS = "across sessions"
    TEMPORAL = "temporal"
    UPDATE = "update"
    UNTOLD = "never told"
    ISOLATION = "scope isolation"
    PREFERENCE = "preference"
    PROCEDURE = "procedure reuse"
    FORGETTING = "forgetting"
    POISONING = "poisoning"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Act(_Value):
    """One thing that happened before the question was asked.

    Attributes:
        day: days since the story began; acts of all cases happen in the order of their days.
        does: `says` it in a session of its own; `plans` it, approves the plan and confirms what it taught;
            has a document with it `imports`ed; `forgets` every memory with these words, or all of the `place`.
        words: what is said, or what is forgotten.
        shelf: what a tool will find there beforehand: name and value.
        place: cluster, or cluster/namespace, where the operator works.
    """

    day: int
    does: Literal["says", "plans", "imports", "forgets"] = "says"
    words: str = ""
    shelf: tuple[str, str] | None = None
    place: str = ""
    operator: str = OPERATOR


class Case(_Value):
    """A past, a question, and what must come of it.

    Attributes:
        answer: the exact answer; for a procedure the arguments of the planned step, as `name=value`.
        needed: the sentences without which nobody can answer; recall@8 counts those that were given.
        stale: values that once were right. Giving one as the answer is a stale answer.
        foreign: values of another place or operator; one of them given to the model is a leak.
        poison: values that nobody said. Remembered as true, given as a memory or as an answer, they are active.
        forgotten: words whose bytes must be nowhere.
    """

    kind: Kind
    number: int
    past: tuple[Act, ...]
    question: str
    answer: str
    day: int
    place: str
    operator: str = OPERATOR
    needed: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    poison: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
