"""Events become transcript entries: one `match`, the same for a live session and a resumed one."""

from __future__ import annotations

from operator import attrgetter
from typing import TypeVar

from agent import events as e
from agent.following.meaning import understood
from agent.model import TextBlock, ThinkingBlock
from agent.plan import PlanStatus
from console.widgets.elapsed import clock, elapsed
from console.widgets.glyphs import plan_look
from console.widgets.transcript_entries import (
    Answer,
    Entry,
    Line,
    Part,
    Passage,
    Thought,
    json_block,
    paragraph,
)
from console.widgets.transcript_words import (
    call_head,
    call_words,
    failure,
    grounds,
    memories_used,
    memory_decided,
    memory_style,
    memory_written,
    note,
    offer_words,
    place_words,
    plan_line,
    question,
)

EntryKind = TypeVar("EntryKind", bound=Entry)


class TranscriptFold:
    """The entries of one session, in order. `take` says which of them an event touched."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._answer: Answer | None = None
        self._thought: Thought | None = None
        self._calls: dict[str, tuple[Line, e.ToolCalled]] = {}
        self._goals: dict[str, str] = {}

    def know(self, goals: dict[str, str]) -> None:
        """Take plans' goals from events that are not folded here."""
        self._goals.update(goals)

    def take(self, recorded: e.Recorded) -> list[Entry]:
        """Fold one event in; returns the entries that are new or changed."""
        event, seq = recorded.event, recorded.seq
        match event:
            case e.TextGrew():
                return self._grow(event.text)
            case e.ThinkingGrew():
                return self._think(event.text)
            case e.ModelReplied():
                return self._replied(event, seq)
            case e.ToolCalled():
                return self._called(event, seq)
            case e.ToolReturned():
                return self._returned(event, seq)
            case e.AnswerGiven():
                return self._answered(event, seq)
        # What is streaming goes on beside all else, until the reply settles it or the turn is over.
        touched = self._settle() if isinstance(event, e.Said | e.TurnFailed | e.TurnEnded) else []
        entry = self._standing(recorded)
        return touched if entry is None else [*touched, self._add(entry)]

    # --- the conversation ---------------------------------------------------------------------------

    def _grow(self, text: str) -> list[Entry]:
        if self._answer is None:
            self._answer = Answer(None)
            self._add(self._answer)
        self._answer.grow(text)
        return [self._answer]

    def _think(self, text: str) -> list[Entry]:
        if self._thought is None:
            self._thought = Thought(None)
            self._add(self._thought)
        self._thought.grow(text)
        return [self._thought]

    def _replied(self, event: e.ModelReplied, seq: int | None) -> list[Entry]:
        """What was streamed is settled by what was recorded; what was not streamed is added."""
        blocks = event.message.content
        thoughts = "\n\n".join(block.text for block in blocks if isinstance(block, ThinkingBlock))
        words = "\n\n".join(block.text for block in blocks if isinstance(block, TextBlock))
        touched: list[Entry] = []
        if thoughts.strip():
            thought = self._thought or self._add(Thought(seq))
            thought.finish(thoughts)
            thought.seq = seq
            touched.append(thought)
        if words.strip():
            answer = self._answer or self._add(Answer(seq))
            answer.finish(words)
            answer.seq = seq
            touched.append(answer)
        self._answer = self._thought = None
        return touched

    def _answered(self, event: e.AnswerGiven, seq: int | None) -> list[Entry]:
        touched = self._settle()
        answer = self._add(Answer(seq))
        answer.finish(event.markdown, grounds(event))
        return [*touched, answer]

    def _called(self, event: e.ToolCalled, seq: int | None) -> list[Entry]:
        line = Line(
            seq, call_head(event, None), [json_block("arguments", event.call.args)], copy=call_words(event)
        )
        self._calls[event.call_id] = (line, event)
        return [self._add(line)]

    def _returned(self, event: e.ToolReturned, seq: int | None) -> list[Entry]:
        known = self._calls.pop(event.call_id, None)
        if known is None:
            return []
        line, call = known
        line.seq = seq
        details: list[Part] = [json_block("arguments", call.call.args)]
        if event.cause:
            details.append(paragraph(event.cause, "$text-error", indent=2))
        if event.output is not None:
            details.append(json_block("output", event.output))
        line.become(call_head(call, event), details, f"{call_words(call)}\n{event.summary or event.cause}")
        return [line]

    def _settle(self) -> list[Entry]:
        """What was being streamed will not grow any more."""
        streamed: list[Entry] = []
        for entry in (self._thought, self._answer):
            if entry is not None:
                entry.finish()
                streamed.append(entry)
        self._answer = self._thought = None
        return streamed

    # --- everything that stands as it is --------------------------------------------------------------

    def _standing(self, recorded: e.Recorded) -> Entry | None:
        event, seq = recorded.event, recorded.seq
        match event:
            case e.SessionStarted():
                there = place_words(event.scope)
                sandbox = ", practice sandbox" if event.sandbox else ""
                return note(seq, f"Session of {event.operator}{there}{sandbox}, {clock(recorded.at)}.")
            case e.SessionForked():
                words = f"Forked from “{event.title or event.session}” at event {event.seq}, by {event.by}."
                return note(seq, f"{words} Approvals and open plans stayed there.")
            case e.SessionResumed():
                return note(seq, f"Resumed by {event.operator} at {clock(recorded.at)}, read-only.")
            case e.ScopeChanged():
                return note(seq, f"Working scope is now{place_words(event.scope) or ' empty'}.")
            case e.ModeChanged():
                words = "Writes allowed" if event.writes else "Read-only again"
                return note(seq, f"{words} in {event.place}, by {event.by}.", "$text-warning")
            case e.ModelChanged():
                return note(seq, f"Model: {event.model or 'none; known requests are answered by rule'}.")
            case e.Said():
                said = paragraph(
                    event.text, "bold", sign=attrgetter("prompt"), sign_style="bold $text-primary"
                )
                return Passage(seq, [said], event.text)
            case e.Understood():
                filled = ", ".join(f"{key} {value}" for key, value in event.parameters.items())
                return note(seq, f"Known request: {event.runbook}{f' ({filled})' if filled else ''}.")
            case e.FollowedUp():
                return note(seq, understood(event))
            case e.QuestionAsked():
                return question(seq, event)
            case e.MemoriesUsed():
                return note(seq, memories_used(event, recorded.at))
            case e.MemoryDecided():
                return note(seq, memory_decided(event))
            case e.MemoryWritten():
                return note(seq, memory_written(event), memory_style(event))
            case e.TurnFailed():
                return failure(seq, event.sentence, event.hint)
            case e.TurnEnded(outcome="stopped"):
                return note(seq, f"Stopped by you after {elapsed(event.seconds)}.", "$text-warning")
            case e.ModelWaiting():
                return note(seq, f"The model's server asks for {elapsed(event.seconds)}: {event.cause}")
            case e.Noticed():
                styles = {
                    "information": "$foreground-muted",
                    "warning": "$text-warning",
                    "error": "$text-error",
                }
                return note(seq, event.text, styles[event.severity])
        return self._about_plan(event, seq)

    def _about_plan(self, event: e.Event, seq: int | None) -> Entry | None:
        match event:
            case e.PlanOffered():
                self._goals[event.plan.id] = event.plan.goal
                return plan_line(seq, "plan", "$text-primary", "Plan", event.plan.goal, offer_words(event))
            case e.PlanRefused():
                details = [paragraph(f"{problem}", "", sign="  - ") for problem in event.problems]
                head = paragraph(f"No plan for: {event.goal}", "bold $text-error", sign=attrgetter("failed"))
                return Passage(seq, [head, *details], "\n".join((event.goal, *event.problems)))
            case e.PlanApproved():
                count = f"{len(event.steps)} step{'' if len(event.steps) == 1 else 's'}"
                detail = f"{count}, by {event.by} ({event.how})"
                return plan_line(seq, "done", "$text-success", "Approved", self._goal(event.plan_id), detail)
            case e.ApprovalGiven():
                return note(
                    seq, f"{event.by} approved (account {event.login}). It takes two people to let it run."
                )
            case e.PlanRejected():
                detail = f"by {event.by}{f': {event.comment}' if event.comment else ''}"
                return plan_line(
                    seq, "skipped", "$foreground-muted", "Rejected", self._goal(event.plan_id), detail
                )
            case e.PlanResumed():
                goal = self._goal(event.plan_id)
                return plan_line(seq, "running", "$text-accent", "Resumed", goal, f"by {event.by}")
            case e.PlanAgainBegun():
                return plan_line(
                    seq, "retrying", "$text-accent", "Planning again", self._goal(event.plan_id), ""
                )
            case e.GateReached():
                return note(seq, f"The plan waits for you: {event.gate} (a goes on)", "bold $text-warning")
            case e.AskingWaived():
                words = "; ".join(map(str, event.waivers))
                return note(seq, f"No longer asked about in this session: {words} (:waived takes it back).")
            case e.AskingResumed():
                return note(seq, f"Asked about again: {'; '.join(map(str, event.waivers))}.")
            case e.RevealGranted():
                why = f" ({event.why})" if event.why else ""
                return note(
                    seq, f"{event.by} reveals {event.what}{why}. The value is shown once, and not kept."
                )
            case e.RevealEnded() if event.outcome != "shown":
                return note(seq, f"Not revealed: {event.what}. {event.cause}", "$text-warning")
            case e.GatePassed():
                return note(seq, f"{event.by} let the plan go on at {event.step_id}.")
            case e.PlanFinished():
                return self._finished(event, seq)
            case e.StepFailed():
                return failure(
                    seq, f"Step {event.step_id}, attempt {event.attempt}: {event.cause}", event.hint
                )
            case e.StepInDoubt():
                text = f"Step {event.step_id} is in doubt: {event.detail}"
                return note(seq, text, "$text-warning")
            case e.StepNotApplied():
                return note(seq, f"Step {event.step_id}: {event.detail}", "$foreground-muted")
            case e.DoubtSettled():
                return note(seq, f"Step {event.step_id}: {event.words()}")
        return None

    def _finished(self, event: e.PlanFinished, seq: int | None) -> Entry:
        look = plan_look(PlanStatus(event.status))
        names = {
            PlanStatus.SUCCEEDED: "done",
            PlanStatus.FAILED: "failed",
            PlanStatus.STOPPED: "stopped",
        }
        detail = ", ".join(part for part in (event.summary.rstrip("."), elapsed(event.seconds)) if part)
        sign = names[PlanStatus(event.status)]
        return plan_line(seq, sign, look.style, f"Plan {look.word}", self._goal(event.plan_id), detail)

    def _goal(self, plan_id: str) -> str:
        return self._goals.get(plan_id, plan_id)

    def _add(self, entry: EntryKind) -> EntryKind:
        previous = self.entries[-1] if self.entries else None
        entry.gap = previous is not None and not (previous.compact and entry.compact)
        self.entries.append(entry)
        return entry
