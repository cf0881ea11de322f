"""Tool calls that a small model wrote into its text instead of calling the tool.

A call is recovered only where the text *is* the call: one or more fenced JSON blocks, each an
object with nothing but a known tool's name and its arguments, at the very end, after at most one
short paragraph. A text that explains, quotes or goes on afterwards stays a text. What is recovered
is validated later like any other call, so the worst that a mistake here can cause is a read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from pydantic import JsonValue
from pydantic_core import from_json

from agent.model import Block, Message, TextBlock, ToolUseBlock

LONGEST_PREFACE = 300
"""Characters a model may say before the call."""

FENCE = re.compile(r"```[ \t]*(?:json)?[ \t]*\n(?P<json>.*?)\n?[ \t]*```", re.DOTALL | re.IGNORECASE)
NAMES = ("name", "tool", "function")
ARGUMENTS = ("arguments", "input", "parameters", "args")


def recover(message: Message, tools: Collection[str], new_id: Callable[[], str]) -> Message | None:
    """The message with its written calls made real, or None where there are none."""
    if message.tool_uses or not message.content:
        return None
    *before, last = message.content
    if not isinstance(last, TextBlock):
        return None
    found = _split(last.text)
    if found is None:
        return None
    preface, documents = found
    calls: list[Block] = []
    for document in documents:
        call = _call(document, tools)
        if call is None:
            return None
        name, arguments = call
        calls.append(ToolUseBlock(id=new_id(), name=name, input=arguments))
    said: list[Block] = [TextBlock(text=preface)] if preface else []
    return Message(role=message.role, content=(*before, *said, *calls))


def _split(text: str) -> tuple[str, list[str]] | None:
    """What is said before the calls, and the JSON of each."""
    stripped = text.strip()
    if stripped.startswith("{") and stripped.endswith("}"):
        return "", [stripped]
    fences = list(FENCE.finditer(stripped))
    if not fences:
        return None
    preface = stripped[: fences[0].start()].strip()
    if len(preface) > LONGEST_PREFACE or "\n\n" in preface:
        return None
    # Between and after the fences there must be nothing.
    rest = FENCE.sub("", stripped[fences[0].start() :])
    if rest.strip():
        return None
    return preface, [fence["json"] for fence in fences]


def _call(document: str, tools: Collection[str]) -> tuple[str, dict[str, JsonValue]] | None:
    try:
        value: JsonValue = from_json(document)
    except ValueError:
        return None
    if not isinstance(value, dict) or len(value) != 2:
        return None
    name = next((value[key] for key in NAMES if key in value), None)
    arguments = next((value[key] for key in ARGUMENTS if key in value), None)
    if not isinstance(name, str) or name not in tools or not isinstance(arguments, dict):
        return None
    return name, arguments
