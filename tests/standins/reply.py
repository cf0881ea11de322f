"""A scripted turn as the Messages API would send it: whole, or as the events of a stream.

The order of events is that of https://platform.claude.com/docs/en/build-with-claude/streaming.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.standins.script import Json, Text, Thinking, Tool, Turn, Verbatim

TOKEN = 4
"""Characters that count as one token."""


def whole(turn: Turn, body: Json, numbers: Iterator[int]) -> Json:
    """The reply in one piece."""
    content: list[Json] = []
    for piece in turn.pieces:
        match piece:
            case Tool():
                content.append(_opened(piece, numbers) | {"input": piece.input})
            case Text() | Thinking():
                content.append(piece.model_dump(mode="json"))
    return _head(turn, body, numbers) | {
        "content": [*content],
        "stop_reason": turn.stopped,
        "usage": _usage(turn, body, final=True),
    }


def events(turn: Turn, body: Json, numbers: Iterator[int]) -> Iterator[tuple[Json | str, int]]:
    """The reply as a stream: an event, or verbatim text, and how many tokens it took to write."""
    yield {"type": "message_start", "message": _head(turn, body, numbers)}, 0
    yield {"type": "ping"}, 0
    eager = _eager_tools(body)
    index = 0
    for piece in turn.pieces:
        if isinstance(piece, Verbatim):
            for event in piece.events:
                yield event, 0
            if piece.raw:
                yield piece.raw, 0
            index += sum(event.get("type") == "content_block_start" for event in piece.events)
            continue
        start, deltas = _block(piece, eager, numbers)
        yield {"type": "content_block_start", "index": index, "content_block": start}, 0
        for delta, tokens in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}, tokens
        yield {"type": "content_block_stop", "index": index}, 0
        index += 1
    ending: Json = {"stop_reason": turn.stopped or None, "stop_sequence": None}
    if turn.stop_details is not None:
        ending["stop_details"] = turn.stop_details
    yield {"type": "message_delta", "delta": ending, "usage": _usage(turn, body, final=True)}, 0
    yield {"type": "message_stop"}, 0


def _head(turn: Turn, body: Json, numbers: Iterator[int]) -> Json:
    return {
        "id": f"msg_{next(numbers):08}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model") or "claude-opus-5-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(turn, body, final=False),
    }


def _opened(piece: Tool, numbers: Iterator[int]) -> Json:
    return {
        "type": "tool_use",
        "id": piece.id or f"toolu_{next(numbers):08}",
        "name": piece.name,
        "input": piece.input if piece.whole else {},
    }


def _block(
    piece: Text | Thinking | Tool, eager: set[str], numbers: Iterator[int]
) -> tuple[Json, list[tuple[Json, int]]]:
    """How the block begins, and its deltas with their tokens."""
    deltas: list[tuple[Json, int]]
    match piece:
        case Text():
            deltas = [({"type": "text_delta", "text": part}, 1) for part in _tokens(piece.text)]
            return {"type": "text", "text": ""}, deltas
        case Thinking():
            deltas = [({"type": "thinking_delta", "thinking": part}, 1) for part in _tokens(piece.thinking)]
            deltas.append(({"type": "signature_delta", "signature": piece.signature}, 0))
            return {"type": "thinking", "thinking": "", "signature": ""}, deltas
        case Tool():
            start, parts = _opened(piece, numbers), _tokens(piece.written)
            if piece.whole:
                return start, []
            deltas = [({"type": "input_json_delta", "partial_json": ""}, 0)]
            if piece.name in eager:
                deltas += [({"type": "input_json_delta", "partial_json": part}, 1) for part in parts]
            elif parts:
                # Unless asked for it eagerly, the real server holds arguments back until they are written.
                deltas.append(({"type": "input_json_delta", "partial_json": piece.written}, len(parts)))
            return start, deltas


def _tokens(text: str) -> list[str]:
    return [text[i : i + TOKEN] for i in range(0, len(text), TOKEN)]


def _eager_tools(body: Json) -> set[str]:
    tools = body.get("tools")
    return {
        str(tool.get("name"))
        for tool in (tools if isinstance(tools, list) else [])
        if isinstance(tool, dict) and tool.get("eager_input_streaming")
    }


def _usage(turn: Turn, body: Json, *, final: bool) -> Json:
    """Counted from what goes back and forth, unless the turn says otherwise."""
    written = 0
    for piece in turn.pieces:
        match piece:
            case Text(text=words) | Thinking(thinking=words):
                written += len(_tokens(words))
            case Tool():
                written += len(_tokens(piece.written))
    usage: Json = {
        "input_tokens": len(json.dumps(body.get("messages"))) // TOKEN,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": written,
    }
    usage |= turn.usage
    return usage if final else usage | {"output_tokens": 1}
