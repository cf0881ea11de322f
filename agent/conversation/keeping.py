"""What is kept word for word when a conversation is told in short, and what is said of the rest by rule.

Kept are the scope, what the operator said and decided, the state of every plan, open questions, what was
remembered, and the ids that findings rest on. All of it is read off the whole session each time, so that
compacting again and again loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent import events as e
from agent.conversation.outputs import OUTPUT_TOOLS, Output, output_id
from agent.plan import PlanStatus, canonical
from agent.state import PlanProgress, SessionState, fold

MOST_OUTPUTS = 80
"""Outputs that are listed; older ones stay readable by their ids."""
LONGEST_SAID = 2_000
"""Characters of one message of the operator."""
LONGEST_ANSWER = 280


def kept(history: Sequence[e.Recorded]) -> str:
    """What must not be lost of these events, in sections that are left out when empty."""
    state = SessionState()
    for recorded in history:
        state = fold(state, recorded)
    sections = (
        ("Scope in force", list(_scope(state))),
        ("What the operator said", list(_said(history))),
        ("Decisions", list(_decisions(history))),
        ("Plans", [line for progress in state.plans.values() for line in _plan(progress)]),
        ("Open questions", list(_open(state))),
        ("Findings and the calls they rest on", list(_evidence(history))),
        ("Memories used", list(_memories(history))),
        ("Outputs of tools that can be read on by id", list(_outputs(history))),
    )
    return "\n\n".join(f"## {title}\n" + "\n".join(lines) for title, lines in sections if lines)


def summarised(history: Sequence[e.Recorded]) -> str:
    """What was answered, by rule: the beginning of each answer, under its turn."""
    lines = []
    for recorded in history:
        match recorded.event:
            case e.AnswerGiven(turn=turn, markdown=text):
                lines.append(f"- turn {turn}: {_beginning(text)}")
            case e.ModelReplied() as reply if reply.text.strip():
                lines.append(f"- turn {reply.turn}: {_beginning(reply.text)}")
            case e.TurnFailed(turn=turn, sentence=sentence):
                lines.append(f"- turn {turn} failed: {sentence}")
    return "\n".join(lines)


def referenced(history: Sequence[e.Recorded]) -> tuple[str, ...]:
    """The ids of all outputs in these events."""
    return tuple(output.id for output, _ in _found(history))


# --- details ---------------------------------------------------------------------------------------


def _scope(state: SessionState) -> Iterator[str]:
    named = ", ".join(f"{key} {value}" for key, value in state.scope.model_dump().items() if value)
    yield f"- {named or 'nothing chosen'}"
    yield f"- writes allowed in: {', '.join(sorted(state.writable)) or 'nowhere; read-only'}"
    if state.waivers:
        yield f"- no longer asked about: {'; '.join(map(str, state.waivers))}"


def _said(history: Sequence[e.Recorded]) -> Iterator[str]:
    for recorded in history:
        match recorded.event:
            case e.Said(turn=turn, text=text):
                whole = len(text) <= LONGEST_SAID
                yield f"- turn {turn}: {text if whole else text[:LONGEST_SAID] + f'… ({len(text)} characters)'}"
            case e.FollowedUp(turn=turn, meaning=meaning):
                yield f"  understood as: {meaning}"


def _decisions(history: Sequence[e.Recorded]) -> Iterator[str]:
    for recorded in history:
        match recorded.event:
            case e.PlanApproved() as event:
                yield f"- approved {', '.join(event.steps)} of plan {event.plan_id} (by {event.by}, {event.how})"
            case e.PlanRejected() as event:
                yield f"- rejected plan {event.plan_id}{f': {event.comment}' if event.comment else ''}"
            case e.PlanResumed(plan_id=plan_id):
                yield f"- let plan {plan_id} go on after it was interrupted"
            case e.GatePassed() as event:
                yield f"- let plan {event.plan_id} go on at {event.step_id}"
            case e.DoubtSettled() as event:
                yield f"- said that step {event.step_id} of plan {event.plan_id} in doubt is {event.became}"
            case e.ModeChanged() as event:
                yield f"- {'allowed' if event.writes else 'shut off'} writes in {event.place}"
            case e.AskingWaived() as event:
                yield f"- asked no longer about: {'; '.join(map(str, event.waivers))}"
            case e.AskingResumed() as event:
                yield f"- asked again about: {'; '.join(map(str, event.waivers))}"
            case e.ScopeChanged(scope=scope):
                yield f"- chose the scope {canonical(scope.model_dump(exclude_defaults=True))}"
            case e.QuestionAsked() as event:
                yield f"- was asked (turn {event.turn}): {event.question} [{' | '.join(event.choices)}]"


def _plan(progress: PlanProgress) -> Iterator[str]:
    plan = progress.plan
    ending = f": {progress.summary}" if progress.summary else ""
    yield f"- plan {plan.id} ({progress.status.value}{ending}): {plan.goal}"
    open_still = progress.status in (PlanStatus.OFFERED, PlanStatus.RUNNING, PlanStatus.INTERRUPTED)
    for step in plan.steps:
        seen = progress.of(step.id)
        target = f" on {step.preview.target}" if step.preview else ""
        if open_still:
            target += f" {step.tool} {canonical(step.args)}"
        told = seen.observed or seen.cause
        yield f"  - {step.id}: {step.title}{target}: {seen.state.value}{f', {told}' if told else ''}"


def _open(state: SessionState) -> Iterator[str]:
    if state.question is not None:
        yield f"- {state.question.question} [{' | '.join(state.question.choices)}]"
    if state.waiting is not None:
        yield f"- plan {state.waiting.plan.id} waits for the operator's decision"
    if state.running is not None and state.running.gate:
        yield f"- plan {state.running.plan.id} waits for the operator before step {state.running.gate}"


def _evidence(history: Sequence[e.Recorded]) -> Iterator[str]:
    for recorded in history:
        if isinstance(recorded.event, e.AnswerGiven) and recorded.event.evidence:
            sources: dict[str, list[str]] = {}
            for item in recorded.event.evidence:
                sources.setdefault(item.call_id, []).append(item.source)
            for call_id, found in sources.items():
                yield f"- turn {recorded.event.turn}, call {call_id}: {'; '.join(dict.fromkeys(found))}"


def _memories(history: Sequence[e.Recorded]) -> Iterator[str]:
    used = [
        one.id
        for recorded in history
        if isinstance(recorded.event, e.MemoriesUsed)
        for one in recorded.event.used
    ]
    if used:
        yield f"- {', '.join(map(str, dict.fromkeys(used)))}"


def _outputs(history: Sequence[e.Recorded]) -> Iterator[str]:
    found = list(_found(history))
    if len(found) > MOST_OUTPUTS:
        older = found[:-MOST_OUTPUTS]
        yield f"- {older[0][0].id} … {older[-1][0].id}: {len(older)} older ones"
    for output, called in found[-MOST_OUTPUTS:]:
        args = canonical(called.call.args) if called else ""
        yield f"- {output.id}: {output.tool.partition('@')[0]} {args}: {output.shape}"


def _found(history: Sequence[e.Recorded]) -> Iterator[tuple[Output, e.ToolCalled | None]]:
    calls: dict[str, e.ToolCalled] = {}
    for recorded in history:
        event = recorded.event
        if isinstance(event, e.ToolCalled):
            calls[event.call_id] = event
        elif (
            isinstance(event, e.ToolReturned) and event.output is not None and event.tool not in OUTPUT_TOOLS
        ):
            yield Output(output_id(recorded.seq), event.tool, event.output), calls.get(event.call_id)


def _beginning(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST_ANSWER else f"{words[:LONGEST_ANSWER]}…"
