"""A session's state: a pure fold over its events.

`fold(state, recorded) -> state` serves the live screen, a resumed session, a replay and the tests
alike. The state is small: what was said and shown stays in the journal and on the screen, and is not
carried here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from pydantic import JsonValue

from agent import events as e
from agent.model import Usage
from agent.plan import Plan, PlanStatus, StepState
from agent.waivers import Waiver
from tools.errors import FailureClass
from tools.tool import Scope


@dataclass(frozen=True, slots=True)
class StepProgress:
    """Where one step stands. Times are absolute, so a screen can tick without asking."""

    state: StepState = StepState.PROPOSED
    attempt: int = 0
    attempts: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    retry_at: datetime | None = None
    failure: FailureClass | None = None
    passed: bool = False
    """Whether the operator let it through its gate."""
    cause: str = ""
    hint: str = ""
    raw: str = ""
    observed: str = ""
    applied: bool | None = None
    """Whether a write that did not succeed arrived all the same."""
    output: JsonValue = None


@dataclass(frozen=True, slots=True)
class PlanProgress:
    plan: Plan
    turn: int
    offered: datetime
    status: PlanStatus = PlanStatus.OFFERED
    approved: frozenset[str] = frozenset()
    given: tuple[e.ApprovalGiven, ...] = ()
    """Approvals of single people, where policy wants several."""
    steps: dict[str, StepProgress] = field(default_factory=dict)
    summary: str = ""
    model_calls: int = 0
    elapsed_ms: float = 0.0
    replaces: str = ""
    difference: e.PlanDifference | None = None
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def gate(self) -> str:
        """Id of the step that waits for the operator, or nothing."""
        waiting = (key for key, step in self.steps.items() if step.state is StepState.WAITING)
        return next(waiting, "")

    def of(self, step_id: str) -> StepProgress:
        return self.steps.get(step_id, StepProgress())


@dataclass(frozen=True, slots=True)
class SessionState:
    """Everything that decisions and the status line need to know."""

    seq: int = 0
    title: str = ""
    titled: str = ""
    """Who found the title: `rule`, `model`, `operator`."""
    operator: str = ""
    scope: Scope = Scope()
    model: str = ""
    sandbox: bool = False
    writable: frozenset[str] = frozenset()
    """Places (contexts, `profile/region`) for which the operator left read-only."""
    waivers: tuple[Waiver, ...] = ()
    """Kinds of writes the operator decided about beforehand, in this sitting."""
    turn: int = 0
    busy: bool = False
    ended: str = ""
    """How the last turn ended, in the words of `TurnEnded`."""
    question: e.QuestionAsked | None = None
    plans: dict[str, PlanProgress] = field(default_factory=dict)
    usage: Usage = Usage()
    cost: Decimal | None = None
    started: datetime | None = None

    @property
    def current(self) -> PlanProgress | None:
        """The plan last offered, whatever became of it."""
        return next(reversed(self.plans.values()), None)

    @property
    def waiting(self) -> PlanProgress | None:
        """The plan that waits for a decision, if there is one."""
        plan = self.current
        return plan if plan is not None and plan.status is PlanStatus.OFFERED else None

    @property
    def running(self) -> PlanProgress | None:
        return next((p for p in self.plans.values() if p.status is PlanStatus.RUNNING), None)


def fold(state: SessionState, recorded: e.Recorded) -> SessionState:
    """The state after one more event. Unknown and purely visual events change nothing."""
    event, at = recorded.event, recorded.at
    if recorded.seq is not None:
        state = replace(state, seq=recorded.seq)
    match event:
        case e.SessionStarted():
            return replace(
                state,
                operator=event.operator,
                scope=event.scope,
                model=event.model,
                sandbox=event.sandbox,
                started=at,
            )
        case e.SessionResumed():
            # A new sitting starts read-only, whatever the last one had been allowed.
            state = replace(
                state,
                operator=event.operator,
                model=event.model,
                writable=frozenset(),
                waivers=(),
                busy=False,
            )
            return replace(state, plans={key: _interrupted(plan) for key, plan in state.plans.items()})
        case e.SessionForked():
            return _forked(state)
        case e.TitleChanged():
            return replace(
                state,
                title=event.title,
                titled=event.by,
                usage=state.usage + event.usage,
                cost=_charged(state.cost, event.cost),
            )
        case e.ScopeChanged():
            return replace(state, scope=event.scope)
        case e.ModeChanged():
            allowed = state.writable - {event.place}
            return replace(state, writable=allowed | {event.place} if event.writes else allowed)
        case e.AskingWaived():
            return replace(state, waivers=tuple(dict.fromkeys(state.waivers + event.waivers)))
        case e.AskingResumed():
            left = tuple(waiver for waiver in state.waivers if waiver not in event.waivers)
            return replace(state, waivers=left)
        case e.ModelChanged():
            return replace(state, model=event.model)
        case e.PlanAgainBegun():
            return replace(state, turn=event.turn, busy=True, question=None)
        case e.Said():
            return replace(state, turn=event.turn, busy=True, question=None)
        case e.ModelReplied():
            cost = _charged(state.cost, event.cost)
            return replace(state, usage=state.usage + event.usage, cost=cost, model=event.model)
        case e.Compacted():
            cost = state.cost if event.cost is None else (state.cost or Decimal(0)) + event.cost
            return replace(state, usage=state.usage + event.usage, cost=cost)
        case e.QuestionAsked():
            return replace(state, question=event)
        case e.TurnEnded():
            return replace(state, busy=False, ended=event.outcome)
        case e.PlanOffered():
            return _offered(state, event, at)
    plan_id = getattr(event, "plan_id", "")
    plan = state.plans.get(plan_id)
    if plan is None:
        return state
    return replace(state, plans={**state.plans, plan_id: _fold_plan(plan, event, at)})


def _forked(state: SessionState) -> SessionState:
    """What a fork takes over: the conversation and what is known. No approval, no open plan, no bill."""
    plans = {
        key: plan if plan.status.final else replace(plan, status=PlanStatus.SUPERSEDED)
        for key, plan in state.plans.items()
    }
    kept = SessionState(seq=state.seq, scope=state.scope, model=state.model, turn=state.turn, plans=plans)
    return replace(kept, operator=state.operator, sandbox=state.sandbox)


def _charged(cost: Decimal | None, more: Decimal | None) -> Decimal | None:
    return cost if more is None else (cost or Decimal(0)) + more


def _offered(state: SessionState, event: e.PlanOffered, at: datetime) -> SessionState:
    plans = {
        key: replace(plan, status=PlanStatus.SUPERSEDED) if plan.status is PlanStatus.OFFERED else plan
        for key, plan in state.plans.items()
    }
    plans[event.plan.id] = PlanProgress(
        plan=event.plan,
        turn=event.turn,
        offered=at,
        steps={step.id: StepProgress() for step in event.plan.steps},
        model_calls=event.model_calls,
        elapsed_ms=event.elapsed_ms,
        replaces=event.replaces,
        difference=event.difference,
    )
    return replace(state, plans=plans)


def _fold_plan(plan: PlanProgress, event: e.Event, at: datetime) -> PlanProgress:
    match event:
        case e.ApprovalGiven():
            return replace(plan, given=(*plan.given, event))
        case e.PlanApproved():
            chosen = frozenset(event.steps)
            steps = {
                key: replace(step, state=StepState.APPROVED) if key in chosen else step
                for key, step in plan.steps.items()
            }
            return replace(plan, status=PlanStatus.RUNNING, approved=chosen, steps=steps, started=at)
        case e.PlanRejected():
            return replace(plan, status=PlanStatus.REJECTED, summary=event.comment, ended=at)
        case e.PlanResumed():
            return replace(plan, status=PlanStatus.RUNNING)
        case e.PlanFinished():
            return replace(plan, status=event.status, summary=event.summary, ended=at)
    step_id = getattr(event, "step_id", "")
    if step_id not in plan.steps:
        return plan
    if isinstance(event, e.StepInDoubt):
        plan = _interrupted(plan)  # nothing can end it but the doubt's own end
    return replace(plan, steps={**plan.steps, step_id: _fold_step(plan.steps[step_id], event, at)})


def _fold_step(step: StepProgress, event: e.Event, at: datetime) -> StepProgress:
    match event:
        case e.GateReached():
            return replace(step, state=StepState.WAITING, cause=event.gate, started=step.started or at)
        case e.GatePassed():
            return replace(step, state=StepState.APPROVED, passed=True, cause="", started=None)
        case e.StepIntended():
            return replace(
                step,
                state=StepState.RUNNING,
                attempt=event.attempt,
                attempts=event.attempts,
                started=step.started or at,
                retry_at=None,
            )
        case e.StepChecking():
            return replace(step, state=StepState.CHECKING, observed=event.detail)
        case e.AttemptFailed():
            return replace(
                step,
                state=StepState.RETRYING,
                failure=event.failure,
                cause=event.cause,
                raw=event.raw,
                retry_at=event.retry_at,
            )
        case e.StepSucceeded():
            return replace(
                step,
                state=StepState.SUCCEEDED,
                observed=event.observed,
                applied=True,
                output=event.output,
                failure=None,
                cause="",
                retry_at=None,
                ended=at,
            )
        case e.StepFailed():
            return replace(
                step,
                state=StepState.FAILED,
                failure=event.failure,
                cause=event.cause,
                hint=event.hint,
                raw=event.raw,
                observed=event.observed,
                applied=event.applied,
                retry_at=None,
                ended=at,
            )
        case e.StepInDoubt():
            return replace(
                step, state=StepState.IN_DOUBT, failure=FailureClass.IN_DOUBT, cause=event.detail, ended=None
            )
        case e.StepNotApplied():
            return replace(step, state=StepState.APPROVED, failure=None, cause=event.detail, retry_at=None)
        case e.DoubtSettled():
            return _settled(step, event, at)
        case e.StepSkipped():
            return replace(step, state=StepState.SKIPPED, cause=event.reason, ended=at)
        case e.StepStopped():
            return replace(
                step,
                state=StepState.STOPPED,
                cause=event.detail,
                applied=event.applied,
                retry_at=None,
                ended=at,
            )
    return step


def _settled(step: StepProgress, event: e.DoubtSettled, at: datetime) -> StepProgress:
    """A step in doubt as the operator says it is."""
    step = replace(step, failure=None, cause="", retry_at=None)
    match event.became:
        case "there":
            return replace(step, state=StepState.SUCCEEDED, observed=event.words(), applied=True, ended=at)
        case "not there":
            return replace(step, state=StepState.APPROVED, cause=event.words(), applied=False)
    failed = replace(step, state=StepState.FAILED, failure=FailureClass.IN_DOUBT, applied=None)
    return replace(failed, cause=event.words(), ended=at)


def _interrupted(plan: PlanProgress) -> PlanProgress:
    if plan.status is not PlanStatus.RUNNING:
        return plan
    return replace(plan, status=PlanStatus.INTERRUPTED)
