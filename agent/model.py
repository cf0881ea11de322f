"""What the agent and a language model say to each other, in words of our own.

The agent knows these types and the `Model` protocol; whoever speaks to a real server lives in
`agent/models/`. Importing this file costs nothing: no SDK is loaded by it.

How a reply arrives (Messages API, https://platform.claude.com/docs/en/build-with-claude/streaming):
its blocks follow one another, never interleaved, and every event but the last is a preview. Only
`Replied` is the truth: it is yielded once, last, and only when the server itself ended the message.
A stream that ends without it has raised a `ModelError`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from decimal import Decimal
from typing import Annotated, Literal, Protocol

from pydantic import Field, JsonValue

from tools.tool import Frozen

# --- what is said --------------------------------------------------------------------------------


class TextBlock(Frozen):
    type: Literal["text"] = "text"
    text: str


class ThinkingBlock(Frozen):
    """The model's reasoning. `signature` proves to the server that it was not altered."""

    type: Literal["thinking"] = "thinking"
    text: str
    signature: str = ""


class ToolUseBlock(Frozen):
    """The model asks for a tool. Nothing here has been validated yet."""

    type: Literal["tool_use"] = "tool_use"
    id: str
    name: str
    input: dict[str, JsonValue]


class ToolResultBlock(Frozen):
    """The answer to the `ToolUseBlock` with this id; goes into the next user message."""

    type: Literal["tool_result"] = "tool_result"
    tool_use_id: str
    content: str
    is_error: bool = False


class OpaqueBlock(Frozen):
    """A block of a kind we do not know, kept as it came and sent back unchanged."""

    type: Literal["opaque"] = "opaque"
    raw: dict[str, JsonValue]


Block = Annotated[
    TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock | OpaqueBlock,
    Field(discriminator="type"),
]


class Message(Frozen):
    role: Literal["user", "assistant"]
    content: tuple[Block, ...]

    @property
    def text(self) -> str:
        """The words alone, without thoughts and tool calls."""
        return "\n\n".join(block.text for block in self.content if isinstance(block, TextBlock))

    @property
    def tool_uses(self) -> tuple[ToolUseBlock, ...]:
        return tuple(block for block in self.content if isinstance(block, ToolUseBlock))

    def without_thoughts(self) -> Message:
        """The same for another model: thoughts are sealed for the one that had them."""
        return Message(
            role=self.role,
            content=tuple(block for block in self.content if not isinstance(block, ThinkingBlock)),
        )


class ToolSpec(Frozen):
    """A tool as it is described to the model.

    `input_schema` is a JSON schema of type object. `eager` asks the server to send the arguments
    as they are written instead of in one piece: that is how a plan grows on the screen.
    """

    name: str
    description: str
    input_schema: dict[str, JsonValue]
    eager: bool = False


class Request(Frozen):
    """One call of the model. `max_tokens` bounds the reply; `deadline` is in seconds, waiting included."""

    system: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_tokens: int = Field(default=16_000, gt=0)
    deadline: float = Field(default=600.0, gt=0)


class Usage(Frozen):
    """Tokens of one call. `input_tokens` are those neither read from nor written to the cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        """Everything that was sent."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def total(self) -> int:
        """Everything sent and written."""
        return self.prompt_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
        )


# --- what happens while it is said -----------------------------------------------------------------


class RetryWaiting(Frozen):
    """The server asked for patience; the call is sent again in `seconds`. Nothing was said yet."""

    seconds: float
    cause: str


class TextDelta(Frozen):
    text: str


class ThinkingDelta(Frozen):
    text: str


class ToolOpened(Frozen):
    """The model began to write a tool call."""

    id: str
    name: str


class ToolInputGrew(Frozen):
    """More of a call's arguments arrived. `snapshot` is what can be read of them so far:
    complete fields, and the beginning of the one being written."""

    id: str
    partial_json: str
    snapshot: dict[str, JsonValue]


class ToolReady(Frozen):
    """A call is complete and its arguments are JSON. A *read* may start now; anything that
    decides must wait for `Replied.calls`, because the message can still be cut short."""

    call: ToolUseBlock


class Replied(Frozen):
    """The server ended the message. `cost` is in US dollars, None where no price is known."""

    message: Message
    stop_reason: str
    usage: Usage
    model: str
    cost: Decimal | None = None

    @property
    def calls(self) -> tuple[ToolUseBlock, ...]:
        """The calls that may be acted on: none unless the model stopped in order to call tools."""
        return self.message.tool_uses if self.stop_reason == "tool_use" else ()


ModelEvent = (
    RetryWaiting | TextDelta | ThinkingDelta | ToolOpened | ToolInputGrew | ToolReady | Replied
)  # fmt: skip


# --- who says it -------------------------------------------------------------------------------------


class Capabilities(Frozen):
    """What a model can do. `known` tells whether its server said so or we assume it."""

    model: str
    display_name: str
    known: bool
    adaptive_thinking: bool = False
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    note: str = ""


class Model(Protocol):
    """A language model that can be asked. Every method raises a `ModelError` and nothing else."""

    @property
    def name(self) -> str:
        """What the operator calls it and what the journal records."""

    def stream(self, request: Request) -> AsyncGenerator[ModelEvent, None]:
        """Ask. Wrap the generator in `contextlib.aclosing`: closing it hangs up at once."""

    async def check(self) -> Capabilities:
        """Reach the server with these credentials and ask what the model can do."""

    async def close(self) -> None:
        """Give up the connections. The model cannot be asked any more."""
