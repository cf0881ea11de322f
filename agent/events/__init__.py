"""Everything that can happen in a session, as typed, versioned values.

*Durable* events are journalled before anyone acts on them; the screen, a resumed session, a replay,
an export and the audit log are folds over them. *Ephemeral* events (text deltas, progress, rows of
the resource sidebar) are shown and never stored.

An old journal must always open: a new field has a default, and a `kind` is never used again for
something else.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from agent.events.context import Compacted
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
from agent.events.forking import SessionForked
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
    ApprovalGiven,
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
from agent.events.recorded import Recorded
from agent.events.reveal import Revealed, RevealEnded, RevealGranted
from agent.events.session import (
    AnswerGiven,
    Evidence,
    FollowedUp,
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
    SessionStarted | SessionForked | SessionResumed | TitleChanged | ScopeChanged | ModeChanged | ModelChanged
    | Said | FollowedUp | Understood | ToolCalled | ToolReturned | ModelReplied
    | AnswerGiven | QuestionAsked
    | TurnFailed | TurnEnded
    | PlanOffered | PlanRefused | PlanApproved | PlanRejected | PlanResumed
    | AskingWaived | AskingResumed | PlanAgainBegun | GateReached | GatePassed
    | StepIntended | AttemptFailed | StepSucceeded | StepFailed | StepInDoubt | StepNotApplied | DoubtSettled
    | StepSkipped | StepStopped | PlanFinished
    | MemoriesRelied | MemoriesUsed | MemoryDecided | MemoryWritten | Compacted
    | RevealGranted | RevealEnded | ApprovalGiven,
    Field(discriminator="kind"),
]  # fmt: skip

EphemeralEvent = (
    TextGrew | ThinkingGrew | TurnStarted | ModelWaiting | StepDrafted | PlanChecking | StepChecking
    | ViewChanged | Inspected | LogGrew | Revealed | Noticed
)  # fmt: skip

Event = DurableEvent | EphemeralEvent

DURABLE: TypeAdapter[DurableEvent] = TypeAdapter(DurableEvent)


__all__ = [
    "DURABLE",
    "AnswerGiven",
    "ApprovalGiven",
    "ApprovedHow",
    "AskingResumed",
    "AskingWaived",
    "AttemptFailed",
    "Compacted",
    "DoubtSettled",
    "Durable",
    "DurableEvent",
    "Ephemeral",
    "EphemeralEvent",
    "Event",
    "Evidence",
    "FollowedUp",
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
    "RevealEnded",
    "RevealGranted",
    "Revealed",
    "Said",
    "ScopeChanged",
    "SessionForked",
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
