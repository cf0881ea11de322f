"""Everything that can happen in a session, as typed, versioned values.

*Durable* events are journalled before anyone acts on them; the screen, a resumed session, a replay,
an export and the audit log are folds over them. *Ephemeral* events (text deltas, progress, rows of
the resource sidebar) are shown and never stored.

An old journal must always open: a new field has a default, and a `kind` is never used again for
something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue, SkipValidation, TypeAdapter

from agent.model import Message, Usage
from agent.plan import DraftStep, Plan, PlanStatus
from tools.errors import FailureClass
from tools.gate import Permit
from tools.rows import RowsChanged
from tools.tool import Call, Effect, Frozen, Scope


class Durable(Frozen):
    """An event that is committed before anyone acts on it."""

    durable: ClassVar[bool] = True
    version: ClassVar[int] = 1
    kind: str

    def words(self) -> str:
        """What full-text search should find this event by."""
        return ""


# --- the session -------------------------------------------------------------------------------


class SessionStarted(Durable):
    kind: Literal["session_started"] = "session_started"
    operator: str
    scope: Scope
    model: str = ""
    sandbox: bool = False
    program: str = ""


class SessionResumed(Durable):
    kind: Literal["session_resumed"] = "session_resumed"
    operator: str
    model: str = ""


class TitleChanged(Durable):
    kind: Literal["title_changed"] = "title_changed"
    title: str

    def words(self) -> str:
        return self.title


class ScopeChanged(Durable):
    kind: Literal["scope_changed"] = "scope_changed"
    scope: Scope


class ModeChanged(Durable):
    """Writes were allowed or shut off again for one place (a context, or `profile/region`)."""

    kind: Literal["mode_changed"] = "mode_changed"
    place: str
    writes: bool
    by: str
    how: Literal["key", "flag"]


class ModelChanged(Durable):
    kind: Literal["model_changed"] = "model_changed"
    model: str


# --- the conversation ----------------------------------------------------------------------------


class Said(Durable):
    """The operator's words. `turn` numbers the turns of a session from 1.

    `situation` is the line about scope and time that a model is given before the words; it is kept
    so that the conversation reads the same ever after, and stays in the server's cache.
    """

    kind: Literal["said"] = "said"
    turn: int
    text: str
    situation: str = ""

    def words(self) -> str:
        return self.text


class Understood(Durable):
    """A known intent was recognised: which runbook, with which parameters."""

    kind: Literal["understood"] = "understood"
    turn: int
    runbook: str
    parameters: dict[str, str]


class ToolCalled(Durable):
    """A read that serves an answer, outside any plan."""

    kind: Literal["tool_called"] = "tool_called"
    turn: int
    call_id: str
    call: Call
    scope: Scope


class ToolReturned(Durable):
    """`output` is the tool's output model; on failure `failure` and `cause` say why there is none."""

    kind: Literal["tool_returned"] = "tool_returned"
    turn: int
    call_id: str
    tool: str
    summary: str
    output: JsonValue = None
    failure: FailureClass | None = None
    cause: str = ""
    seconds: float = 0.0

    def words(self) -> str:
        return f"{self.tool} {self.summary} {self.cause}"


