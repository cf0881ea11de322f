"""Telling a long conversation in short before it fills the model's window.

What must not be lost is kept by rule (`agent.conversation.keeping`); the rest is summarised by the model
where that works, else by rule; outputs of tools stay readable by their ids. The journal keeps everything.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from contextlib import aclosing

from agent import events as e
from agent.conversation.keeping import kept, referenced, summarised
from agent.conversation.tokens import message_tokens, text_tokens, tool_tokens
from agent.conversation.transcript import in_short, last_compacted, messages
from agent.model import Message, Model, Replied, Request, TextBlock
from agent.models.errors import ModelError

FULL = 0.8
"""Share of the window at which a conversation is compacted."""
STAYS = 0.25
"""Share of the window that the last turns may take and stay as they are."""
LONGEST_SUMMARY = 1_500
"""Tokens of a summary."""
WORTHWHILE = 0.9
"""Share of what it takes now that a conversation may take at most once it is told in short."""

_ASKED = (
    "[console: the conversation so far is told in short from now on. What the operator said and decided, the plans and"
    " the scope are kept elsewhere; do not repeat them. Write down, as a plain list and for yourself, what was found"
    " out: each finding with the object and the call or output it rests on, what was ruled out, and what was still to"
    " be looked at. No tool calls.]"
)


def tokens(request: Request) -> int:
    """An estimate of what a request takes of the window."""
    return (
        text_tokens(request.system) + tool_tokens(request.tools) + sum(map(message_tokens, request.messages))
    )


def is_full(request: Request, window: int) -> bool:
    """Whether a request leaves too little room. `window` is in tokens, the reply included."""
    return tokens(request) + request.max_tokens > FULL * window


def cut(history: Sequence[e.Recorded], window: int) -> int:
    """The event up to which the conversation can be told in short; 0 where nothing can.

    It lies before the words of a turn or before a reply, so that no call is parted from its result, and
    leaves the last turns as they are, as far as they fit.
    """
    last = last_compacted(history)
    since = last.through if last is not None else 0
    places = [
        recorded.seq - 1
        for recorded in history
        if recorded.seq is not None
        and recorded.seq - 1 > since
        and isinstance(recorded.event, e.Said | e.PlanAgainBegun | e.ModelReplied)
    ]
    if not places:
        return 0

    def fits(place: int) -> bool:
        tail = messages(_after(history, place), "")
        return sum(map(message_tokens, tail)) <= STAYS * window

    # The later the place, the shorter the tail; the first that fits keeps the most.
    at = bisect_left(places, True, key=fits)
    return places[min(at, len(places) - 1)]


async def compacted(
    history: Sequence[e.Recorded], turn: int, window: int, model: Model | None, request: Request
) -> e.Compacted | None:
    """The event that tells the conversation in short, or None where it is as short as it can be.

    Args:
        history: the session's durable events.
        window: what the model can hold, in tokens.
        model: who may write the summary; None for a rule.
        request: what would be sent now.
    """
    through = cut(history, window)
    if not through:
        return None
    told = [recorded for recorded in history if (recorded.seq or 0) <= through]
    event = e.Compacted(
        turn=turn,
        through=through,
        kept=kept(told),
        summary=summarised(told),
        by="rule",
        outputs=referenced(told),
        before=tokens(request),
    )
    rest = messages(_after(history, through), "")
    fixed = text_tokens(request.system) + tool_tokens(request.tools) + sum(map(message_tokens, rest))
    after = fixed + text_tokens(in_short(event))
    if after > WORTHWHILE * event.before:
        return None
    if (found := await _by_model(told, model, request, window)) is not None:
        summary = found.message.text.strip()
        if found.stop_reason == "end_turn" and summary:
            event = event.model_copy(update={"summary": summary, "by": "model"})
            after = fixed + text_tokens(in_short(event))
        event = event.model_copy(update={"usage": found.usage, "cost": found.cost})
    return event.model_copy(update={"after": after})


async def _by_model(
    told: Sequence[e.Recorded], model: Model | None, request: Request, window: int
) -> Replied | None:
    """The model's reply, over the prefix that its server has in its cache already; None where there is none."""
    if model is None:
        return None
    said = messages(told, model.name)
    ask = request.model_copy(update={"messages": _with(said, _ASKED), "max_tokens": LONGEST_SUMMARY})
    if tokens(ask) + LONGEST_SUMMARY > window:
        return None
    try:
        async with aclosing(model.stream(ask)) as events:
            async for event in events:
                if isinstance(event, Replied):
                    return event
    except ModelError:
        return None
    return None


def _after(history: Sequence[e.Recorded], place: int) -> list[e.Recorded]:
    return [one for one in history if (one.seq or 0) > place and not isinstance(one.event, e.Compacted)]


def _with(said: tuple[Message, ...], text: str) -> tuple[Message, ...]:
    """The messages with a last word of ours; two of one role never follow each other."""
    block = TextBlock(text=text)
    if said and said[-1].role == "user":
        return (*said[:-1], Message(role="user", content=(*said[-1].content, block)))
    return (*said, Message(role="user", content=(block,)))
