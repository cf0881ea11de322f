"""`pilothouse audit`: is the log whole, and who did what?"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from agent import events as e
from agent.logbook import open_envelope
from console.cli.exits import Exit, Problem
from console.cli.opening import open_journal
from console.cli.output import Output, plain
from console.cli.parser import Choices
from memory import chain
from memory.envelope import Envelope
from memory.home import Home


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


async def verify(choices: Choices, out: Output, *, anchor: Path | None = None) -> int:
    """Walk the chain. With an anchor file: compare with it, and move it on when everything fits."""
    journal = Home.find(os.environ, choices.home).journal
    kept = _read_anchor(anchor) if anchor is not None else None
    if journal.exists():
        found = await asyncio.to_thread(chain.verify, journal, kept)
    elif kept is not None and kept.row > 0:
        why = f"The anchor names row {kept.row}, but there is no journal."
        found = chain.Verification(ok=False, rows=0, first_bad=1, why=why)
    else:
        found = chain.Verification(ok=True, rows=0)
    if anchor is not None and found.ok:
        _write_anchor(anchor, found.last or chain.Anchor(row=0, hash=chain.GENESIS))

    def lines() -> Iterator[str]:
        if not found.ok:
            yield f"{out.paint('red', 'Not whole')}: {plain(found.why)}"
            yield f"First bad row: {found.first_bad}"
            return
        erased = f", {found.erased} of them erased on purpose" if found.erased else ""
        yield f"{out.paint('green', 'Whole')}: {found.rows} rows{erased}."
        if found.last is not None:
            yield f"Last row and hash: {found.last}"

    document = {**found.model_dump(mode="json"), "journal": str(journal)}
    out.result(document, lines)
    return Exit.DONE if found.ok else Exit.FAILED


async def show(
    choices: Choices, out: Output, *, session: str | None = None, plan: str = "", limit: int = 200
) -> int:
    """Print the last lines of the audit log, oldest first."""
    async with open_journal(choices) as (journal, sessions):
        if session is not None:
            ids = [(await sessions.get(session)).id]
        else:
            ids = [row.id for row in await sessions.list(limit=100_000)]
        entries: list[Entry] = []
        for name in ids:
            entries += _entries(await journal.read(name))
    entries = [entry for entry in entries if not plan or entry.plan == plan]
    entries = sorted(entries, key=lambda entry: entry.row)[-limit:]
    out.result(
        {"entries": [entry.model_dump(mode="json") for entry in entries]},
        lambda: (_line(entry, out) for entry in entries) if entries else ["Nothing happened yet."],
    )
    return Exit.DONE


# --- details -------------------------------------------------------------------------------------------


def _entries(envelopes: list[Envelope]) -> Iterator[Entry]:
    """The session's entries. Who is at the helm is known from its beginnings and resumptions."""
    helm = ""
    approvals: dict[str, str] = {}
    for envelope in envelopes:
        event = open_envelope(envelope).event
        if isinstance(event, e.SessionStarted | e.SessionResumed):
            helm = event.operator
        if isinstance(event, e.PlanApproved):
            approvals[event.plan_id] = f"{event.hash[:12]} by {event.by} ({event.how})"
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
            step=str(getattr(event, "step_id", "")),
            approval=approvals.get(plan, ""),
            result=result,
        )


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
        case e.StepSkipped():
            return "skipped", event.reason
        case e.PlanFinished():
            return f"the plan ended: {event.status}", event.summary
    return event.kind.replace("_", " "), ""


def _line(entry: Entry, out: Output) -> str:
    place = " ".join(part for part in (entry.plan, entry.step) if part)
    result = f" → {entry.result}" if entry.result else ""
    approval = out.paint("dim", plain(f"  [approval {entry.approval}]")) if entry.approval else ""
    words = " ".join(f"{place + ': ' if place else ''}{entry.what}{result}".split())
    return f"{entry.row:>5}  {entry.at[:19]}  {entry.session}  {plain(entry.who)}  {plain(words)}{approval}"


def _read_anchor(path: Path) -> chain.Anchor | None:
    try:
        return chain.Anchor.parse(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Problem(Exit.FAILED, f"The anchor in {path} cannot be used: {error}") from error


def _write_anchor(path: Path, anchor: chain.Anchor) -> None:
    """Put the anchor there all at once, so that an interruption leaves the old one."""
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.touch(mode=0o600)
        draft.write_text(f"{anchor}\n", "utf-8")
        draft.replace(path)
    except OSError as error:
        raise Problem(Exit.FAILED, f"The anchor cannot be written to {path}: {error.strerror}.") from error
