"""A `Request` as the Messages API wants it (https://platform.claude.com/docs/en/api/messages).

The prompt is cached at four marks: the system text, the last tool, and the last blocks of the last two of
the user's messages. The first two do not change within a session. The last one writes what the next call
will read; the one before it stands where the call before had written, so that it is found however many
blocks came since (a server looks back over twenty). A server that knows no caching ignores the marks.
"""

from __future__ import annotations

from pydantic import JsonValue

from agent.model import (
    Block,
    Message,
    OpaqueBlock,
    Request,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)

Json = dict[str, JsonValue]

CACHED: Json = {"type": "ephemeral"}
_MARKED_MESSAGES = 2


def body(request: Request, model: str, *, show_thinking: bool) -> Json:
    """Everything of a request's body except `stream`.

    `show_thinking` asks for readable thoughts; recent models otherwise return them empty, and put
    what they say between two tool calls there as well.
    """
    result: Json = {
        "model": model,
        "max_tokens": request.max_tokens,
        "messages": [*_messages(request.messages)],
    }
    if request.system:
        result["system"] = [{"type": "text", "text": request.system, "cache_control": CACHED}]
    if request.tools:
        tools = [_tool(tool) for tool in request.tools]
        tools[-1]["cache_control"] = CACHED
        result["tools"] = [*tools]
    if show_thinking:
        result["thinking"] = {"type": "adaptive", "display": "summarized"}
    return result


def _tool(tool: ToolSpec) -> Json:
    result: Json = {
        "name": tool.name,
        "description": tool.description,
        "input_schema": tool.input_schema,
    }
    if tool.eager:
        result["eager_input_streaming"] = True
    return result


def _messages(messages: tuple[Message, ...]) -> list[Json]:
    result: list[Json] = []
    marked: list[Json] = []
    for message in messages:
        blocks = [(block, raw) for block in message.content if (raw := _block(block)) is not None]
        if blocks:
            result.append({"role": message.role, "content": [raw for _, raw in blocks]})
            if message.role == "user" and _cacheable(blocks[-1][0]):
                marked.append(blocks[-1][1])
    for block in marked[-_MARKED_MESSAGES:]:
        block["cache_control"] = CACHED
    return result


def _cacheable(block: Block) -> bool:
    return isinstance(block, TextBlock | ToolUseBlock | ToolResultBlock)


def _block(block: Block) -> Json | None:
    """None for what the server would refuse: empty text, and thoughts without their signature."""
    match block:
        case TextBlock():
            return {"type": "text", "text": block.text} if block.text.strip() else None
        case ThinkingBlock():
            if not block.signature:
                return None
            return {"type": "thinking", "thinking": block.text, "signature": block.signature}
        case ToolUseBlock():
            return {"type": "tool_use", "id": block.id, "name": block.name, "input": block.input}
        case ToolResultBlock():
            result: Json = {
                "type": "tool_result",
                "tool_use_id": block.tool_use_id,
                "content": block.content,
            }
            if block.is_error:
                result["is_error"] = True
            return result
        case OpaqueBlock():
            return dict(block.raw)
