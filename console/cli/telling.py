"""A session's events as Markdown: for `sessions show`, for an export, for reading aloud in a review."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent import events as e
from agent.following.meaning import understood
from console.cli.output import plain
from console.cli.plan_text import scope_words, value_words
from memory.sessions import SessionRow


def markdown(row: SessionRow, events: Iterable[e.Recorded]) -> Iterator[str]:
    """The session as lines of Markdown, oldest event first."""
    yield f"# {plain(row.title) or 'Session'}"
    yield ""
    yield f"Session {row.id}, begun {row.created:%Y-%m-%d %H:%M} UTC, {row.events} events."
    for recorded in events:
        yield from told(recorded)


def told(recorded: e.Recorded) -> Iterator[str]:
    """One event; what has its place elsewhere, such as a turn's end, is not told."""
    event, at = recorded.event, f"{recorded.at:%H:%M:%S}"
    match event:
        case e.Said():
            yield from ("", f"## {at} You", "", plain(event.text))
        case e.AnswerGiven():
            yield from ("", f"## {at} Answer, by rule {event.rule}", "", plain(event.markdown))
            yield from (plain(f"- [{item.call_id}] {item.source}: {item.quote}") for item in event.evidence)
        case e.ModelReplied() if event.text:
            yield from ("", f"## {at} {plain(event.model)}", "", plain(event.text))
        case e.QuestionAsked():
            yield from ("", f"## {at} Question", "", plain(event.question))
            yield from (plain(f"{number}. {choice}") for number, choice in enumerate(event.choices, 1))
        case e.PlanOffered():
            yield from _plan(event, at)
        case e.PlanRefused():
            yield from ("", f"## {at} No plan: {plain(event.goal)}", "")
            yield from (plain(f"- {problem}") for problem in event.problems)
        case _:
            line = _line(event)
            if line:
                yield plain(f"- {at} {line}")


def _plan(event: e.PlanOffered, at: str) -> Iterator[str]:
    plan = event.plan
    yield from ("", f"## {at} Plan {plan.id}: {plain(plan.goal)}", "")
    yield f"By {plan.origin}, hash `{plan.hash[:12]}`."
    yield ""
    for step in plan.steps:
        target = f" on {step.preview.target}" if step.preview else ""
        yield plain(f"- {step.id} {step.title} (`{step.tool}`{target})")
        for change in step.preview.changes if step.preview else ():
            yield plain(f"    - `{change.path}`: {value_words(change.before)} → {value_words(change.after)}")
    yield ""


def _line(event: e.Event) -> str:
    match event:
        case e.SessionForked():
            reference = f"event {event.seq}, `{event.hash[:12]}`"
            return f"**Forked** from session {event.session}, “{event.title}”, at {reference}, by {event.by}."
        case e.SessionStarted():
            return f"Begun by {event.operator}."
        case e.SessionResumed():
            return f"Gone on with by {event.operator}."
        case e.ScopeChanged():
            return f"Working in {scope_words(event.scope) or 'no place in particular'}."
        case e.ModeChanged():
            word = "allowed" if event.writes else "shut off"
            return f"Writes in {event.place} {word} by {event.by}."
        case e.FollowedUp():
            return f"_{understood(event)}_"
        case e.ToolCalled():
            return f"Read `{event.call.tool}`."
        case e.ToolReturned() if event.cause:
            return f"`{event.tool}` failed: {event.cause}"
        case e.TurnFailed():
            return f"{event.sentence} {event.hint}".rstrip()
        case e.PlanApproved():
            return f"**Approved** by {event.by} ({event.how}): {', '.join(event.steps)}."
        case e.ApprovalGiven():
            return f"**Approved** by {event.by}, account {event.login} ({event.how}); others have to, too."
        case e.PlanRejected():
            return f"**Rejected** by {event.by}. {event.comment}".rstrip()
        case e.PlanResumed():
            return f"Resumed by {event.by}."
        case e.PlanAgainBegun():
            return f"Plan {event.plan_id} is drawn up again."
        case e.AskingWaived():
            return f"No longer asked about: {'; '.join(map(str, event.waivers))}, by {event.by}."
        case e.AskingResumed():
            return f"Asked about again: {'; '.join(map(str, event.waivers))}."
        case e.RevealGranted():
            return f"**Revealed** to {event.by} ({event.how}): {event.what}. {event.why}".rstrip()
        case e.RevealEnded() if event.outcome != "shown":
            return f"Not revealed: {event.what}. {event.cause}".rstrip()
        case e.GateReached():
            return f"{event.step_id} waits: {event.gate}"
        case e.GatePassed():
            return f"{event.step_id}: **let through** by {event.by} ({event.how})."
        case e.StepIntended():
            return f"{event.step_id} attempt {event.attempt} begins."
        case e.AttemptFailed():
            return f"{event.step_id} attempt {event.attempt} failed ({event.failure}): {event.cause}"
        case e.StepSucceeded():
            return f"{event.step_id} succeeded: {event.observed}"
        case e.StepFailed():
            return f"{event.step_id} **failed** ({event.failure}): {event.cause} {event.hint}".rstrip()
        case e.StepInDoubt() | e.StepNotApplied() | e.StepStopped():
            return f"{event.step_id} {event.detail}"
        case e.DoubtSettled():
            return f"{event.step_id}: {event.words()} ({event.how})"
        case e.StepSkipped():
            return f"{event.step_id} skipped: {event.reason}"
        case e.PlanFinished():
            return f"Plan {event.plan_id} **{event.status}**. {event.summary}"
    return ""
