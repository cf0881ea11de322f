"""The lines of the audit log: what each event says of who did what, to which object, with what result."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel, JsonValue

from agent import events as e
from agent.logbook import open_envelope
from memory.envelope import Envelope
from memory.erasure import Erased


class Entry(BaseModel):
    """One line of the audit log: who, what, when, by which plan and approval, with what result."""

    row: int
    session: str
    seq: int
    at: str
    kind: str
    who: str
    what: str
    plan: str = ""
    step: str = ""
    approval: str = ""
    result: str = ""
    resource: str = ""
    """The objects it has to do with, in the operator's words."""


class Wanted(BaseModel):
    """Which entries are asked for; empty fields ask for all.

    Attributes:
        by: part of the name of a person, a model, a runbook or a rule.
        resource: words that all stand in the name of an object, such as `deployment/checkout`.
        since, until: when, both ends included.
    """

    by: str = ""
    resource: str = ""
    plan: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, entry: Entry) -> bool:
        """Whether the entry is one of them."""
        at = datetime.fromisoformat(entry.at)
        words = self.resource.lower().split()
        return (
            self.by.lower() in f"{entry.who}\n{entry.approval}".lower()
            and all(word in entry.resource.lower() for word in words)
            and self.plan in ("", entry.plan)
            and (self.since is None or at >= self.since)
            and (self.until is None or at <= self.until)
        )


def entries(envelopes: list[Envelope]) -> Iterator[Entry]:
    """The session's entries. Who is at the helm is known from its beginnings and resumptions."""
    helm = ""
    approvals: dict[str, str] = {}
    targets: dict[tuple[str, str], str] = {}
    for envelope in envelopes:
        event = open_envelope(envelope).event
        if isinstance(event, e.SessionStarted | e.SessionResumed):
            helm = event.operator
        if isinstance(event, e.PlanApproved):
            approvals[event.plan_id] = f"{event.hash[:12]} by {event.by} ({event.how})"
        if isinstance(event, e.PlanOffered):
            for step in event.plan.steps:
                name = step.preview.target if step.preview else _subject(step.args)
                targets[event.plan.id, step.id] = name
        what, result = _told(event)
        plan = event.plan.id if isinstance(event, e.PlanOffered) else str(getattr(event, "plan_id", ""))
        yield Entry(
            row=envelope.row,
            session=envelope.session,
            seq=envelope.seq,
            at=envelope.at.isoformat(),
            kind=envelope.kind,
            who=_who(event, helm),
            what=what,
            plan=plan,
            step=(step_id := str(getattr(event, "step_id", ""))),
            approval=approvals.get(plan, ""),
            result=result,
            resource=_resource(event, plan, step_id, targets),
        )


def erased(session: Erased) -> Entry:
    """The line that stands for a deleted session."""
    kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in session.kinds.items())
    return Entry(
        row=session.last_row,
        session=session.session,
        seq=session.events,
        at=session.ended.isoformat(),
        kind="session_deleted",
        who="",
        what=f"a session of {session.events} events, begun {session.began:%Y-%m-%d %H:%M}, was deleted since",
        result=f"what stays: {kinds}",
    )


def _resource(event: e.Event, plan: str, step: str, targets: dict[tuple[str, str], str]) -> str:
    if isinstance(event, e.ToolCalled):
        return _subject(event.call.args)
    if isinstance(event, e.RevealGranted):
        return event.target
    if step:
        return targets.get((plan, step), "")
    named = (name for (owner, _), name in targets.items() if owner == plan)
    return "; ".join(dict.fromkeys(filter(None, named)))


def _subject(args: dict[str, JsonValue]) -> str:
    """What a read's arguments say it looks at."""
    kind, name, namespace = (str(args.get(key) or "") for key in ("kind", "name", "namespace"))
    words = "/".join(part for part in (kind, name or str(args.get("id") or "")) if part)
    return f"{words} in {namespace}" if namespace else words


