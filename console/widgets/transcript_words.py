"""How single events read in the transcript: a note, a call, a question, a failure, what an answer rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter

from textual.content import Content

from agent import events as e
from agent.remembering.telling import credits
from console.widgets.elapsed import elapsed
from console.widgets.glyphs import Glyphs
from console.widgets.safe_text import safe_line
from console.widgets.transcript_entries import Line, Part, Passage, arguments, paragraph
from tools.tool import Scope

Head = Callable[[Glyphs], Content]


def place_words(scope: Scope) -> str:
    cluster = "/".join(part for part in (scope.context, scope.namespace) if part)
    cloud = "/".join(part for part in (scope.profile, scope.region) if part)
    places = [place for place in (cluster, cloud) if place]
    return f" in {' and '.join(places)}" if places else ""


def note(seq: int | None, text: str, style: str = "$foreground-muted") -> Line:
    return Line(
        seq,
        lambda glyphs: Content.styled(f"{glyphs.note} {safe_line(text)}", style),
        copy=text,
        wraps=True,
    )


def failure(seq: int | None, sentence: str, hint: str) -> Passage:
    parts = [paragraph(sentence, "$text-error", sign=attrgetter("failed"), sign_style="bold $text-error")]
    if hint:
        parts.append(paragraph(hint, "", sign="  Try: ", sign_style="$foreground-muted"))
    return Passage(seq, parts, f"{sentence}\n{hint}".strip())


def question(seq: int | None, event: e.QuestionAsked) -> Passage:
    parts = [paragraph(event.question, "bold $text-warning", sign=attrgetter("question"))]
    parts += [
        paragraph(choice, "", sign=f"  {number}. ", sign_style="$text-primary")
        for number, choice in enumerate(event.choices, 1)
    ]
    return Passage(seq, parts, "\n".join((event.question, *event.choices)))


def plan_line(seq: int | None, sign: str, style: str, word: str, goal: str, detail: str) -> Line:
    def head(glyphs: Glyphs) -> Content:
        return Content.assemble(
            (f"{getattr(glyphs, sign)} {word} ", style),
            (safe_line(goal), "bold"),
            (f"  {safe_line(detail)}" if detail else "", "$foreground-muted"),
        )

    return Line(seq, head, copy=f"{word}: {goal}. {detail}", wraps=True)


def offer_words(event: e.PlanOffered) -> str:
    steps, writes = len(event.plan.steps), len(event.plan.writes)
    parts = [
        f"{steps} step{'' if steps == 1 else 's'}",
        f"{writes} write{'' if writes == 1 else 's'}" if writes else "reads only",
        f"hash {event.plan.hash[:12]}",
    ]
    if event.difference is not None:
        named = event.difference.model_dump()
        parts += [f"{key}: {', '.join(steps)}" for key, steps in named.items() if steps]
    elif event.replaces:
        parts.append("replaces the plan before")
    calls = event.model_calls
    parts.append(f"{calls} model call{'' if calls == 1 else 's'}" if calls else "no model call")
    return ", ".join(parts)


def call_words(event: e.ToolCalled) -> str:
    return f"{event.call.tool} {arguments(event.call.args)}".strip()


def call_head(call: e.ToolCalled, returned: e.ToolReturned | None) -> Head:
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


def memories_used(event: e.MemoriesUsed, at: datetime) -> str:
    """Which memories a turn used, with id, kind, source and age of each."""
    what = {
        "recalled": "From memory",
        "similar": "Similar incidents",
        "procedure": "Procedure from memory",
        "shaped": "As you prefer it",
    }
    return f"{what[event.why]}: {credits(event.used, at)} (m shows them)."


def memory_written(event: e.MemoryWritten) -> str:
    if event.status == "active":
        return f"Remembered as {event.memory} ({event.what}; m shows it)."
    return f"Proposed: {event.what} {event.memory} waits for you (m, then y or n)."


def memory_decided(event: e.MemoryDecided) -> str:
    """What the operator decided about memories, by their ids alone."""
    if event.decision == "edited":
        return f"Memory {event.memories[0]} reads differently now, as {event.memories[-1]}."
    which = ", ".join(map(str, event.memories))
    closed = f" It closes {event.closed}, which said otherwise." if event.closed else ""
    return f"Memory {which} {event.decision}.{closed}"


def memory_style(event: e.MemoryWritten) -> str:
    return "$text-warning" if event.status == "proposed" else "$foreground-muted"


def grounds(event: e.AnswerGiven) -> Sequence[Part]:
    """Who answered. What the answer rests on, and how far it looked, stands in its own words."""
    if not event.evidence and not event.checked:
        return []
    words = f"Answered by rule {event.rule}, without a model."
    return [_blank, paragraph(words, "$foreground-muted")]


def _blank(width: int, glyphs: Glyphs) -> list[Content]:
    return [Content("")]
