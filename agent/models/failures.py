"""Turns whatever the SDK and the network below it raise into a sentence of ours.

The SDK's own errors cover what happens before the stream. In the middle of one, an error event is
a status error with status 200, a cut connection is a bare transport error, and a line that is no
JSON is a `ValueError`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from agent.models.config import ModelConfig, Provider
from agent.models.errors import (
    BadRequest,
    Interrupted,
    ModelError,
    NoCredentials,
    Overloaded,
    ServerFailed,
    Throttled,
    TooLong,
    Unauthorized,
    Unreachable,
)

if TYPE_CHECKING:
    from anthropic import APIStatusError

LONGEST_QUOTE = 300
"""Characters of a server's own words that are shown."""

MEND_KEY = "Store another one with `pilothouse auth login`, or see `pilothouse doctor`."


def before_reply(error: Exception, config: ModelConfig) -> ModelError:
    """What it means that the request failed before a stream was open."""
    import anthropic

    if isinstance(error, anthropic.APIStatusError):
        return _by_status(error, config)
    if isinstance(error, anthropic.APITimeoutError | anthropic.APIConnectionError):
        if _identity_missing(error):
            return _no_identity(error, config)
        return Unreachable(
            f"The model's server at {config.place} cannot be reached: {_root(error, config)}.",
            _reach_hint(config),
        )
    if isinstance(error, ImportError) or type(error).__name__ == "MissingDependencyError":
        return NoCredentials(
            f"The client for {config.provider.value} is not installed.",
            f"Install it with `pip install 'pilothouse[{config.provider.value}]'`.",
        )
    if isinstance(error, anthropic.AnthropicError) or _identity_missing(error):
        return _no_identity(error, config)
    if config.provider is not Provider.ANTHROPIC:
        return _no_identity(error, config)
    return BadRequest(f"The request to {config.place} could not be made: {_root(error, config)}.")


def within_reply(error: Exception, config: ModelConfig, *, begun: bool) -> ModelError:
    """What it means that the stream failed. `begun` tells whether anything was said before."""
    import anthropic

    if isinstance(error, anthropic.APIStatusError):
        failure = _by_status(error, config)
        if not begun:
            return failure
        return interrupted(f"{config.place} broke off: {_said(error, config)}")
    return interrupted(f"the connection to {config.place} broke: {_root(error, config)}")


def interrupted(cause: str) -> Interrupted:
    return Interrupted(
        f"The model's reply was interrupted: {cause.rstrip('.')}.",
        "Nothing was changed; say it again to go on.",
    )


def no_answer(config: ModelConfig, seconds: float) -> Unreachable:
    return Unreachable(
        f"{config.place} did not answer within {_duration(seconds)}.",
        "Try again, or choose another model.",
    )


def not_the_protocol(config: ModelConfig) -> Unreachable:
    return Unreachable(
        f"Something answers at {config.place}, but it does not speak the Messages API.",
        "Check the server's base URL, without /v1 at its end.",
    )


def _by_status(error: APIStatusError, config: ModelConfig) -> ModelError:
    said, where, status = _said(error, config), config.place, error.status_code
    kind = str(error.type or "")
    lowered = said.lower()
    if status == 413 or kind == "request_too_large" or "prompt is too long" in lowered:
        return TooLong(
            f"The conversation is too long for {config.model}: {said}.",
            "Start a new session, or choose a model with a larger context.",
        )
    if status in (401, 403) or kind in ("authentication_error", "permission_error"):
        return Unauthorized(f"{where} refuses these credentials: {said}.", MEND_KEY)
    if status == 402 or kind == "billing_error":
        return Unauthorized(f"{where} refuses for want of payment: {said}.", "Look at the account's credit.")
    if status == 404 or kind == "not_found_error":
        return BadRequest(
            f"{where} knows no model called {config.model}: {said}.",
            "Choose another with `--model`, or check the server's base URL.",
        )
    if status == 429 or kind == "rate_limit_error":
        return _throttled(error, said, config)
    if status in (503, 529) or kind == "overloaded_error":
        return Overloaded(
            f"{where} is overloaded at the moment: {said}.",
            "Try again in a while, or choose another model.",
            retry_after=_retry_after(error),
        )
    if status == 200 or status >= 500:
        # Self-hosted servers answer 500 to a request they do not understand; asking the same
        # again would only take longer to say so. A gateway's 502 and 504 are another matter.
        passing = not (config.self_hosted and status in (500, 501))
        hint = (
            "Try again in a while." if passing else "Its log says why; the model may not know tools at all."
        )
        return ServerFailed(f"{where} failed ({status}): {said}.", hint, passing=passing)
    return BadRequest(f"{where} does not accept the request ({status}): {said}.")


def _throttled(error: APIStatusError, said: str, config: ModelConfig) -> Throttled:
    seconds = _retry_after(error)
    failure = Throttled(
        f"{config.place} takes no more requests just now: {said}.",
        f"Try again in {_duration(seconds)}." if seconds is not None else "Try again in a while.",
        retry_after=seconds,
    )
    # A spending limit is a 429 as well, and waiting does not lift it.
    failure.passing = error.response.headers.get("x-should-retry") != "false"
    return failure


def _retry_after(error: APIStatusError) -> float | None:
    """Seconds the server asks us to wait (RFC 9110 section 10.2.3: a number or a date)."""
    value = error.response.headers.get("retry-after")
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(value)
        # By the server's own clock, which need not agree with ours.
        now = parsedate_to_datetime(error.response.headers.get("date", ""))
    except ValueError:
        return None
    return max(0.0, (_aware(until) - _aware(now)).total_seconds())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _said(error: APIStatusError, config: ModelConfig) -> str:
    return _quote(error.api_message or error.message or f"status {error.status_code}", config)


def _root(error: BaseException, config: ModelConfig) -> str:
    """The words of the deepest cause: the SDK wraps, the network below it knows."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return "no answer in time"
    return _quote(str(error) or type(error).__name__, config)


def _quote(words: str, config: ModelConfig) -> str:
    """Somebody else's words on one line, bounded, without the key they might repeat."""
    if config.api_key is not None and (key := config.api_key.get_secret_value()):
        words = words.replace(key, "[key]")
    words = "".join(c if c.isprintable() else " " for c in words)
    words = " ".join(words.split())
    if len(words) > LONGEST_QUOTE:
        words = words[: LONGEST_QUOTE - 1] + "…"
    return words.rstrip(".")


def _identity_missing(error: BaseException | None) -> bool:
    """Whether a cloud's own library says, somewhere down the chain, that it found no identity."""
    while error is not None:
        module = type(error).__module__
        if module.startswith(("botocore.exceptions", "google.auth")) or "credentials" in str(error).lower():
            return True
        error = error.__cause__
    return False


def _no_identity(error: Exception, config: ModelConfig) -> NoCredentials:
    hint = {
        Provider.ANTHROPIC: "Store a key with `pilothouse auth login`, or set PILOTHOUSE_ANTHROPIC_API_KEY.",
        Provider.BEDROCK: "Log in to AWS for the chosen profile, or store a Bedrock API key.",
        Provider.VERTEX: "Run `gcloud auth application-default login`, or store an access token.",
    }[config.provider]
    return NoCredentials(f"There are no credentials for {config.place}: {_root(error, config)}.", hint)


def _reach_hint(config: ModelConfig) -> str:
    if config.loopback:
        return "Start the server, or check its port."
    return "Check the network and, if there is one, the proxy; known intents work without a model."


def _duration(seconds: float) -> str:
    if seconds >= 120:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds:.3g} seconds"