def _who(event: e.Event, helm: str) -> str:
    match event:
        case e.ModelReplied():
            return event.model
        case e.AnswerGiven():
            return event.rule
        case e.Understood():
            return event.runbook
        case e.PlanOffered():
            return event.plan.origin
        case (
            e.PlanApproved()
            | e.PlanRejected()
            | e.PlanResumed()
            | e.ModeChanged()
            | e.GatePassed()
            | e.AskingWaived()
            | e.AskingResumed()
            | e.RevealGranted()
            | e.ApprovalGiven()
            | e.RevealEnded()
            | e.MemoryDecided()
        ):
            return event.by
        case e.SessionStarted() | e.SessionResumed() | e.TitleChanged() | e.ScopeChanged():
            return helm
        case e.ModelChanged() | e.Said():
            return helm
    return "pilothouse"


def _told(event: e.Event) -> tuple[str, str]:
    """What happened, and with what result, in a line each."""
    match event:
        case e.SessionStarted():
            return f"began a session{' in the practice sandbox' if event.sandbox else ''}", ""
        case e.SessionResumed():
            return "went on with the session", ""
        case e.TitleChanged():
            return f"title: {event.title}", ""
        case e.ScopeChanged():
            return f"scope: {event.scope.model_dump_json(exclude_defaults=True)}", ""
        case e.ModeChanged():
            return f"writes in {event.place}", "allowed" if event.writes else "shut off"
        case e.ModelChanged():
            return f"model: {event.model or 'none'}", ""
        case e.Said():
            return f"said: {event.text}", ""
        case e.Understood():
            return f"understood as {event.runbook}", ""
        case e.FollowedUp():
            return f"pointed back: {event.meaning}", event.because
        case e.ToolCalled():
            return f"reads with {event.call.tool}", ""
        case e.ToolReturned():
            return f"{event.tool} returned", event.cause or event.summary
        case e.ModelReplied():
            return "replied", event.stop_reason
        case e.AnswerGiven():
            return "answered", ""
        case e.QuestionAsked():
            return f"asked: {event.question}", ""
        case e.TurnFailed():
            return "the turn failed", event.sentence
        case e.TurnEnded():
            return f"turn {event.turn} ended", event.outcome
        case e.PlanOffered():
            return f"offered: {event.plan.goal}", f"hash {event.plan.hash[:12]}"
        case e.PlanRefused():
            return f"refused to offer: {event.goal}", " ".join(event.problems)
        case e.PlanApproved():
            return f"approved {', '.join(event.steps)}", ""
        case e.ApprovalGiven():
            return f"approved {', '.join(event.steps)}, one of several people", f"account {event.login}"
        case e.PlanRejected():
            return "rejected the plan", event.comment
        case e.PlanResumed():
            return "resumed the plan", ""
        case e.PlanAgainBegun():
            return f"drew plan {event.plan_id} up again", ""
        case e.AskingWaived():
            return f"decided beforehand: {'; '.join(map(str, event.waivers))}", ""
        case e.AskingResumed():
            return f"wants to be asked again: {'; '.join(map(str, event.waivers))}", ""
        case e.RevealGranted():
            why = f": {event.why}" if event.why else ""
            return f"reveals {event.what} ({event.how}){why}", ""
        case e.RevealEnded():
            return f"reveal of {event.what}", f"{event.outcome} {event.cause}".rstrip()
        case e.MemoriesUsed():
            return f"used memories {', '.join(str(one.id) for one in event.used)}", event.why
        case e.MemoryWritten():
            return f"kept {event.what} {event.memory}", event.status
        case e.MemoryDecided():
            return f"decided about memories {', '.join(map(str, event.memories))}", event.decision
        case e.GateReached():
            return "waits for the operator", event.gate
        case e.GatePassed():
            return "let the plan go on", event.how
        case e.StepIntended():
            return f"sends {event.call.tool}, attempt {event.attempt}", ""
        case e.AttemptFailed():
            return f"attempt {event.attempt} failed", event.cause
        case e.StepSucceeded():
            return "succeeded", event.observed
        case e.StepFailed():
            return f"failed ({event.failure})", event.cause
        case e.StepInDoubt() | e.StepNotApplied() | e.StepStopped():
            return event.kind.removeprefix("step_").replace("_", " "), event.detail
        case e.DoubtSettled():
            return f"says of the step in doubt: {event.became}", event.how
        case e.StepSkipped():
            return "skipped", event.reason
        case e.PlanFinished():
            return f"the plan ended: {event.status}", event.summary
    return event.kind.replace("_", " "), ""
