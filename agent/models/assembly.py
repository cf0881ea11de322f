"""Puts a reply together from the pieces of its stream.

The pieces are the events of the Messages API as plain JSON. What is unknown is kept or passed
over, never an error: new kinds of events, blocks and reasons to stop appear without notice. What
was cut, or is no JSON where JSON belongs, is never given out as a tool call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue
from pydantic_core import from_json

from agent.model import (
    Block,
    Message,
    ModelEvent,
    OpaqueBlock,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolInputGrew,
    ToolOpened,
    ToolReady,
    ToolUseBlock,
    Usage,
)

CUT_SHORT = ("max_tokens", "model_context_window_exceeded")
"""Reasons to stop that can fall into the middle of a block."""


@dataclass(slots=True)
class Writing:
    """A block of which pieces still arrive."""

    kind: str
    raw: dict[str, JsonValue]
    text: str = ""
    signature: str = ""
    json: str = ""
    snapshot: dict[str, JsonValue] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.raw.get("id") or "")

    @property
    def name(self) -> str:
        return str(self.raw.get("name") or "")


@dataclass(slots=True)
class Broken:
    """A tool call that cannot be used, and whatever of its arguments arrived."""

    tool: str
    text: str


class Assembly:
    """The state of one reply. `model` is the name to assume until the server tells its own."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.usage = Usage()
        self.stop_reason: str | None = None
        self.refusal = ""
        """The server's word for why it refused."""
        self.stopped = False
        """Whether the server said that the message is over."""
        self.begun = False
        """Whether anything was given out that cannot be taken back by asking again."""
        self.heard = False
        """Whether any event of the protocol arrived at all."""
        self._writing: dict[int, Writing] = {}
        self._blocks: dict[int, Block] = {}
        self._broken: dict[int, Broken] = {}

    @property
    def message(self) -> Message:
        """The complete blocks in their order."""
        return Message(role="assistant", content=tuple(self._blocks[i] for i in sorted(self._blocks)))

    @property
    def truncated(self) -> Broken | None:
        """The call into which the output limit fell: the last block, even if it looks complete."""
        if self.stop_reason not in CUT_SHORT:
            return None
        block = self._blocks.get(self._last)
        if isinstance(block, ToolUseBlock):
            return Broken(block.name, "")
        return self._broken.get(self._last)

    @property
    def without_truncated(self) -> Message:
        """The message up to the call into which the output limit fell."""
        kept = tuple(self._blocks[i] for i in sorted(self._blocks) if i != self._last)
        return Message(role="assistant", content=kept)

    @property
    def _last(self) -> int:
        return max([*self._blocks, *self._broken, *self._writing], default=-1)

    @property
    def malformed(self) -> Broken | None:
        """The first call whose arguments are not a JSON object."""
        return self._broken[min(self._broken)] if self._broken else None

    def feed(self, event: Mapping[str, JsonValue]) -> list[ModelEvent]:
        """Take one event in; returns what the agent should hear of it."""
        self.heard = True
        match event:
            case {"type": "message_start", "message": dict(message)}:
                self._start(message)
            case {"type": "content_block_start", "index": int(index), "content_block": dict(raw)}:
                return self._given(self._open(index, raw))
            case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)}:
                return self._given(self._grow(index, delta))
            case {"type": "content_block_stop", "index": int(index)}:
                return self._given(self._close(index))
            case {"type": "message_delta", "delta": dict(delta)}:
                self._end(delta, event.get("usage"))
            case {"type": "message_stop"}:
                self.stopped = True
                # A server may forget to close its last block.
                return self._given([e for index in sorted(self._writing) for e in self._close(index)])
        return []

    def _given(self, events: list[ModelEvent]) -> list[ModelEvent]:
        self.begun = self.begun or bool(events)
        return events

    def _start(self, message: Mapping[str, JsonValue]) -> None:
        name = message.get("model")
        if isinstance(name, str) and name:
            self.model = name
        self._count(message.get("usage"))

    def _open(self, index: int, raw: dict[str, JsonValue]) -> list[ModelEvent]:
        block = Writing(kind=str(raw.get("type") or ""), raw=raw)
        self._writing[index] = block
        match block.kind:
            case "text":
                block.text = str(raw.get("text") or "")
                return [TextDelta(text=block.text)] if block.text else []
            case "thinking":
                block.text = str(raw.get("thinking") or "")
                block.signature = str(raw.get("signature") or "")
                return [ThinkingDelta(text=block.text)] if block.text else []
            case "tool_use":
                return [ToolOpened(id=block.id, name=block.name)]
        return []

    def _grow(self, index: int, delta: Mapping[str, JsonValue]) -> list[ModelEvent]:
        block = self._writing.get(index)
        if block is None:
            return []
        match block.kind, delta:
            case "text", {"type": "text_delta", "text": str(text)} if text:
                block.text += text
                return [TextDelta(text=text)]
            case "thinking", {"type": "thinking_delta", "thinking": str(text)} if text:
                block.text += text
                return [ThinkingDelta(text=text)]
            case "thinking", {"type": "signature_delta", "signature": str(signature)}:
                block.signature = signature
            case "tool_use", {"type": "input_json_delta", "partial_json": str(piece)} if piece:
                block.json += piece
                block.snapshot = _readable(block.json) or block.snapshot
                return [ToolInputGrew(id=block.id, partial_json=piece, snapshot=block.snapshot)]
            case (("text" | "thinking" | "tool_use"), _):
                pass
            case _, {"type": "input_json_delta", "partial_json": str(piece)}:
                block.json += piece
            case _:
                # Of a kind we do not know: pieces of text are for the field of their name.
                for key, value in delta.items():
                    if key != "type" and isinstance(value, str):
                        block.raw[key] = str(block.raw.get(key) or "") + value
        return []

    def _close(self, index: int) -> list[ModelEvent]:
        block = self._writing.pop(index, None)
        if block is None:
            return []
        match block.kind:
            case "text":
                self._blocks[index] = TextBlock(text=block.text)
            case "thinking":
                self._blocks[index] = ThinkingBlock(text=block.text, signature=block.signature)
            case "tool_use":
                arguments = _arguments(block)
                if arguments is None or not block.id or not block.name:
                    self._broken[index] = Broken(block.name, block.json)
                    return []
                call = ToolUseBlock(id=block.id, name=block.name, input=arguments)
                self._blocks[index] = call
                return [ToolReady(call=call)]
            case _:
                raw = block.raw
                if block.json and (value := _readable(block.json)) is not None:
                    raw["input"] = value
                self._blocks[index] = OpaqueBlock(raw=raw)
        return []

    def _end(self, delta: Mapping[str, JsonValue], usage: JsonValue) -> None:
        reason = delta.get("stop_reason")
        if isinstance(reason, str) and reason:
            self.stop_reason = reason
        match delta:
            case {"stop_details": {"category": str(category)}}:
                self.refusal = category
        self._count(usage)

    def _count(self, usage: JsonValue) -> None:
        """Counts are totals, so they replace; what a later event leaves out keeps its value."""
        if not isinstance(usage, dict):
            return

        def known(key: str, before: int) -> int:
            value = usage.get(key)
            return value if isinstance(value, int) else before

        self.usage = Usage(
            input_tokens=known("input_tokens", self.usage.input_tokens),
            output_tokens=known("output_tokens", self.usage.output_tokens),
            cache_read_tokens=known("cache_read_input_tokens", self.usage.cache_read_tokens),
            cache_write_tokens=known("cache_creation_input_tokens", self.usage.cache_write_tokens),
        )


def _readable(text: str) -> dict[str, JsonValue] | None:
    """What can be read of JSON that may not be complete."""
    try:
        value: JsonValue = from_json(text, allow_partial="trailing-strings")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _arguments(block: Writing) -> dict[str, JsonValue] | None:
    """A finished call's arguments; None unless they are one complete JSON object.

    Some servers send them whole with the block's first event; a call without arguments may bring
    nothing at all.
    """
    if not block.json.strip():
        given = block.raw.get("input")
        return given if isinstance(given, dict) else {} if given is None else None
    try:
        value: JsonValue = from_json(block.json)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
