"""Triggers: the phrases that start a runbook, with typed slots.

    scale [the] {workload} [in {place}] to {count} [replicas|pods]

Plain words must be there, `[…]` may be, `(a|b)` is one of several, `{slot}` takes a value. A request
matches only as a whole: words that no trigger accounts for mean that it asks for more than the
runbook does, and then it is not this runbook.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
NUMBERS = {word: count for count, word in enumerate(_WORDS)}

SLOTS = {
    "count": rf"\d{{1,5}}|{'|'.join(NUMBERS)}",
    "revision": r"\d{1,9}",
    "image": r"[A-Za-z0-9][\w./:@-]*",
    "workload": r"(?:[A-Za-z][A-Za-z0-9.-]*/)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?",
    "place": r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?",
    "environment": r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?",
    "kind": r"[A-Za-z][A-Za-z0-9.-]*",
    "name": r"[A-Za-z0-9](?:[A-Za-z0-9._:-]*[A-Za-z0-9])?",
    "container": r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?",
}
"""What a slot of each type can look like; what it means is decided in `resolution`."""

_POLITE = re.compile(
    r"^(?:(?:please|kindly|hey|ok|now|can you|could you|would you|i want to|i want you to|let's|let us)[ ,]+)+"
    r"|[ ,]+please$",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\{(?P<slot>[a-z_]+)\}|(?P<mark>[\[\]()|])|(?P<word>[^\s\[\]()|{}]+)|(?P<space>\s+)")
_NOT_A_NAME = r"(?!(?:the|a|an|all|in|to|of|on|and|or|if|then|after|before|when|every)\b)"


class TriggerError(ValueError):
    """A trigger is written wrongly; the message says where."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A compiled trigger. `weight` counts its plain words: the heaviest match wins."""

    text: str
    pattern: re.Pattern[str]
    slots: tuple[str, ...]
    weight: int

    def match(self, request: str) -> dict[str, str] | None:
        """The slots' words if the whole request fits, otherwise None."""
        found = self.pattern.fullmatch(" " + tidy(request))
        return {k: v for k, v in found.groupdict().items() if v is not None} if found else None


def tidy(request: str) -> str:
    """The request without politeness, doubled spaces and closing punctuation."""
    words = " ".join(request.split()).rstrip(" .!?")
    return _POLITE.sub("", words).strip()


@lru_cache(maxsize=1024)
def compile_trigger(text: str, types: tuple[tuple[str, str], ...]) -> Trigger:
    """Compile one trigger.

    Args:
        text: the trigger as written in the runbook.
        types: (slot name, slot type) pairs of the runbook's parameters.

    Raises:
        TriggerError: an unknown slot or type, a slot named twice, or unbalanced brackets.
    """
    known, out, slots, weight = dict(types), [], [], 0
    closers: list[str] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise TriggerError(f"Cannot read {text!r} from {text[at:]!r} on.")
        at = token.end()
        if slot := token["slot"]:
            if slot not in known:
                raise TriggerError(f"{text!r} uses {{{slot}}}, which is not a parameter.")
            if slot in slots:
                raise TriggerError(f"{text!r} uses {{{slot}}} twice.")
            if known[slot] not in SLOTS:
                raise TriggerError(f"{text!r}: there is no slot type {known[slot]}.")
            slots.append(slot)
            out.append(rf"\s+{_NOT_A_NAME}(?P<{slot}>{SLOTS[known[slot]]})")
        elif word := token["word"]:
            weight += 1
            out.append(r"\s+" + re.escape(word))
        elif mark := token["mark"]:
            if mark in "[(":
                closers.append(")?" if mark == "[" else ")")
                out.append("(?:")
            elif mark == "|":
                out.append("|")
            elif not closers:
                raise TriggerError(f"{text!r} closes a bracket it never opened.")
            else:
                out.append(closers.pop())
    if closers:
        raise TriggerError(f"{text!r} leaves a bracket open.")
    return Trigger(text, re.compile("".join(out), re.IGNORECASE), tuple(slots), weight)


def number(words: str) -> int:
    """A count in digits or in words."""
    return NUMBERS[words.lower()] if words.lower() in NUMBERS else int(words)
