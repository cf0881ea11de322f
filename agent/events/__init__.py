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
from typing import Annotated

from pydantic import Field, TypeAdapter

from agent.events.durable import Durable
from agent.events.ephemeral import (
    Ephemeral,
    Inspected,
    LogGrew,
    ModelWaiting,
    Noticed,
    PlanChecking,
    StepChecking,
    StepDrafted,
    TextGrew,
    ThinkingGrew,
    TurnStarted,
    ViewChanged,
)
from agent.events.memory import (
    MemoriesRelied,
    MemoriesUsed,
    MemoryDecided,
    MemoryDecision,
    MemoryRelied,
    MemoryUsed,
    MemoryWritten,
)
from agent.events.plan import (
    ApprovedHow,
    AskingResumed,
    AskingWaived,
    AttemptFailed,
    DoubtSettled,
    GatePassed,
    GateReached,
    PlanAgainBegun,
    PlanApproved,
    PlanDifference,
    PlanFinished,
    PlanOffered,
    PlanRefused,
    PlanRejected,
    PlanResumed,
    StepFailed,
    StepInDoubt,
    StepIntended,
    StepNotApplied,
    StepSkipped,
    StepStopped,
    StepSucceeded,
)
from agent.events.session import (
    AnswerGiven,
    Evidence,
    ModeChanged,
    ModelChanged,
    ModelReplied,
    QuestionAsked,
    Said,
    ScopeChanged,
    SessionResumed,
    SessionStarted,
    TitleChanged,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    TurnFailed,
    Understood,
)

DurableEvent = Annotated[
    SessionStarted | SessionResumed | TitleChanged | ScopeChanged | ModeChanged | ModelChanged
    | Said | Understood | ToolCalled | ToolReturned | ModelReplied | AnswerGiven | QuestionAsked
    | TurnFailed | TurnEnded
    | PlanOffered | PlanRefused | PlanApproved | PlanRejected | PlanResumed
    | AskingWaived | AskingResumed | PlanAgainBegun | GateReached | GatePassed
    | StepIntended | AttemptFailed | StepSucceeded | StepFailed | StepInDoubt | StepNotApplied | DoubtSettled
    | StepSkipped | StepStopped | PlanFinished
    | MemoriesRelied | MemoriesUsed | MemoryDecided | MemoryWritten,
    Field(discriminator="kind"),
]  # fmt: skip

EphemeralEvent = (
    TextGrew | ThinkingGrew | TurnStarted | ModelWaiting | StepDrafted | PlanChecking | StepChecking
    | ViewChanged | Inspected | LogGrew | Noticed
)  # fmt: skip

Event = DurableEvent | EphemeralEvent

DURABLE: TypeAdapter[DurableEvent] = TypeAdapter(DurableEvent)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place in the session. Ephemeral events have no `seq`."""

    seq: int | None
    at: datetime
    event: Event


__all__ = [
    "DURABLE",
    "AnswerGiven",
    "ApprovedHow",
    "AskingResumed",
    "AskingWaived",
    "AttemptFailed",
    "DoubtSettled",
    "Durable",
    "DurableEvent",
    "Ephemeral",
    "EphemeralEvent",
    "Event",
    "Evidence",
    "GatePassed",
    "GateReached",
    "Inspected",
    "LogGrew",
    "MemoriesRelied",
    "MemoriesUsed",
    "MemoryDecided",
    "MemoryDecision",
    "MemoryRelied",
    "MemoryUsed",
    "MemoryWritten",
    "ModeChanged",
    "ModelChanged",
    "ModelReplied",
    "ModelWaiting",
    "Noticed",
    "PlanAgainBegun",
    "PlanApproved",
    "PlanChecking",
    "PlanDifference",
    "PlanFinished",
    "PlanOffered",
    "PlanRefused",
    "PlanRejected",
    "PlanResumed",
    "QuestionAsked",
    "Recorded",
    "Said",
    "ScopeChanged",
    "SessionResumed",
    "SessionStarted",
    "StepChecking",
    "StepDrafted",
    "StepFailed",
    "StepInDoubt",
    "StepIntended",
    "StepNotApplied",
    "StepSkipped",
    "StepStopped",
    "StepSucceeded",
    "TextGrew",
    "ThinkingGrew",
    "TitleChanged",
    "ToolCalled",
    "ToolReturned",
    "TurnEnded",
    "TurnFailed",
    "TurnStarted",
    "Understood",
    "ViewChanged",
]
