"""Events become transcript entries: one `match`, the same for a live session and a resumed one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeVar

from textual.content import Content

from agent import events as e
from agent.model import TextBlock, ThinkingBlock
from agent.plan import PlanStatus
from console.widgets.elapsed import clock, elapsed
from console.widgets.glyphs import Glyphs, plan_look
from console.widgets.safe_text import safe_line
from console.widgets.transcript_entries import (
    Answer,
    Entry,
    Line,
    Part,
    Passage,
    Thought,
    arguments,
    json_block,
    paragraph,
)
from tools.tool import Scope

Head = Callable[[Glyphs], Content]
EntryKind = TypeVar("EntryKind", bound=Entry)


class TranscriptFold:
    """The entries of one session, in order. `take` says which of them an event touched."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._answer: Answer | None = None
        self._thought: Thought | None = None
        self._calls: dict[str, tuple[Line, e.ToolCalled]] = {}
        self._goals: dict[str, str] = {}

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
        entry = self._standing(recorded)
        if entry is None:
            return []
        touched = self._settle() if recorded.seq is not None else []
        return [*touched, self._add(entry)]

    # --- the conversation ---------------------------------------------------------------------------

    def _grow(self, text: str) -> list[Entry]:
        touched = self._settle_thought()
        if self._answer is None:
            self._answer = Answer(None)
            self._add(self._answer)
        self._answer.grow(text)
        return [*touched, self._answer]

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
        answer.finish(event.markdown, _grounds(event))
        return [*touched, answer]

    def _called(self, event: e.ToolCalled, seq: int | None) -> list[Entry]:
        touched = self._settle()
        line = Line(
            seq, _call_head(event, None), [json_block("arguments", event.call.args)], copy=_call(event)
        )
        self._calls[event.call_id] = (line, event)
        return [*touched, self._add(line)]

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
        line.become(_call_head(call, event), details, f"{_call(call)}\n{event.summary or event.cause}")
        return [line]

    def _settle(self) -> list[Entry]:
        """Something else follows: what was being streamed will not grow any more."""
        touched = self._settle_thought()
        if self._answer is not None:
            self._answer.finish()
            touched.append(self._answer)
            self._answer = None
        return touched

    def _settle_thought(self) -> list[Entry]:
        thought, self._thought = self._thought, None
        if thought is None:
            return []
        thought.finish()
        return [thought]

    # --- everything that stands as it is --------------------------------------------------------------

    def _standing(self, recorded: e.Recorded) -> Entry | None:
        event, seq = recorded.event, recorded.seq
        match event:
            case e.SessionStarted():
                where = _where(event.scope)
                sandbox = ", practice sandbox" if event.sandbox else ""
                return _note(seq, f"Session of {event.operator}{where}{sandbox}, {clock(recorded.at)}.")
            case e.SessionResumed():
                return _note(seq, f"Resumed by {event.operator} at {clock(recorded.at)}, read-only.")
            case e.ScopeChanged():
                return _note(seq, f"Working scope is now{_where(event.scope) or ' empty'}.")
            case e.ModeChanged():
                words = "Writes allowed" if event.writes else "Read-only again"
                return _note(seq, f"{words} in {event.place}, by {event.by}.", "$text-warning")
            case e.ModelChanged():
                return _note(seq, f"Model: {event.model or 'none; known requests are answered by rule'}.")
            case e.Said():
                said = paragraph(
                    event.text, "bold", sign=attrgetter("prompt"), sign_style="bold $text-primary"
                )
                return Passage(seq, [said], event.text)
            case e.Understood():
                filled = ", ".join(f"{key} {value}" for key, value in event.parameters.items())
                return _note(seq, f"Known request: {event.runbook}{f' ({filled})' if filled else ''}.")
            case e.QuestionAsked():
                return _question(seq, event)
            case e.TurnFailed():
                return _failure(seq, event.sentence, event.hint)
            case e.TurnEnded(outcome="stopped"):
                return _note(seq, f"Stopped by you after {elapsed(event.seconds)}.", "$text-warning")
            case e.ModelWaiting():
                return _note(seq, f"The model's server asks for {elapsed(event.seconds)}: {event.cause}")
            case e.Noticed():
                styles = {
                    "information": "$foreground-muted",
                    "warning": "$text-warning",
                    "error": "$text-error",
                }
                return _note(seq, event.text, styles[event.severity])
        return self._about_plan(event, seq)

    def _about_plan(self, event: e.Event, seq: int | None) -> Entry | None:
        match event:
            case e.PlanOffered():
                self._goals[event.plan.id] = event.plan.goal
                return _plan_line(seq, "plan", "$text-primary", "Plan", event.plan.goal, _offer(event))
            case e.PlanRefused():
                details = [paragraph(f"{problem}", "", sign="  - ") for problem in event.problems]
                head = paragraph(f"No plan for: {event.goal}", "bold $text-error", sign=attrgetter("failed"))
                return Passage(seq, [head, *details], "\n".join((event.goal, *event.problems)))
            case e.PlanApproved():
                count = f"{len(event.steps)} step{'' if len(event.steps) == 1 else 's'}"
                detail = f"{count}, by {event.by} ({event.how})"
                return _plan_line(seq, "done", "$text-success", "Approved", self._goal(event.plan_id), detail)
            case e.PlanRejected():
                detail = f"by {event.by}{f': {event.comment}' if event.comment else ''}"
                return _plan_line(
                    seq, "skipped", "$foreground-muted", "Rejected", self._goal(event.plan_id), detail
                )
            case e.PlanResumed():
                goal = self._goal(event.plan_id)
                return _plan_line(seq, "running", "$text-accent", "Resumed", goal, f"by {event.by}")
            case e.PlanFinished():
                return self._finished(event, seq)
            case e.StepFailed():
                return _failure(
                    seq, f"Step {event.step_id}, attempt {event.attempt}: {event.cause}", event.hint
                )
            case e.StepInDoubt():
                text = f"Step {event.step_id} is in doubt: {event.detail}"
                return _note(seq, text, "$text-warning")
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
        return _plan_line(seq, sign, look.style, f"Plan {look.word}", self._goal(event.plan_id), detail)

    def _goal(self, plan_id: str) -> str:
        return self._goals.get(plan_id, plan_id)

    def _add(self, entry: EntryKind) -> EntryKind:
        previous = self.entries[-1] if self.entries else None
        entry.gap = previous is not None and not (previous.compact and entry.compact)
        self.entries.append(entry)
        return entry


