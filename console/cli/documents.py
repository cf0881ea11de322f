"""The JSON documents that `plan`, `ask` and `apply` print: a public contract, fields are only added."""

from __future__ import annotations

from pydantic import BaseModel, JsonValue

from agent import events as e
from agent.plan import Ruling, Step
from agent.state import PlanProgress, SessionState
from tools.tool import Call, Change, Scope


class StepDocument(BaseModel):
    """One step of a plan. `tool` is `name@version`; `confirm` the name that `apply` has to be given."""

    id: str
    title: str
    tool: str
    args: dict[str, JsonValue]
    scope: Scope
    effect: str
    depends_on: tuple[str, ...]
    diff: tuple[Change, ...]
    undo: Call | None
    policy: Ruling
    target: str
    objects: int
    warnings: tuple[str, ...]
    confirm: str
    gate: str = ""
    checks: tuple[str, ...] = ()
    if_failed: tuple[str, ...] = ()
    undoes: str = ""

    @classmethod
    def of(cls, step: Step) -> StepDocument:
        preview = step.preview
        return cls(
            id=step.id,
            title=step.title,
            tool=step.tool,
            args=step.args,
            scope=step.scope,
            effect=step.effect.value,
            depends_on=step.depends_on,
            diff=preview.changes if preview else (),
            undo=step.undo,
            policy=step.ruling,
            target=preview.target if preview else "",
            objects=preview.objects if preview else 0,
            warnings=preview.warnings if preview else (),
            confirm=step.needs_name,
            gate=step.gate,
            checks=tuple(check.says for check in step.checks),
            if_failed=step.if_failed,
            undoes=step.undoes,
        )


class PlanDocument(BaseModel):
    """A plan as it was offered. `target` names what it writes to, `objects` counts it."""

    plan_id: str
    hash: str
    session: str
    goal: str
    origin: str
    status: str
    scope: Scope
    target: tuple[str, ...]
    objects: int
    warnings: tuple[str, ...]
    model_calls: int
    elapsed_ms: float
    steps: tuple[StepDocument, ...]

    @classmethod
    def of(cls, progress: PlanProgress, session: str) -> PlanDocument:
        plan = progress.plan
        steps = tuple(StepDocument.of(step) for step in plan.steps)
        return cls(
            plan_id=plan.id,
            hash=plan.hash,
            session=session,
            goal=plan.goal,
            origin=plan.origin,
            status=progress.status.value,
            scope=plan.scope,
            target=tuple(dict.fromkeys(step.target for step in steps if step.target)),
            objects=sum(step.objects for step in steps),
            warnings=tuple(dict.fromkeys(line for step in steps for line in step.warnings)),
            model_calls=progress.model_calls,
            elapsed_ms=round(progress.elapsed_ms, 3),
            steps=steps,
        )


class StepOutcome(BaseModel):
    """How one step ended. `attempts` counts calls that were made; `applied` is None if nobody knows."""

    id: str
    title: str
    tool: str
    state: str
    attempts: int
    failure: str
    cause: str
    hint: str
    observed: str
    applied: bool | None


class ApplyDocument(BaseModel):
    """How a plan ended."""

    plan_id: str
    hash: str
    session: str
    status: str
    summary: str
    steps: tuple[StepOutcome, ...]

    @classmethod
    def of(cls, progress: PlanProgress, session: str) -> ApplyDocument:
        plan = progress.plan
        return cls(
            plan_id=plan.id,
            hash=plan.hash,
            session=session,
            status=progress.status.value,
            summary=progress.summary,
            steps=tuple(_outcome(step, progress) for step in plan.steps),
        )


class Question(BaseModel):
    question: str
    choices: tuple[str, ...]


class Read(BaseModel):
    """A read that an answer rests on."""

    call_id: str
    tool: str
    args: dict[str, JsonValue]
    summary: str
    cause: str


class TurnDocument(BaseModel):
    """What came of a request: `outcome` says which of `answer`, `question` and `plan` there is."""

    session: str
    outcome: str
    answer: str = ""
    question: Question | None = None
    plan: PlanDocument | None = None
    evidence: tuple[e.Evidence, ...] = ()
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    reads: tuple[Read, ...] = ()
    memories: tuple[e.MemoryUsed, ...] = ()
    """The memories that were used; `pilothouse memory show ID` tells all of one."""
    remembered: tuple[int, ...] = ()
    """What was kept after the turn."""
    model: str = ""
    model_calls: int = 0
    cost: str | None = None


def turn_document(
    session: str, outcome: str, events: tuple[e.Recorded, ...], state: SessionState, answer: str
) -> TurnDocument:
    """The document of a turn, from the events of this turn alone."""
    happened = [recorded.event for recorded in events]
    given = next((event for event in reversed(happened) if isinstance(event, e.AnswerGiven)), None)
    asked = next((event for event in reversed(happened) if isinstance(event, e.QuestionAsked)), None)
    replies = [event for event in happened if isinstance(event, e.ModelReplied)]
    costs = [reply.cost for reply in replies if reply.cost is not None]
    plan = state.current if outcome == "planned" else None
    return TurnDocument(
        session=session,
        outcome=outcome,
        answer=answer,
        question=Question(question=asked.question, choices=asked.choices) if asked else None,
        plan=PlanDocument.of(plan, session) if plan else None,
        evidence=given.evidence if given else (),
        checked=given.checked if given else (),
        not_checked=given.not_checked if given else (),
        reads=_reads(happened),
        memories=tuple(one for event in happened if isinstance(event, e.MemoriesUsed) for one in event.used),
        remembered=tuple(event.memory for event in happened if isinstance(event, e.MemoryWritten)),
        model=replies[-1].model if replies else "",
        model_calls=len(replies),
        cost=str(sum(costs)) if costs else None,
    )


def _reads(happened: list[e.Event]) -> tuple[Read, ...]:
    returned = {event.call_id: event for event in happened if isinstance(event, e.ToolReturned)}
    reads = []
    for event in happened:
        if isinstance(event, e.ToolCalled):
            back = returned.get(event.call_id)
            reads.append(
                Read(
                    call_id=event.call_id,
                    tool=event.call.tool,
                    args=event.call.args,
                    summary=back.summary if back else "",
                    cause=back.cause if back else "",
                )
            )
    return tuple(reads)


def _outcome(step: Step, progress: PlanProgress) -> StepOutcome:
    seen = progress.of(step.id)
    return StepOutcome(
        id=step.id,
        title=step.title,
        tool=step.tool,
        state=seen.state.value,
        attempts=seen.attempt,
        failure=seen.failure.value if seen.failure else "",
        cause=seen.cause,
        hint=seen.hint,
        observed=seen.observed,
        applied=seen.applied,
    )
