"""Events of a plan: offered, decided, and each step from its intent to its outcome."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from agent.events.durable import Durable
from agent.plan import Plan, PlanStatus
from agent.waivers import Waiver
from tools.errors import FailureClass
from tools.gate import Permit
from tools.tool import Call, Effect, Frozen, Scope


class PlanDifference(Frozen):
    """A plan beside the one it replaces; ids of steps.

    `kept` steps do exactly what was approved before. The others of the new plan are new or changed.
    """

    kept: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


class PlanOffered(Durable):
    """A checked plan waits for a decision. `replaces` is the plan it was edited from."""

    kind: Literal["plan_offered"] = "plan_offered"
    turn: int
    plan: Plan
    model_calls: int = 0
    elapsed_ms: float = 0.0
    replaces: str = ""
    difference: PlanDifference | None = None
    """How it differs from the failed plan it replaces."""

    def words(self) -> str:
        targets = " ".join(step.preview.target for step in self.plan.steps if step.preview)
        return f"{self.plan.goal} {' '.join(step.title for step in self.plan.steps)} {targets}"


class PlanRefused(Durable):
    """A plan that was written but cannot be offered, and why."""

    kind: Literal["plan_refused"] = "plan_refused"
    turn: int
    goal: str
    problems: tuple[str, ...]
    failure: FailureClass | None = None
    """Refused when policy denies it; a tool's failure when that is what kept it from being checked."""

    def words(self) -> str:
        return f"{self.goal} {' '.join(self.problems)}"


ApprovedHow = Literal["key", "flag", "kept", "waived"]


class PlanApproved(Durable):
    """`steps` names the approved steps; `how` what the operator did to say so."""

    kind: Literal["plan_approved"] = "plan_approved"
    plan_id: str
    hash: str
    steps: tuple[str, ...]
    by: str
    how: ApprovedHow
    """`kept`: every write was approved before, in the plan this one replaces; `waived`: or decided about
    beforehand for the session."""


class ApprovalGiven(Durable):
    """One of the people who have to approve a plan has; it does not run by that alone.

    `login` is the account that logged in, by which two people are told apart.
    """

    kind: Literal["approval_given"] = "approval_given"
    plan_id: str
    hash: str
    steps: tuple[str, ...]
    by: str
    login: str
    how: Literal["key", "flag"]


class AskingWaived(Durable):
    """With an approval, the operator decided beforehand about writes of the same kinds."""

    kind: Literal["asking_waived"] = "asking_waived"
    waivers: tuple[Waiver, ...]
    by: str


class AskingResumed(Durable):
    """These waivers were taken back."""

    kind: Literal["asking_resumed"] = "asking_resumed"
    waivers: tuple[Waiver, ...]
    by: str


class PlanRejected(Durable):
    kind: Literal["plan_rejected"] = "plan_rejected"
    plan_id: str
    by: str
    comment: str = ""

    def words(self) -> str:
        return self.comment


class PlanResumed(Durable):
    """An interrupted plan goes on, under the approval it already has."""

    kind: Literal["plan_resumed"] = "plan_resumed"
    plan_id: str
    by: str


class PlanAgainBegun(Durable):
    """A failed plan is drawn up anew; `report` is what the author of the new one is told."""

    kind: Literal["plan_again_begun"] = "plan_again_begun"
    turn: int
    plan_id: str
    report: str


class GateReached(Durable):
    """A step waits for the operator's yes."""

    kind: Literal["gate_reached"] = "gate_reached"
    plan_id: str
    step_id: str
    gate: str

    def words(self) -> str:
        return self.gate


class GatePassed(Durable):
    kind: Literal["gate_passed"] = "gate_passed"
    plan_id: str
    step_id: str
    by: str
    how: Literal["key", "flag"]


class StepIntended(Durable):
    """An attempt is about to leave the machine. `key` is the journal's key of this attempt."""

    kind: Literal["step_intended"] = "step_intended"
    plan_id: str
    step_id: str
    attempt: int
    attempts: int
    key: str
    call: Call
    scope: Scope
    effect: Effect
    permits: tuple[Permit, ...] = ()
    before: dict[str, JsonValue] = {}
    """The state it starts from, where that could not be recorded when the plan was drawn up."""


class AttemptFailed(Durable):
    """This attempt failed; another follows at `retry_at`."""

    kind: Literal["attempt_failed"] = "attempt_failed"
    plan_id: str
    step_id: str
    attempt: int
    failure: FailureClass
    cause: str
    raw: str = ""
    retry_at: datetime


class StepSucceeded(Durable):
    """`observed` says what was seen in the world; reads carry their output instead."""

    kind: Literal["step_succeeded"] = "step_succeeded"
    plan_id: str
    step_id: str
    attempt: int
    observed: str
    output: JsonValue = None
    seconds: float = 0.0

    def words(self) -> str:
        return self.observed


class StepFailed(Durable):
    kind: Literal["step_failed"] = "step_failed"
    plan_id: str
    step_id: str
    attempt: int
    failure: FailureClass
    cause: str
    hint: str = ""
    raw: str = ""
    observed: str = ""
    applied: bool | None = None
    """Whether the write arrived all the same; None if that is not known."""

    def words(self) -> str:
        return self.cause


class StepInDoubt(Durable):
    """The program ended during this step; whether its effect is there must be looked up."""

    kind: Literal["step_in_doubt"] = "step_in_doubt"
    plan_id: str
    step_id: str
    attempt: int
    detail: str


class StepNotApplied(Durable):
    """A step in doubt was looked up: nothing had arrived, so it may run again."""

    kind: Literal["step_not_applied"] = "step_not_applied"
    plan_id: str
    step_id: str
    attempt: int
    detail: str


class DoubtSettled(Durable):
    """The operator said what became of a step in doubt; nobody else could tell."""

    kind: Literal["doubt_settled"] = "doubt_settled"
    plan_id: str
    step_id: str
    attempt: int
    became: Literal["there", "not there", "unknown"]
    by: str
    how: Literal["key", "flag"]

    def words(self) -> str:
        match self.became:
            case "there":
                return f"{self.by} says that its effect is there; it was not observed."
            case "not there":
                return f"{self.by} says that its effect is not there."
        return f"{self.by} gave it up: whether it arrived is not known."


class StepSkipped(Durable):
    kind: Literal["step_skipped"] = "step_skipped"
    plan_id: str
    step_id: str
    reason: str


class StepStopped(Durable):
    """The operator stopped the plan before or during this step."""

    kind: Literal["step_stopped"] = "step_stopped"
    plan_id: str
    step_id: str
    detail: str
    applied: bool | None = None
    """Whether the write arrived before the stop; None for reads and where it is not known."""


class PlanFinished(Durable):
    kind: Literal["plan_finished"] = "plan_finished"
    plan_id: str
    status: Literal[PlanStatus.SUCCEEDED, PlanStatus.FAILED, PlanStatus.STOPPED]
    summary: str
    seconds: float = 0.0

    def words(self) -> str:
        return self.summary
