"""Events that are shown and never stored: text as it streams, progress, rows of live views."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import InstanceOf, SkipValidation

from agent.looking.pages import Page, Side
from agent.plan import DraftStep
from tools.kubernetes.live.workload_logs import LogBatch
from tools.rows import RowsChanged
from tools.tool import Frozen


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
    rows: InstanceOf[RowsChanged]
    """Not validated again: a batch can hold ten thousand rows."""


class Inspected(Ephemeral):
    """One side of an object that is looked at closely, or the sentence that says why it cannot be seen.

    `gone` means that the object is not there (any more), whatever the side.
    """

    kind: Literal["inspected"] = "inspected"
    request: str
    side: Side
    page: SkipValidation[Page | None] = None
    failure: str = ""
    gone: bool = False


class LogGrew(Ephemeral):
    """Lines of logs that are followed. `failure` says why there is nothing (more) to follow."""

    kind: Literal["log_grew"] = "log_grew"
    request: str
    batch: SkipValidation[LogBatch | None] = None
    """Not validated: a batch can hold two thousand lines."""
    failure: str = ""
    over: bool = False
    """Nothing will follow."""


class Noticed(Ephemeral):
    """A sentence for the operator that belongs to no turn."""

    kind: Literal["noticed"] = "noticed"
    text: str
    severity: Literal["information", "warning", "error"] = "information"