def _where(scope: Scope) -> str:
    cluster = "/".join(part for part in (scope.context, scope.namespace) if part)
    cloud = "/".join(part for part in (scope.profile, scope.region) if part)
    places = [place for place in (cluster, cloud) if place]
    return f" in {' and '.join(places)}" if places else ""


def _note(seq: int | None, text: str, style: str = "$foreground-muted") -> Line:
    return Line(
        seq,
        lambda glyphs: Content.styled(f"{glyphs.note} {safe_line(text)}", style),
        copy=text,
        wraps=True,
    )


def _failure(seq: int | None, sentence: str, hint: str) -> Passage:
    parts = [paragraph(sentence, "$text-error", sign=attrgetter("failed"), sign_style="bold $text-error")]
    if hint:
        parts.append(paragraph(hint, "", sign="  Try: ", sign_style="$foreground-muted"))
    return Passage(seq, parts, f"{sentence}\n{hint}".strip())


def _question(seq: int | None, event: e.QuestionAsked) -> Passage:
    parts = [paragraph(event.question, "bold $text-warning", sign=attrgetter("question"))]
    parts += [
        paragraph(choice, "", sign=f"  {number}. ", sign_style="$text-primary")
        for number, choice in enumerate(event.choices, 1)
    ]
    return Passage(seq, parts, "\n".join((event.question, *event.choices)))


def _plan_line(seq: int | None, sign: str, style: str, word: str, goal: str, detail: str) -> Line:
    def head(glyphs: Glyphs) -> Content:
        return Content.assemble(
            (f"{getattr(glyphs, sign)} {word} ", style),
            (safe_line(goal), "bold"),
            (f"  {safe_line(detail)}" if detail else "", "$foreground-muted"),
        )

    return Line(seq, head, copy=f"{word}: {goal}. {detail}", wraps=True)


def _offer(event: e.PlanOffered) -> str:
    steps, writes = len(event.plan.steps), len(event.plan.writes)
    parts = [
        f"{steps} step{'' if steps == 1 else 's'}",
        f"{writes} write{'' if writes == 1 else 's'}" if writes else "reads only",
        f"hash {event.plan.hash[:12]}",
    ]
    if event.replaces:
        parts.append("replaces the plan before")
    calls = event.model_calls
    parts.append(f"{calls} model call{'' if calls == 1 else 's'}" if calls else "no model call")
    return ", ".join(parts)


def _call(event: e.ToolCalled) -> str:
    return f"{event.call.tool} {arguments(event.call.args)}".strip()


def _call_head(call: e.ToolCalled, returned: e.ToolReturned | None) -> Head:
    name = safe_line(call.call.tool.partition("@")[0])
    args = arguments(call.call.args)

    def head(glyphs: Glyphs) -> Content:
        if returned is None:
            sign, style, result = glyphs.waiting, "$text-accent", f"running{glyphs.ellipsis}"
        elif returned.failure is not None:
            sign, style = glyphs.failed, "$text-error"
            result = f"{returned.failure.value}: {safe_line(returned.cause)}"
        else:
            sign, style = glyphs.done, "$text-success"
            result = f"{safe_line(returned.summary)} {glyphs.dot} {elapsed(returned.seconds)}"
        tone = style if returned is None or returned.failure is not None else "$foreground-muted"
        return Content.assemble(
            (f"{sign} ", style),
            (name, ""),
            (f" {args}" if args else "", "$foreground-muted"),
            (f"  {result}", tone),
        )

    return head


def _grounds(event: e.AnswerGiven) -> Sequence[Part]:
    """What an answer by rule rests on, quoted, and how far it looked."""
    parts: list[Part] = []
    for nth, evidence in enumerate(event.evidence):
        source = paragraph(
            evidence.source, "$foreground-muted", sign=attrgetter("quote"), sign_style="$text-primary"
        )
        quote = paragraph(evidence.quote, "italic", sign=attrgetter("quote"), sign_style="$text-primary")
        parts += [_blank, source, quote] if nth == 0 else [source, quote]
    looked = [("Looked at", event.checked), ("Not looked at", event.not_checked)]
    lines = [f"{label}: {', '.join(names)}." for label, names in looked if names]
    if lines:
        lines.append(f"Answered by rule {event.rule}, without a model.")
        parts += [_blank, *(paragraph(line, "$foreground-muted") for line in lines)]
    return parts


def _blank(width: int, glyphs: Glyphs) -> list[Content]:
    return [Content("")]
