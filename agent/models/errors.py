"""Everything that can go wrong between the agent and a model.

    ModelError
    ├── NoCredentials        there is no key, or no cloud identity: nothing was sent
    ├── RealModelForbidden   tests may only speak to this machine: nothing was sent
    ├── Unreachable          no connection, or no answer in time
    ├── Unauthorized         the server knows these credentials and refuses them
    ├── BadRequest           the server does not accept what was asked
    │   └── TooLong          because the conversation does not fit the model
    ├── Throttled            too many requests or no credit (429); knows for how long
    ├── Overloaded           the server has no room at the moment (529, 503)
    ├── ServerFailed         the server's own failure (other 5xx)
    ├── Interrupted          the reply broke off: cut, stalled, ended without its last event
    └── Unusable             the reply is complete but cannot be used; carries it as `reply`
        ├── Refused          the model declined; knows the category
        ├── TruncatedToolCall   the output limit fell inside a tool call
        └── MalformedToolCall   a tool call's arguments are not JSON

`str()` of each is a sentence for the operator, followed by what to try.
"""

from __future__ import annotations

from agent.model import Replied
from tools.errors import FailureClass


class ModelError(Exception):
    """`sentence` says what failed and why, `hint` what to try."""

    passing: bool = False
    """Whether the same request may well succeed a little later."""
    failure: FailureClass = FailureClass.INVALID
    """The class in the words that steps use, so that scripts can tell a dead server from a bad request."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence, hint)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".rstrip()


class NoCredentials(ModelError):
    failure = FailureClass.UNAUTHORIZED


class RealModelForbidden(ModelError):
    failure = FailureClass.REFUSED


class Unreachable(ModelError):
    failure = FailureClass.UNREACHABLE


class Unauthorized(ModelError):
    failure = FailureClass.UNAUTHORIZED


class BadRequest(ModelError):
    pass


class TooLong(BadRequest):
    pass


class Throttled(ModelError):
    """`retry_after` is in seconds, None where the server did not say."""

    failure = FailureClass.THROTTLED
    passing = True

    def __init__(self, sentence: str, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(sentence, hint)
        self.retry_after = retry_after


class Overloaded(ModelError):
    """`retry_after` is in seconds, None where the server did not say."""

    failure = FailureClass.TRANSIENT
    passing = True

    def __init__(self, sentence: str, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(sentence, hint)
        self.retry_after = retry_after


class ServerFailed(ModelError):
    """`passing` is decided case by case: self-hosted servers answer 500 to bad requests, too."""

    failure = FailureClass.TRANSIENT

    def __init__(self, sentence: str, hint: str = "", *, passing: bool = True) -> None:
        super().__init__(sentence, hint)
        self.passing = passing


class Interrupted(ModelError):
    failure = FailureClass.TRANSIENT
    passing = True


class Unusable(ModelError):
    """`reply` is what was said nevertheless, without the call that cannot be used."""

    def __init__(self, sentence: str, hint: str, reply: Replied) -> None:
        super().__init__(sentence, hint)
        self.reply = reply


class Refused(Unusable):
    """`category` is the server's word for the reason, empty where it gave none."""

    def __init__(self, sentence: str, hint: str, reply: Replied, category: str) -> None:
        super().__init__(sentence, hint, reply)
        self.category = category


class TruncatedToolCall(Unusable):
    """`tool` is the name of the tool whose call was cut."""

    def __init__(self, sentence: str, hint: str, reply: Replied, tool: str) -> None:
        super().__init__(sentence, hint, reply)
        self.tool = tool


class MalformedToolCall(Unusable):
    """`tool` is the name of the tool, `text` what came instead of JSON."""

    def __init__(self, sentence: str, hint: str, reply: Replied, tool: str, text: str) -> None:
        super().__init__(sentence, hint, reply)
        self.tool = tool
        self.text = text
