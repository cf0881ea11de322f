"""What an operator types to find sessions: words, and `key:value` filters between them.

    context:prod status:failed since:2d by:anna resource:deployment/checkout "image pull"

Words are looked for in everything said and seen; words in quotes stand side by side. Several values of one key,
repeated or with commas, mean any of them; different keys must all hold. What has a colon but no known key is a word.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from agent.labelling import CONTEXT, NAMESPACE, PERSON, PROFILE
from agent.outcome import Standing
from agent.touching import kind_word
from memory.finding import Wanted

KEYS = {
    "context": "the context worked in, or a part of its name",
    "namespace": "the namespace worked in",
    "profile": "the AWS profile used",
    "by": "who worked in it",
    "status": ", ".join(Standing),
    "resource": "what it had to do with: deployment/checkout, checkout, i-0abc",
    "since": "last written to since then: 30m, 2h, 2d, 1w, today, 2026-03-02, 2026-03-02T10:30",
    "until": "last written to up to then",
    "is": "pinned",
}
"""The filters, and what stands after the colon."""

_SHORT = {"ctx": "context", "ns": "namespace", "person": "by", "outcome": "status"}
_LABELS = {"context": CONTEXT, "namespace": NAMESPACE, "profile": PROFILE, "by": PERSON}
_TOKEN = re.compile(
    r"(?P<open>[A-Za-z]+:)(?=\s|$)"
    r'|(?:(?P<key>[A-Za-z]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>[^\s"]+))'
)
_AGO = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class QueryProblem(ValueError):
    """The line asks for something there is not; the message is for the operator."""


def read_query(line: str, now: datetime) -> Wanted:
    """What the line asks for. Sessions in which nothing happened are left out.

    Args:
        now: with the operator's own zone; dates without one are meant in it.

    Raises:
        QueryProblem: a filter's value cannot be understood.
    """
    words: list[str] = []
    given: dict[str, list[str]] = {}
    for token in _TOKEN.finditer(line):
        key = (token["key"] or (token["open"] or "").rstrip(":")).lower()
        key = _SHORT.get(key, key)
        if key not in KEYS:
            words.append(token.group())
            continue
        value = token["quoted"] if token["quoted"] is not None else token["plain"] or ""
        parts = [value] if token["quoted"] is not None else value.split(",")
        parts = [part.strip() for part in parts if part.strip()]
        if not parts:
            raise QueryProblem(f"{key}: needs a value: {KEYS[key]}.")
        given.setdefault(key, []).extend(parts)
    labels = {_LABELS[key]: tuple(values) for key, values in given.items() if key in _LABELS}
    return Wanted(
        text=" ".join(words),
        labels=labels,
        statuses=tuple(_status(value) for value in given.get("status", ())),
        things=tuple(_thing(value) for value in given.get("resource", ())),
        since=min((moment(value, now) for value in given.get("since", ())), default=None),
        until=max((moment(value, now, end=True) for value in given.get("until", ())), default=None),
        pinned=_pinned(given.get("is", [])),
        busy=True,
    )


def moment(words: str, now: datetime, *, end: bool = False) -> datetime:
    """A time as an operator says it.

    Args:
        end: a day alone means its end.

    Raises:
        QueryProblem: it is none.
    """
    low = words.lower()
    if low[-1:] in _AGO and low[:-1].isdigit():
        return now - timedelta(**{_AGO[low[-1]]: int(low[:-1])})
    if low in ("today", "yesterday"):
        day = now.date() - timedelta(days=low == "yesterday")
        return datetime.combine(day, time.max if end else time.min, now.tzinfo)
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        raise QueryProblem(f"“{words}” is no time: {KEYS['since'].partition(': ')[2]}.") from None
    if end and len(words) <= len("2026-03-02"):
        at = datetime.combine(at.date(), time.max)
    return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)


def _status(word: str) -> str:
    try:
        return Standing(word.lower()).value
    except ValueError:
        raise QueryProblem(f"No session is “{word}”: status is one of {KEYS['status']}.") from None


def _thing(word: str) -> str:
    kind, slash, name = word.partition("/")
    return f"{kind_word(kind)}/{name}" if slash and name else word


def _pinned(words: list[str]) -> bool | None:
    for word in words:
        if word.lower() not in ("pinned", "unpinned"):
            raise QueryProblem(f"No session is:{word}; there is is:pinned and is:unpinned.")
    return words[-1].lower() == "pinned" if words else None
