"""How many tokens something takes: an estimate, made without asking a server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import ceil

from agent.model import (
    Message,
    OpaqueBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)

BYTES_PER_TOKEN = 3.6
"""English prose takes about four, JSON and names about three; an estimate should rather be too high."""

PER_MESSAGE = 4


def text_tokens(text: str) -> int:
    return ceil(len(text.encode()) / BYTES_PER_TOKEN)


def tool_tokens(tools: Iterable[ToolSpec]) -> int:
    return sum(text_tokens(tool.name + tool.description + json.dumps(tool.input_schema)) for tool in tools)


def message_tokens(message: Message) -> int:
    return PER_MESSAGE + sum(map(block_tokens, message.content))


def block_tokens(
    block: TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock | OpaqueBlock,
) -> int:
    match block:
        case TextBlock(text=text) | ThinkingBlock(text=text):
            return text_tokens(text)
        case ToolUseBlock():
            return text_tokens(block.name + json.dumps(block.input))
        case ToolResultBlock():
            return text_tokens(block.content)
        case OpaqueBlock():
            return text_tokens(json.dumps(block.raw))
