"""What the model's window is filled with: tokens by part, what is told only in short, what the budget says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent import events as e
from agent.budget import spent
from agent.conversation.briefing import briefing, own_tools, read_tools
from agent.conversation.outputs import Outputs
from agent.conversation.tokens import block_tokens, text_tokens, tool_tokens
from agent.conversation.transcript import in_short, last_compacted, messages
from agent.logbook import Logbook
from agent.model import TextBlock, ToolResultBlock, ToolUseBlock, Usage
from agent.settings import Settings
from tools.tool import Frozen, Registry, Scope


class Part(Frozen):
    """One part of what the model is sent. `tokens` is an estimate."""

    name: str
    tokens: int
    detail: str = ""


class Shortened(Frozen):
    """What is told only in short: all up to and with turn `turn`. Tokens before and after are estimates."""

    turn: int
    by: str
    before: int
    after: int
    outputs: int


class ContextUse(Frozen):
    """A session's context as the model would be sent it now.

    `spilled` counts the large outputs that are told in part, `spilled_tokens` what telling them whole would
    take; neither is in the window. `usage` is what servers have counted in the session so far.
    """

    parts: tuple[Part, ...]
    window: int
    reply: int
    """Tokens that are left free for the reply."""
    scope: Scope
    spilled: int = 0
    spilled_tokens: int = 0
    compactions: int = 0
    shortened: Shortened | None = None
    usage: Usage = Usage()
    cost: str = ""
    token_budget: int | None = None
    cost_budget: str = ""
    over_budget: str = ""

    @property
    def total(self) -> int:
        return sum(part.tokens for part in self.parts)


def context_use(
    log: Logbook, registry: Registry, settings: Settings, memories: Mapping[tuple[int, ...], str]
) -> ContextUse:
    """Measure what would be sent.

    Args:
        log: the session's logbook, loaded.
        memories: the words of the memories that were used, by their ids.
    """
    state, history, limits = log.state, log.history, settings.limits
    outputs = [output for output in Outputs.of(history) if output.large]
    shortened = last_compacted(history)
    tools = (*read_tools(registry), *own_tools(registry))
    sizes = _messages(log, memories, shortened)
    return ContextUse(
        parts=(
            Part(
                name="system",
                tokens=text_tokens(briefing(registry)),
                detail="the task, and what plans can use",
            ),
            Part(name="tools", tokens=tool_tokens(tools), detail=f"{len(tools)} that the model may call"),
            Part(name="memory", tokens=sizes["memory"], detail="what is remembered from other sessions"),
            Part(name="in short", tokens=sizes["in short"], detail="what was compacted"),
            Part(
                name="conversation",
                tokens=sizes["conversation"],
                detail="what was said, answered and decided",
            ),
            Part(name="tool outputs", tokens=sizes["tool outputs"], detail="calls and what came back"),
        ),
        window=settings.model.context_tokens,
        reply=settings.model.max_tokens,
        scope=state.scope,
        spilled=len(outputs),
        spilled_tokens=sum(text_tokens(output.text) for output in outputs),
        compactions=sum(isinstance(recorded.event, e.Compacted) for recorded in history),
        shortened=_shortened(log, shortened),
        usage=state.usage,
        cost=str(state.cost) if state.cost is not None else "",
        token_budget=limits.session_tokens,
        cost_budget=str(limits.session_cost) if limits.session_cost is not None else "",
        over_budget=spent(state, limits),
    )


def told(use: ContextUse) -> Iterator[str]:
    """The figures as lines for an operator."""
    share = 100 * use.total / use.window
    yield f"About {use.total:,} of {use.window:,} tokens ({share:.0f} %); {use.reply:,} are left free for the reply."
    width = max(len(part.name) for part in use.parts)
    for part in use.parts:
        yield f"  {part.name:<{width}}  {part.tokens:>8,}  {part.detail}"
    left_out = f"not in the window: {use.spilled} large outputs, read on by id"
    yield f"  {'spilled':<{width}}  {use.spilled_tokens:>8,}  {left_out}"
    scope = ", ".join(f"{key} {value}" for key, value in use.scope.model_dump().items() if value)
    yield f"Scope in force: {scope or 'nothing chosen'}."
    if use.shortened is None:
        yield "Nothing was compacted; all is told in full."
    else:
        short = use.shortened
        times = "once" if use.compactions == 1 else f"{use.compactions} times"
        yield (
            f"Compacted {times}, last by {'the model' if short.by == 'model' else 'rule'}: told in short up to turn"
            f" {short.turn} ({short.before:,} → {short.after:,} tokens), {short.outputs} outputs only referenced."
        )
    used, cached = use.usage, use.usage.cache_read_tokens
    part_cached = (
        f", {100 * cached / used.prompt_tokens:.0f} % of what was sent from the cache" if cached else ""
    )
    limit = f" of {use.token_budget:,}" if use.token_budget is not None else ""
    yield f"Session so far: {used.total:,}{limit} tokens{part_cached}."
    if use.cost or use.cost_budget:
        limit = f" of ${use.cost_budget}" if use.cost_budget else ""
        yield f"Cost so far: ${use.cost or '0'}{limit}."
    if use.over_budget:
        yield use.over_budget


# --- details ---------------------------------------------------------------------------------------


def _messages(
    log: Logbook, memories: Mapping[tuple[int, ...], str], shortened: e.Compacted | None
) -> dict[str, int]:
    short = in_short(shortened) if shortened is not None else None
    quoted = set(memories.values())
    sizes = dict.fromkeys(("memory", "in short", "conversation", "tool outputs"), 0)
    for message in messages(log.history, log.state.model, memories):
        for block in message.content:
            part = "conversation"
            if isinstance(block, ToolUseBlock | ToolResultBlock):
                part = "tool outputs"
            elif isinstance(block, TextBlock) and block.text in quoted:
                part = "memory"
            elif isinstance(block, TextBlock) and block.text == short:
                part = "in short"
            sizes[part] += block_tokens(block)
    return sizes


def _shortened(log: Logbook, compacted: e.Compacted | None) -> Shortened | None:
    if compacted is None:
        return None
    turns = [
        recorded.event.turn
        for recorded in log.history
        if isinstance(recorded.event, e.Said) and (recorded.seq or 0) <= compacted.through
    ]
    return Shortened(
        turn=turns[-1] if turns else 0,
        by=compacted.by,
        before=compacted.before,
        after=compacted.after,
        outputs=len(compacted.outputs),
    )
