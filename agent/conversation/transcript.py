"""The conversation as the model sees it, rebuilt from the session's events.

The same fold serves a running and a resumed session. Every tool call gets exactly one result; what
happened to a plan, and what was answered without the model, is told in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from agent import events as e
from agent.conversation.outputs import OUTPUT_TOOLS, Output, digest, output_id
from agent.earlier import from_ago
from agent.model import Block, Message, TextBlock, ToolResultBlock, ToolUseBlock

LONGEST_RESULT = 12_000
"""Characters of one tool result that the model is given; head and tail are kept."""


def messages(
    history: Iterable[e.Recorded], model: str, memories: Mapping[tuple[int, ...], str] | None = None
) -> tuple[Message, ...]:
    """All messages of the session, alternating, ending with the operator's last words.

    Args:
        history: the session's durable events, oldest first.
        model: who is asked; thoughts of other models are left out, since they are sealed for them.
        memories: the words of memories that were used, by their ids. They stand where they were used, so that
            what was said before stays in the server's cache; forgotten ones are told no more.
    """
    recorded_events = list(history)
    compacted = last_compacted(recorded_events)
    results = {
        recorded.event.call_id: recorded
        for recorded in recorded_events
        if isinstance(recorded.event, e.ToolReturned)
    }
    since = compacted.through if compacted is not None else 0
    events = [recorded.event for recorded in recorded_events if (recorded.seq or 0) > since]
    written: list[tuple[str, list[Block]]] = []

    def put(role: str, blocks: list[Block]) -> None:
        if written and written[-1][0] == role:
            written[-1][1].extend(blocks)
        elif blocks:
            written.append((role, blocks))

    if compacted is not None:
        put("user", [TextBlock(text=in_short(compacted))])
    for event in events:
        match event:
            case e.Said():
                put("user", [TextBlock(text=f"{event.situation}\n{event.text}".strip())])
            case e.ModelReplied():
                said = event.message if event.model == model else event.message.without_thoughts()
                put("assistant", list(said.content))
                calls = event.message.tool_uses
                put("user", [result(call, results.get(call.id)) for call in calls])
            case e.MemoriesUsed():
                if told := (memories or {}).get(tuple(item.id for item in event.used)):
                    put("user", [TextBlock(text=told)])
            case e.PlanAgainBegun():
                put("user", [TextBlock(text=_again(event))])
            case e.AnswerGiven():
                put("assistant", [TextBlock(text=shorten(event.markdown))])
            case _:
                if note := _note(event):
                    put("user", [TextBlock(text=f"[console: {note}]")])
    if written and written[0][0] == "assistant":
        written.insert(0, ("user", [TextBlock(text="[console: the session begins]")]))
    return tuple(
        Message(role="user" if role == "user" else "assistant", content=tuple(blocks))
        for role, blocks in written
    )


def last_compacted(history: Sequence[e.Recorded]) -> e.Compacted | None:
    """The compaction that holds, or None where all is told in full."""
    found = (recorded.event for recorded in reversed(history) if isinstance(recorded.event, e.Compacted))
    return next(found, None)


def in_short(compacted: e.Compacted) -> str:
    """What stands in the place of the conversation up to a compaction."""
    return (
        "[console: the conversation so far, in short. The sections below were kept as they are; the plans, decisions"
        f" and scope in them hold.\n\n{compacted.kept}\n\n## What was found and answered, in short\n"
        f"{compacted.summary or '- nothing'}]"
    )


def result(call: ToolUseBlock, recorded: e.Recorded | None) -> ToolResultBlock:
    """A tool's result as quoted data with its origin; a call without one was cut off."""
    returned = recorded.event if recorded is not None else None
    if recorded is None or not isinstance(returned, e.ToolReturned):
        return ToolResultBlock(
            tool_use_id=call.id, content="The turn ended before this was done.", is_error=True
        )
    if returned.failure is not None:
        return ToolResultBlock(
            tool_use_id=call.id, content=quote(returned.tool, returned.cause), is_error=True
        )
    output = Output(output_id(recorded.seq), returned.tool, returned.output)
    told = digest(output) if output.large and returned.tool not in OUTPUT_TOOLS else output.text
    return ToolResultBlock(tool_use_id=call.id, content=quote(returned.tool, told, returned.age))


def quote(origin: str, text: str, age: float = 0.0) -> str:
    """Data from outside, marked as such; it cannot close its own quotation. `age` is in seconds."""
    inner = shorten(text).replace("</tool-output", "<\\/tool-output")
    read = f' read="{from_ago(age)}"' if age else ""
    return f'<tool-output from="{origin}"{read}>\n{inner}\n</tool-output>'


def shorten(text: str, longest: int = LONGEST_RESULT) -> str:
    """Head and tail of a long text, with the gap said."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"


def _again(event: e.PlanAgainBegun) -> str:
    return (
        f"[console: the plan did not succeed. What is true now:\n{shorten(event.report)}\n"
        "Find out why with the read tools if it is not plain. If a corrected plan for what is left is likely"
        " to succeed, propose it: reuse the ids of steps that stay as they are, leave out what is done, and"
        " never repeat a call that failed. Otherwise answer: what is done, what failed, why, and what the"
        " operator could do.]"
    )


def _note(event: e.Event) -> str:
    match event:
        case e.PlanOffered():
            return f"plan {event.plan.id} is offered: {event.plan.goal}"
        case e.PlanApproved():
            return f"the operator approved {', '.join(event.steps)} of plan {event.plan_id}"
        case e.SessionForked():
            return "the session was forked here; no plan is on offer and nothing is approved any more"
        case e.PlanRejected():
            comment = f": {event.comment}" if event.comment else ""
            return f"the operator rejected plan {event.plan_id}{comment}"
        case e.StepFailed():
            return f"step {event.step_id} failed ({event.failure.value}): {event.cause}"
        case e.StepSucceeded():
            return f"step {event.step_id} succeeded: {event.observed}"
        case e.PlanFinished():
            return f"plan {event.plan_id} {event.status.value}: {event.summary}"
        case e.PlanRefused():
            return f"a plan could not be offered: {' '.join(event.problems)}"
        case e.FollowedUp():
            why = f" ({event.because})" if event.because else ""
            return f"this was understood as: {event.meaning}{why}"
        case e.QuestionAsked():
            return f"asked: {event.question}"
        case e.TurnFailed():
            return f"the turn failed: {event.sentence}"
        case e.ScopeChanged():
            return f"scope is now {event.scope.model_dump(exclude_defaults=True)}"
    return ""