class ModelReplied(Durable):
    """One answer of the model, as sent back to it on the next call."""

    kind: Literal["model_replied"] = "model_replied"
    turn: int
    message: Message
    stop_reason: str
    model: str
    usage: Usage
    cost: Decimal | None = None

    def words(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        return "\n\n".join(block.text for block in self.message.content if block.type == "text")


class Evidence(Frozen):
    """What a claim rests on: the call that showed it and the words it showed."""

    call_id: str
    source: str
    quote: str


class AnswerGiven(Durable):
    """An answer made by rule, without a model. `rule` names it, `markdown` is what is shown."""

    kind: Literal["answer_given"] = "answer_given"
    turn: int
    rule: str
    markdown: str
    evidence: tuple[Evidence, ...] = ()
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    def words(self) -> str:
        return self.markdown


class QuestionAsked(Durable):
    kind: Literal["question_asked"] = "question_asked"
    turn: int
    question: str
    choices: tuple[str, ...] = ()
    meanings: tuple[str, ...] = ()
    """What each choice comes to, said as a whole request; empty when the model asked."""

    def words(self) -> str:
        return self.question


class TurnFailed(Durable):
    kind: Literal["turn_failed"] = "turn_failed"
    turn: int
    sentence: str
    hint: str = ""

    def words(self) -> str:
        return self.sentence


class TurnEnded(Durable):
    kind: Literal["turn_ended"] = "turn_ended"
    turn: int
    outcome: Literal["answered", "planned", "asked", "failed", "stopped"]
    seconds: float = 0.0


# --- the plan --------------------------------------------------------------------------------------


class PlanOffered(Durable):
    """A checked plan waits for a decision. `replaces` is the plan it was edited from."""

    kind: Literal["plan_offered"] = "plan_offered"
    turn: int
    plan: Plan
    model_calls: int = 0
    elapsed_ms: float = 0.0
    replaces: str = ""

    def words(self) -> str:
        targets = " ".join(step.preview.target for step in self.plan.steps if step.preview)
        return f"{self.plan.goal} {' '.join(step.title for step in self.plan.steps)} {targets}"


class PlanRefused(Durable):
    """A plan that was written but cannot be offered, and why."""

    kind: Literal["plan_refused"] = "plan_refused"
    turn: int
    goal: str
    problems: tuple[str, ...]

    def words(self) -> str:
        return f"{self.goal} {' '.join(self.problems)}"


class PlanApproved(Durable):
    """`steps` names the approved steps; `how` what the operator did to say so."""

    kind: Literal["plan_approved"] = "plan_approved"
    plan_id: str
    hash: str
    steps: tuple[str, ...]
    by: str
    how: Literal["key", "flag"]


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


# --- ephemeral ---------------------------------------------------------------------------------------


class Ephemeral(Frozen):
    """An event that is shown and never stored."""

    durable: ClassVar[bool] = False
    kind: str


class TextGrew(Ephemeral):
    kind: Literal["text_grew"] = "text_grew"
    turn: int
    text: str


class ThinkingGrew(Ephemeral):
    kind: Literal["thinking_grew"] = "thinking_grew"
    turn: int
    text: str


class TurnStarted(Ephemeral):
    """A turn's work began; `queued` says how many of the operator's lines wait behind it."""

    kind: Literal["turn_started"] = "turn_started"
    turn: int
    queued: int = 0


class ModelWaiting(Ephemeral):
    """The model's server asked for patience; the call is tried again in `seconds`."""

    kind: Literal["model_waiting"] = "model_waiting"
    turn: int
    seconds: float
    cause: str


class StepDrafted(Ephemeral):
    """The model finished writing one more step of a plan that is not complete yet."""

    kind: Literal["step_drafted"] = "step_drafted"
    turn: int
    goal: str
    step: DraftStep
    reading: bool = False


class PlanChecking(Ephemeral):
    """The plan is written; previews are being made."""

    kind: Literal["plan_checking"] = "plan_checking"
    turn: int
    steps: int


class StepChecking(Ephemeral):
    """The call returned; now the world is asked whether the effect is there."""

    kind: Literal["step_checking"] = "step_checking"
    plan_id: str
    step_id: str
    detail: str


class ViewChanged(Ephemeral):
    """Rows of a watched view changed; `view` is the id the console gave it."""

    kind: Literal["view_changed"] = "view_changed"
    view: str
    rows: SkipValidation[RowsChanged]
    """Not validated again: a batch can hold ten thousand rows."""


class Inspected(Ephemeral):
    """The answer to `Inspect`: text by tab, or the sentence that says why there is none."""

    kind: Literal["inspected"] = "inspected"
    request: str
    title: str
    tabs: dict[str, str] = {}
    failure: str = ""


class Noticed(Ephemeral):
    """A sentence for the operator that belongs to no turn."""

    kind: Literal["noticed"] = "noticed"
    text: str
    severity: Literal["information", "warning", "error"] = "information"


DurableEvent = Annotated[
    SessionStarted | SessionResumed | TitleChanged | ScopeChanged | ModeChanged | ModelChanged
    | Said | Understood | ToolCalled | ToolReturned | ModelReplied | AnswerGiven | QuestionAsked
    | TurnFailed | TurnEnded
    | PlanOffered | PlanRefused | PlanApproved | PlanRejected | PlanResumed
    | StepIntended | AttemptFailed | StepSucceeded | StepFailed | StepInDoubt | StepNotApplied
    | StepSkipped | StepStopped | PlanFinished,
    Field(discriminator="kind"),
]  # fmt: skip

EphemeralEvent = (
    TextGrew | ThinkingGrew | TurnStarted | ModelWaiting | StepDrafted | PlanChecking | StepChecking
    | ViewChanged | Inspected | Noticed
)  # fmt: skip

Event = DurableEvent | EphemeralEvent

DURABLE: TypeAdapter[DurableEvent] = TypeAdapter(DurableEvent)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place in the session. Ephemeral events have no `seq`."""

    seq: int | None
    at: datetime
    event: Event
