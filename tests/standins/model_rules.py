"""What the real Messages API refuses, so that the stand-in does not accept more than it would.

Rules as documented at https://platform.claude.com/docs/en/api/messages and in its guides to tool
use, prompt caching and thinking.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from tests.standins.script import Json

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
MOST_MARKS = 4


def complaint(body: Json) -> str:
    """Why the request is refused, or nothing."""
    messages = [m for m in _list(body.get("messages")) if isinstance(m, dict)]
    limit = body.get("max_tokens")
    if not isinstance(limit, int) or limit < 0:
        return "max_tokens: Field required"
    if gone := [name for name in ("temperature", "top_p", "top_k") if name in body]:
        return f"{gone[0]}: Extra inputs are not permitted"
    if not messages:
        return "messages: at least one message is required"
    if messages[0].get("role") != "user":
        return "messages.0: the first message must use the user role"
    return _tools(body) or _blocks(messages) or _pairs(messages) or _marks(body)


def _tools(body: Json) -> str:
    seen: set[str] = set()
    for number, tool in enumerate(_list(body.get("tools"))):
        if not isinstance(tool, dict):
            return f"tools.{number}: Input should be an object"
        name, schema = str(tool.get("name")), tool.get("input_schema")
        if not TOOL_NAME.fullmatch(name):
            return f"tools.{number}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        if name in seen:
            return "tools: Tool names must be unique."
        if not isinstance(schema, dict) or schema.get("type") != "object":
            return f"tools.{number}.input_schema.type: Field required"
        seen.add(name)
    return ""


def _blocks(messages: list[Json]) -> str:
    for number, message in enumerate(messages):
        content = message.get("content")
        if message.get("role") not in ("user", "assistant"):
            return f"messages.{number}.role: Input should be 'user' or 'assistant'"
        if not content:
            return f"messages.{number}: all messages must have non-empty content"
        for block in _list(content):
            if not isinstance(block, dict):
                return f"messages.{number}.content: Input should be an object"
            if block.get("type") == "text" and not str(block.get("text") or "").strip():
                return "messages: text content blocks must contain non-whitespace text"
            if block.get("type") == "thinking" and not block.get("signature"):
                return f"messages.{number}.content: thinking.signature: Field required"
    return ""


def _pairs(messages: list[Json]) -> str:
    """Each call is answered in the very next message, and nothing else is."""
    asked: list[str] = []
    for number, message in enumerate(messages):
        blocks = [block for block in _list(message.get("content")) if isinstance(block, dict)]
        answered = [str(b.get("tool_use_id")) for b in blocks if b.get("type") == "tool_result"]
        if missing := sorted(set(asked) - set(answered)):
            return (
                f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately "
                f"after: {', '.join(missing)}."
            )
        if strange := sorted(set(answered) - set(asked)):
            return f"messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks: {strange[0]}."
        asked = [str(block.get("id")) for block in blocks if block.get("type") == "tool_use"]
    if asked:
        return f"messages: `tool_use` ids were found without `tool_result` blocks: {', '.join(asked)}."
    return ""


def _marks(body: Json) -> str:
    found = _count(body)
    if found > MOST_MARKS:
        return f"A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {found}."
    return ""


def _count(value: JsonValue) -> int:
    if isinstance(value, dict):
        here = 1 if value.get("cache_control") else 0
        return here + sum(_count(child) for child in value.values())
    return sum(_count(child) for child in value) if isinstance(value, list) else 0


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
