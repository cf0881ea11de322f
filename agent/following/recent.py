"""What a session holds of its own past: each turn with its request, what it read and showed, and its plan.

Everything here is read off the journal's events, so it is the same after a restart, after a session is
resumed, and after the model's context was compacted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from agent import events as e
from agent.following.things import Thing, listed, mentioned, named, target
from agent.plan import Plan
from tools.tool import Call, Scope


@dataclass(frozen=True, slots=True)
class Read:
    """A read that succeeded."""

    call_id: str
    call: Call
    scope: Scope
    output: JsonValue


@dataclass(slots=True)
class Exchange:
    """One turn. `request` is what it came to, said in full; `known` whether it needed no model."""

    turn: int
    at: datetime
    said: str
    request: str
    known: bool = False
    outcome: str = ""
    words: dict[str, str] = field(default_factory=dict)
    """What stood in the request's slots."""
    reads: list[Read] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    because: str = ""
    question: e.QuestionAsked | None = None
    """What it asked, where it ended in a question."""

    @property
    def results(self) -> tuple[Thing, ...]:
        """The objects it has shown, in displayed order."""
        if self.plans:
            return self.targets
        shown = tuple(
            dict.fromkeys(
                thing for read in self.reads for thing in listed(read.call, read.scope, read.output)
            )
        )
        told = mentioned(shown, "\n".join(self.replies)) if self.replies else ()
        return told or shown

    @property
    def targets(self) -> tuple[Thing, ...]:
        """What its plans would write, or have written."""
        found = (
            target(step.preview.target, step.tool, step.scope)
            for plan in self.plans
            for step in plan.writes
            if step.preview is not None
        )
        return tuple(dict.fromkeys(thing for thing in found if thing is not None))

    @property
    def subjects(self) -> tuple[Thing, ...]:
        """What it was about: the objects it named; where it named none, those it showed."""
        if self.plans:
            return self.targets
        about = (named(read.call, read.scope) for read in self.reads)
        return tuple(dict.fromkeys(thing for thing in about if thing is not None)) or self.results

    @property
    def context(self) -> str:
        """Where it was carried out; empty when it never came to anything."""
        for plan in self.plans:
            return plan.scope.context
        return self.reads[0].scope.context if self.reads else ""

    @property
    def place(self) -> str:
        """The namespace or environment it spoke of."""
        if word := self.words.get("place") or self.words.get("environment"):
            return word
        spaces = {thing.namespace for thing in self.subjects if thing.namespace}
        return spaces.pop() if len(spaces) == 1 else ""


@dataclass(slots=True)
class Recent:
    """The session's turns, oldest first."""

    exchanges: list[Exchange] = field(default_factory=list)

    @classmethod
    def of(cls, history: Iterable[e.Recorded], before: int) -> Recent:
        """Args: history: the durable events, oldest first. before: turns from this one on are left out."""
        turns: dict[int, Exchange] = {}
        calls: dict[str, e.ToolCalled] = {}
        for recorded in history:
            event = recorded.event
            if isinstance(event, e.Said) and event.turn < before:
                turns[event.turn] = Exchange(event.turn, recorded.at, event.text, event.text)
                continue
            exchange = turns.get(getattr(event, "turn", 0))
            if exchange is None:
                continue
            match event:
                case e.FollowedUp():
                    exchange.request, exchange.because = event.meaning, event.because
                case e.Understood():
                    exchange.known = True
                    exchange.words |= event.parameters
                case e.ToolCalled():
                    calls[event.call_id] = event
                case e.ToolReturned(call_id=call_id, output=output, failure=None) if call_id in calls:
                    called = calls[call_id]
                    exchange.reads.append(Read(call_id, called.call, called.scope, output))
                case e.ModelReplied():
                    exchange.replies.append(event.text)
                case e.PlanOffered():
                    exchange.plans.append(event.plan)
                case e.QuestionAsked():
                    exchange.question = event
                case e.TurnEnded():
                    exchange.outcome = event.outcome
        return cls(list(turns.values()))

    @property
    def last(self) -> Exchange | None:
        return self.exchanges[-1] if self.exchanges else None

    @property
    def shown(self) -> Exchange | None:
        """The last turn that showed or touched any object."""
        return next((one for one in reversed(self.exchanges) if one.results), None)

    @property
    def planned(self) -> Exchange | None:
        """The last turn that came to a plan."""
        return next((one for one in reversed(self.exchanges) if one.plans), None)

    def until(self, turn: int) -> Recent:
        """The same before a turn."""
        return Recent([one for one in self.exchanges if one.turn < turn])
