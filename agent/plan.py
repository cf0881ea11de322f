"""A plan: a graph of steps, each one call of a tool at a version, with what it would change.

A plan is data. What an operator approves is its `hash`: tool, version, arguments, scope, diff,
observed state, undo and dependencies of every step. Whatever changes any of these changes the hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, JsonValue

from agent.checks import Check
from tools.errors import FailureClass
from tools.tool import Call, Effect, Frozen, Preview, Scope


class StepState(StrEnum):
    """The life of a step; see docs/architecture.md for the picture."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    WAITING = "waiting for you"
    RUNNING = "running"
    CHECKING = "checking"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    IN_DOUBT = "in doubt"
    SKIPPED = "skipped"
    STOPPED = "stopped"

    @property
    def final(self) -> bool:
        return self in (StepState.SUCCEEDED, StepState.FAILED, StepState.SKIPPED, StepState.STOPPED)


class PlanStatus(StrEnum):
    OFFERED = "offered"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def final(self) -> bool:
        return self not in (PlanStatus.OFFERED, PlanStatus.RUNNING, PlanStatus.INTERRUPTED)


class Verdict(StrEnum):
    """What policy says, strictest last."""

    ALLOW = "allow"
    ASK = "ask"
    CONFIRM = "confirm by name"
    DENY = "deny"


class Ruling(Frozen):
    """Policy's word on one step, and the rule that spoke it."""

    verdict: Verdict
    rule: str
    reason: str = ""
    approvals: int = 1
    """How many people have to approve."""


class DraftStep(BaseModel):
    """A step as a model or a runbook writes it, before anything about it was checked.

    `args` may hold references: `{"$from": "s1", "path": "rows.0.name"}` takes a value from an
    earlier read step's output. An empty scope field means the session's own.

    Attributes:
        gate: a sentence; the step waits before it starts until the operator has said yes to it.
        checks: what must be so after the step, beyond what its tool observes itself.
        if_failed: ids of steps; this step runs only if one of them failed.
        undoes: id of an earlier write whose recorded before-state this step puts back. Tool and
            arguments are then taken from that write's undo and left open here.
    """

    id: str
    title: str = ""
    tool: str = ""
    args: dict[str, JsonValue] = {}
    depends_on: tuple[str, ...] = ()
    scope: Scope = Scope()
    gate: str = ""
    checks: tuple[Check, ...] = ()
    if_failed: tuple[str, ...] = ()
    undoes: str = ""

    @property
    def after(self) -> tuple[str, ...]:
        """The steps that must be over before this one's turn comes."""
        return tuple(dict.fromkeys(self.depends_on + self.if_failed))


class Draft(BaseModel):
    """A whole plan as written."""

    goal: str
    steps: tuple[DraftStep, ...]


class Tainted(Frozen):
    """A value in a write's arguments that was read where others can write, and nobody vouched for.

    `argument` is the dotted path in the arguments; `source` says where the value was read.
    """

    argument: str
    value: str
    source: str


class Step(Frozen):
    """A checked step: the tool exists, the arguments fit, a write carries its preview."""

    id: str
    title: str
    tool: str
    args: dict[str, JsonValue]
    scope: Scope
    effect: Effect
    depends_on: tuple[str, ...] = ()
    gate: str = ""
    checks: tuple[Check, ...] = ()
    if_failed: tuple[str, ...] = ()
    undoes: str = ""
    preview: Preview | None = None
    undo: Call | None = None
    tainted: tuple[Tainted, ...] = ()
    ruling: Ruling

    @property
    def call(self) -> Call:
        return Call(tool=self.tool, args=self.args)

    @property
    def after(self) -> tuple[str, ...]:
        """The steps that must be over before this one's turn comes."""
        return tuple(dict.fromkeys(self.depends_on + self.if_failed))

    @property
    def needs_name(self) -> str:
        """The name the operator has to type before this step may run, or nothing."""
        return self.preview.name if self.preview and self.ruling.verdict is Verdict.CONFIRM else ""


class Plan(Frozen):
    """A checked plan, ready to be decided on.

    `origin` says who drew it up: `runbook:scale@1`, `followup:scale@1` where the request pointed back,
    `learned:NAME@1`, `model:NAME`, or `undo:PLAN_ID`.
    """

    id: str
    goal: str
    steps: tuple[Step, ...]
    scope: Scope
    origin: str

    @property
    def hash(self) -> str:
        """SHA-256, in hex, over everything an approval covers (not over the plan's own id)."""
        body = self.model_dump(mode="json", exclude={"id", "origin"})
        return hashlib.sha256(canonical(body).encode()).hexdigest()

    @property
    def writes(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.effect.writes)

    def step(self, step_id: str) -> Step:
        """Raises KeyError for an id the plan does not have."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    def matches(self, approval: str) -> bool:
        """Whether `approval` is this plan's hash, or at least its first 12 characters."""
        return len(approval) >= 12 and self.hash.startswith(approval.lower())

    def dependents(self, step_id: str) -> tuple[str, ...]:
        """Ids of all steps that rest on this one, directly or not, in plan order."""
        gone = {step_id}
        for step in order(self.steps):
            if gone & {*step.after, step.undoes}:
                gone.add(step.id)
        return tuple(step.id for step in self.steps if step.id in gone and step.id != step_id)


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class PlanProblem(Exception):
    """A plan cannot be offered; `problems` says why, a sentence each.

    `failure` is set where a tool's failure, or policy's refusal, is the reason.
    """

    def __init__(self, problems: Iterable[str], failure: FailureClass | None = None) -> None:
        self.problems = tuple(problems)
        self.failure = failure
        super().__init__(" ".join(self.problems))


S = TypeVar("S", Step, DraftStep)


def order(steps: Iterable[S]) -> list[S]:
    """The steps with every dependency before its dependents, otherwise in the order written.

    Raises:
        PlanProblem: an id stands twice, a dependency does not exist, or there is a cycle.
    """
    waiting = list(steps)
    known = [step.id for step in waiting]
    problems = [f"Two steps are called {name}." for name in sorted({n for n in known if known.count(n) > 1})]
    problems += [
        f"Step {step.id} depends on {missing}, which is not in the plan."
        for step in waiting
        for missing in step.after
        if missing not in known
    ]
    if problems:
        raise PlanProblem(problems)
    done: list[S] = []
    placed: set[str] = set()
    while waiting:
        free = [step for step in waiting if placed.issuperset(step.after)]
        if not free:
            names = ", ".join(step.id for step in waiting)
            raise PlanProblem([f"Steps {names} depend on each other in a circle."])
        done += free
        placed |= {step.id for step in free}
        waiting = [step for step in waiting if step.id not in placed]
    return done
