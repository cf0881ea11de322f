"""Events of the session and its conversation: what was said, read, answered and asked."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import JsonValue

from agent.events.durable import Durable
from agent.model import Message, Usage
from tools.errors import FailureClass
from tools.tool import Call, Frozen, Scope


class SessionStarted(Durable):
    kind: Literal["session_started"] = "session_started"
    operator: str
    scope: Scope
    model: str = ""
    sandbox: bool = False
    program: str = ""


class SessionResumed(Durable):
    kind: Literal["session_resumed"] = "session_resumed"
    operator: str
    model: str = ""


class TitleChanged(Durable):
    """`by` is whoever found the words: a rule, the model (at this price), or the operator."""

    kind: Literal["title_changed"] = "title_changed"
    title: str
    by: Literal["rule", "model", "operator"] = "operator"
    usage: Usage = Usage()
    cost: Decimal | None = None

    def words(self) -> str:
        return self.title


class ScopeChanged(Durable):
    kind: Literal["scope_changed"] = "scope_changed"
    scope: Scope


class ModeChanged(Durable):
    """Writes were allowed or shut off again for one place (a context, or `profile/region`)."""

    kind: Literal["mode_changed"] = "mode_changed"
    place: str
    writes: bool
    by: str
    how: Literal["key", "flag"]


class ModelChanged(Durable):
    kind: Literal["model_changed"] = "model_changed"
    model: str


# --- the conversation ----------------------------------------------------------------------------


class Said(Durable):
    """The operator's words. `turn` numbers the turns of a session from 1.

    `situation` is the line about scope and time that a model is given before the words; it is kept
    so that the conversation reads the same ever after, and stays in the server's cache.
    """

    kind: Literal["said"] = "said"
    turn: int
    text: str
    situation: str = ""

    def words(self) -> str:
        return self.text


class Understood(Durable):
    """A known intent was recognised: which runbook, with which parameters."""

    kind: Literal["understood"] = "understood"
    turn: int
    runbook: str
    parameters: dict[str, str]


class FollowedUp(Durable):
    """What the operator's words came to, where they pointed back: a whole request, and why it was understood so.

    The answer to a question with choices is one too: the choice, said in full.
    """

    kind: Literal["followed_up"] = "followed_up"
    turn: int
    meaning: str
    because: str = ""

    def words(self) -> str:
        return self.meaning


class ToolCalled(Durable):
    """A read that serves an answer, outside any plan."""

    kind: Literal["tool_called"] = "tool_called"
    turn: int
    call_id: str
    call: Call
    scope: Scope


class ToolReturned(Durable):
    """`output` is the tool's output model; on failure `failure` and `cause` say why there is none."""

    kind: Literal["tool_returned"] = "tool_returned"
    turn: int
    call_id: str
    tool: str
    summary: str
    output: JsonValue = None
    failure: FailureClass | None = None
    cause: str = ""
    seconds: float = 0.0
    age: float = 0.0
    """Seconds since it was really read, where an earlier answer was used again."""

    def words(self) -> str:
        return f"{self.tool} {self.summary} {self.cause}"


class ModelReplied(Durable):
    """One answer of the model, as sent back to it on the next call."""

    kind: Literal["model_replied"] = "model_replied"
    turn: int
    message: Message
    stop_reason: str
    model: str
    usage: Usage
    cost: Decimal | None = None

    def words(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        return "\n\n".join(block.text for block in self.message.content if block.type == "text")


class Evidence(Frozen):
    """What a claim rests on: the call that showed it and the words it showed."""

    call_id: str
    source: str
    quote: str


class AnswerGiven(Durable):
    """An answer made by rule, without a model. `rule` names it, `markdown` is what is shown."""

    kind: Literal["answer_given"] = "answer_given"
    turn: int
    rule: str
    markdown: str
    evidence: tuple[Evidence, ...] = ()
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    def words(self) -> str:
        return self.markdown


class QuestionAsked(Durable):
    kind: Literal["question_asked"] = "question_asked"
    turn: int
    question: str
    choices: tuple[str, ...] = ()
    meanings: tuple[str, ...] = ()
    """What each choice comes to, said as a whole request; empty when the model asked."""

    def words(self) -> str:
        return self.question


class TurnFailed(Durable):
    kind: Literal["turn_failed"] = "turn_failed"
    turn: int
    sentence: str
    hint: str = ""
    failure: FailureClass | None = None

    def words(self) -> str:
        return self.sentence


class TurnEnded(Durable):
    kind: Literal["turn_ended"] = "turn_ended"
    turn: int
    outcome: Literal["answered", "planned", "asked", "failed", "stopped"]
    seconds: float = 0.0
