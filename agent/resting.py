"""What of a plan's writes rests on memory, and on how sure a memory.

Memory is something to read, never a permission, and it grows old. A value that only a stale fact gave is
read anew before a write rests on it, or the approval says that nobody did. A preference never chooses what
is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from agent import events as e
from agent.origins import Origins, holds, is_name_field
from agent.plan import PlanProblem, canonical
from tools.tool import Scope

_SHORTEST_SUBJECT = 4


@dataclass(frozen=True, slots=True)
class Told:
    """A memory that the model was given in this session."""

    id: int
    preference: bool
    subject: str
    body: str
    stale: bool
    verified: datetime


@dataclass(frozen=True, slots=True)
class Rests:
    """One value of a write that a memory gave, and nobody else.

    `argument` is the dotted path in the arguments, or the field of the scope. `read` says whether a tool has
    shown the same since the memory was told.
    """

    memory: Told
    argument: str
    value: str
    read: bool

    @property
    def doubtful(self) -> bool:
        """Whether the operator should know before approving."""
        return self.memory.stale and not self.read

    @property
    def chooses(self) -> bool:
        """Whether a preference would choose what is changed."""
        return self.memory.preference and is_name_field(self.argument.rpartition(".")[2])

    @property
    def words(self) -> str:
        since = f"{self.memory.verified:%-d %B %Y}"
        return (
            f"{self.argument} “{self.value}” rests on memory {self.memory.id}, which nobody has checked since"
            f" {since}. Make sure that it is still so."
        )


@dataclass(frozen=True, slots=True)
class Resting:
    """What was told in a session, to hold the writes of a plan against it."""

    told: tuple[Told, ...] = ()
    warned_of: frozenset[int] = frozenset()
    """Stale memories that the model was asked to read anew in this turn, or that stood in an offer already."""

    @classmethod
    def of(cls, told: Sequence[Told], history: Iterable[e.Recorded]) -> Resting:
        """Args: history: the session's durable events."""
        warned: set[int] = set()
        for recorded in history:
            match recorded.event:
                case e.Said():
                    warned.clear()
                case e.PlanRefused(problems=problems):
                    warned |= {one.id for one in told if any(_names(one.id, words) for words in problems)}
                case e.PlanOffered():
                    warned |= {one.id for one in told}
        return cls(tuple(told), frozenset(warned))

    def found(self, args: Mapping[str, JsonValue], scope: Scope, origins: Origins) -> list[Rests]:
        """Every value of a write that stands in a memory, and that the operator did not say."""
        places = {key: value for key, value in scope.model_dump().items() if value}
        return [
            Rests(memory, argument, value, _shown(memory, value, origins))
            for argument, value in (*_values(args), *places.items())
            if not origins.has_said(value)
            for memory in self.told
            if holds(memory.body.lower(), value.lower())
        ]

    def refuse(self, step: str, found: Iterable[Rests], origins: Origins) -> None:
        """Raise `PlanProblem` where a preference chooses a target, or a stale fact can be read anew first."""
        problems = []
        for one in found:
            if one.chooses and one.value not in origins.names:
                problems.append(
                    f"Step {step}: the target {one.argument} “{one.value}” comes from preference"
                    f" {one.memory.id} alone. A preference never chooses what is changed: ask the operator."
                )
            elif one.doubtful and one.memory.id not in self.warned_of:
                problems.append(
                    f"Step {step}: {one.argument} “{one.value}” rests on memory {one.memory.id}, which nobody"
                    f" has checked since {one.memory.verified:%Y-%m-%d}. Read it with a tool first. If no tool"
                    " can show it, propose the plan again: the operator is told that it was not checked."
                )
        if problems:
            raise PlanProblem(dict.fromkeys(problems))


def _values(value: JsonValue | Mapping[str, JsonValue], path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _values(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _values(item, f"{path}.{number}")
    elif value is not None and not isinstance(value, bool) and str(value).strip():
        yield path, str(value)


def _shown(memory: Told, value: str, origins: Origins) -> bool:
    """Whether a tool returned the value together with what the memory is about."""
    about = [
        word for word in memory.subject.lower().replace("/", " ").split() if len(word) >= _SHORTEST_SUBJECT
    ]
    texts = (canonical(output).lower() for _, output in origins.looks)
    return any(
        holds(text, value.lower()) and (not about or any(word in text for word in about)) for text in texts
    )


def _names(memory: int, words: str) -> bool:
    return holds(words, f"memory {memory}")
