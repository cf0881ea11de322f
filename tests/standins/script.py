"""What a stand-in for a model says: scripts of turns, easy to write and readable from JSON.

    Script([
        Turn(text("I will look."), tool("kubernetes_list", {"kind": "pods"})),
        Failure(529),
        lambda request: Turn(text(f"You sent {len(request['messages'])} messages.")),
    ])

A turn with `when` answers only requests whose last message matches that regular expression; the
first fitting turn that is left answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

Json: TypeAlias = dict[str, JsonValue]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Data):
    type: Literal["text"] = "text"
    text: str


class Thinking(_Data):
    type: Literal["thinking"] = "thinking"
    thinking: str
    signature: str = "sealed"


class Tool(_Data):
    """`json_text` replaces the JSON of `input`: half of it, or something that is none."""

    type: Literal["tool_use"] = "tool_use"
    name: str
    input: Json = Field(default_factory=dict)
    id: str = ""
    json_text: str | None = None
    whole: bool = False
    """Whether the input comes at once with the block's first event, as some servers do it."""

    @property
    def written(self) -> str:
        return json.dumps(self.input) if self.json_text is None else self.json_text


class Verbatim(_Data):
    """Events sent as they are, for what the protocol does not know (yet)."""

    type: Literal["verbatim"] = "verbatim"
    events: tuple[Json, ...]
    raw: str = ""
    """Bytes for the stream in place of events."""


Piece = Annotated[Text | Thinking | Tool | Verbatim, Field(discriminator="type")]


class Break(_Data):
    """How a stream goes wrong, after so many events of the turn.

    eof ends it cleanly and early; reset cuts the connection; stall says no more until the client
    gives up; error sends an error event of `kind` and closes.
    """

    how: Literal["eof", "reset", "stall", "error"]
    after: int = 4
    kind: str = "api_error"
    message: str = "Internal server error"


class Turn(_Data):
    """One reply. `tokens_per_second` paces it (a token is four characters), None is at once."""

    pieces: tuple[Piece, ...] = ()
    stop_reason: str | None = None
    stop_details: Json | None = None
    usage: Json = Field(default_factory=dict)
    tokens_per_second: float | None = None
    delay: float = 0.0
    """Seconds before the first byte."""
    breaks: Break | None = None
    when: str = ""
    again: bool = False
    """Whether this turn may answer more than once."""

    def __init__(self, *pieces: Piece, **fields: object) -> None:
        super().__init__(**({"pieces": pieces} if pieces else {}), **fields)

    @property
    def stopped(self) -> str:
        if self.stop_reason is not None:
            return self.stop_reason
        return "tool_use" if any(isinstance(piece, Tool) for piece in self.pieces) else "end_turn"


class Failure(_Data):
    """An answer with an error status in place of a stream."""

    status: int
    kind: str = ""
    message: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    when: str = ""
    again: bool = False

    def __init__(self, *status: int, **fields: object) -> None:
        super().__init__(**({"status": status[0]} if status else {}), **fields)


class Page(_Data):
    """An answer of some other server altogether."""

    page: str
    content_type: str = "text/html"
    when: str = ""
    again: bool = False


Answer = Turn | Failure | Page
Line = Answer | Callable[[Json], Answer]

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Script:
    """Lines in order, each said once unless it is marked `again`; or one function for every request."""

    def __init__(self, lines: Sequence[Line] | Callable[[Json], Answer]) -> None:
        self._function = lines if callable(lines) else None
        self._left: list[Line] = [] if callable(lines) else list(lines)

    @classmethod
    def read(cls, text: str) -> Script:
        """A script from JSON: a list of turns, failures and pages with the fields of these classes."""
        return cls(TypeAdapter(list[Answer]).validate_json(text))

    @property
    def left(self) -> int:
        """How many lines have not been said."""
        return len(self._left)

    def answer(self, request: Json) -> Answer:
        if self._function is not None:
            return self._function(request)
        heard = last_words(request)
        for line in self._left:
            if callable(line):
                self._left.remove(line)
                return line(request)
            if not line.when or re.search(line.when, heard, re.IGNORECASE | re.DOTALL):
                if not line.again:
                    self._left.remove(line)
                return line
        return Failure(400, message=f"the script has no line left for: {heard[:200]}")


def text(words: str) -> Text:
    return Text(text=words)


def thinking(words: str, signature: str = "sealed") -> Thinking:
    return Thinking(thinking=words, signature=signature)


def tool(name: str, input: Json | None = None, **fields: object) -> Tool:
    return Tool.model_validate({"name": name, "input": input or {}, **fields})


def verbatim(*events: Json, raw: str = "") -> Verbatim:
    return Verbatim(events=events, raw=raw)


def last_words(request: Json) -> str:
    """What the last message of a request says: its text, or the results of tools."""
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return ""
    content = messages[-1].get("content")
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(
        str(block.get("text") or block.get("content") or "") for block in blocks if isinstance(block, dict)
    )


def tool_results(request: Json) -> list[str]:
    """The contents of the tool results in a request's last message."""
    messages = request.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) else None
    blocks = content if isinstance(content, list) else []
    return [
        str(block.get("content"))
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "tool_result"
    ]
