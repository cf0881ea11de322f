"""The grammar of follow-ups: which words point back, and to what.

    the top one · the second pod · number 3 · the other one · both · it · that deployment
    what about staging? · again for staging · the other cluster · and in payments
    again · do it there too · undo that · make it 5 · no, the second · and its logs

Only the grammar is here. What a word points to is looked up in the session (`agent.following.following`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from agent.runbooks.triggers import NUMBERS, number, tidy
from agent.touching import kind_word

ORDINALS = {
    word: place
    for place, words in enumerate(
        (
            ("top", "first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"), ("fifth", "5th"),
            ("sixth", "6th"), ("seventh", "7th"), ("eighth", "8th"), ("ninth", "9th"), ("tenth", "10th"),
        )
    )
    for word in words
} | {"last": -1, "bottom": -1}  # fmt: skip

KINDS = frozenset(
    {
        "pod", "deployment", "statefulset", "daemonset", "replicaset", "node", "job", "cronjob", "service",
        "workload", "instance", "ingress", "namespace", "configmap", "secret", "app",
    }
)  # fmt: skip
_ROWS = frozenset({"one", "ones", "row", "item", "result", "entry", "line", "finding", "problem", "object"})

POINTERS = frozenset(
    {
        "it",
        "that",
        "this",
        "them",
        "those",
        "these",
        "both",
        "there",
        "one",
        "its",
        "their",
        "here",
        "me",
        "more",
    }
) | frozenset(ORDINALS)
"""Words that are hardly a name: a request with one of them in a slot points back."""

_COUNT = rf"\d{{1,3}}|{'|'.join(word for word in NUMBERS if word != 'zero')}"
_NOUN = "|".join(sorted(KINDS | _ROWS, key=len, reverse=True))
_BEFORE_MORE = (
    r"(?=\s*(?:$|[,.;?!]|(?:to|in|on|from|and|then|too|back|again|crashing|crash|failing|fail|broken|down|pending"
    r"|restarting|unhealthy|stuck|not)\b))"
)
"""What can stand behind a word that is a pointer by itself; before other words it is part of a phrase."""
_POINTING = re.compile(
    rf"\b(?:the\s+)?(?P<ordinal>{'|'.join(ORDINALS)})\s+(?P<noun>{_NOUN})\b"
    rf"|\bthe\s+(?P<bare>{'|'.join(ORDINALS)}){_BEFORE_MORE}"
    rf"|(?:\b(?:number|no\.|nr\.?)\s+|#)(?P<number>{_COUNT})(?![\w-])"
    r"|\bthe\s+other\s+(?P<other>one|[a-z]+)\b"
    r"|\b(?P<all>both(?:\s+of\s+them)?|all\s+of\s+(?:them|those|these)|them\s+all)\b"
    rf"|\b(?:the|that|this)\s+(?:same\s+)?(?P<kind>{_NOUN})\b"
    r"|\b(?P<several>them|those|these)\b"
    rf"|\b(?P<single>it|(?:that|this){_BEFORE_MORE})\b(?!\s+(?:is|was)\b)",
    re.IGNORECASE,
)
_OWNED = re.compile(r"\b(?:its|their)\s+(?P<what>[a-z]+)", re.IGNORECASE)

_LEAD = re.compile(r"^(?:(?:and|then|now|ok|okay|so|also|well)\b[, ]*)+", re.IGNORECASE)
_NO = re.compile(
    r"^(?:no|nope|wrong|not (?:that|it|this)(?: one)?|that is wrong|that's wrong)\b[\s,;:.!-]*"
    r"(?:i meant?\b|i was asking for\b|rather\b)?\s*(?P<rest>.*)$|^i mean[t]?\s+(?P<meant>.+)$",
    re.IGNORECASE,
)
_UNDO = re.compile(
    r"^(?:undo|revert|take back|put back)"
    r"(?: (?:it|that|this|the last (?:one|plan|change|thing)|what you did|your change))?$"
    r"|^(?:take|put) (?:it|that|this) back(?: again)?$|^undo plan (?P<plan>\S+)$",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"^(?:again|once more|one more time|repeat(?: (?:that|it))?|refresh(?: (?:that|it))?|fresh|reload"
    r"|(?:do|run|try|show) (?:it|that|this) (?:again|once more)|(?:check|look|try) again)$",
    re.IGNORECASE,
)
_PLACE = r"(?P<{0}>(?:the\s+)?[\w][\w.@:/ -]*)"
_THERE = re.compile(
    r"^(?:do|run|make|repeat|apply) (?:it|that|this|the same(?: thing)?|likewise)"
    rf" (?:there|here|(?:in|for|on|to) {_PLACE.format('there_in')})$"
    r"|^(?:the )?same there$|^there$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    rf"^(?:what|how) about (?:(?:in|for|on) )?{_PLACE.format('about')}$"
    rf"|^(?:again|once more|repeat (?:it|that)|the same|same) (?:for|in|on|with|from) {_PLACE.format('again')}$"
    rf"|^(?:in|for|on) {_PLACE.format('inside')}$"
    r"|^(?P<other>the other (?:cluster|context|namespace|environment|env|account|profile|place))$",
    re.IGNORECASE,
)
_AND = re.compile(
    r"^and\s+(?P<rest>(?:the\s+)?[\w][\w.-]*(?:\s+(?:cluster|context|namespace|environment|env))?)$",
    re.IGNORECASE,
)
_NUMBER = rf"(?P<count>\d{{1,5}}|{'|'.join(NUMBERS)})"
_COUNTED = re.compile(
    rf"^(?:make (?:it|that|them) |to |only ){_NUMBER}(?: (?:replicas?|pods?))?(?: instead)?$", re.IGNORECASE
)
_TOO = re.compile(r"\s+(?:too|as well|also|instead|likewise|please)$", re.IGNORECASE)

_SHORT = (
    (re.compile(r"^(?:(?:show|get|give) (?:me )?)?(?:the )?logs$", re.I), "logs of it"),
    (re.compile(r"^(?:but )?why(?: (?:is|does) (?:that|it|this)(?: so)?)?$", re.I), "diagnose it"),
    (re.compile(r"^(?:show (?:me )?)?(?:the )?(?:rollout )?history$", re.I), "history of it"),
    (re.compile(r"^(?:diagnose|investigate|check)$", re.I), "diagnose it"),
    (re.compile(r"^(?:restart|bounce)$", re.I), "restart it"),
    (re.compile(r"^roll (?:it |that )?back$|^roll back$", re.I), "roll back it"),
    (re.compile(rf"^scale(?: up| down)? to {_NUMBER}$", re.I), "scale it to {count}"),
)  # fmt: skip
_OWNED_REQUESTS = {
    "logs": "logs of it", "log": "logs of it", "history": "history of it", "rollouts": "history of it",
    "revisions": "history of it",
}  # fmt: skip
_HINTS = {
    "cluster": "context", "context": "context", "namespace": "place", "ns": "place", "environment": "place",
    "env": "place", "place": "place", "account": "profile", "profile": "profile",
}  # fmt: skip

Hint = Literal["", "context", "place", "profile"]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The last request for something else: a place, a cluster, an object, a kind. `other` names nothing."""

    name: str
    hint: Hint = ""
    other: bool = False


@dataclass(frozen=True, slots=True)
class There:
    """The last thing that was to be done, at the place spoken of since, or at a named one."""

    at: Elsewhere | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """Taking a plan back; empty for the last one."""

    plan: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """The last request, afresh."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The last request with another number."""

    count: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What was understood last was not meant; `rest` says what was, or nothing."""

    rest: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """Words of a request that point back. `start` and `end` say where they stand in it.

    `place` counts from 0, -1 is the last one.
    """

    start: int
    end: int
    words: str
    which: Literal["place", "other", "all", "single"]
    place: int = 0
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Pointing:
    """A request with pointers in it; `text` is the request they stand in."""

    text: str
    pointers: tuple[Pointer, ...]


FollowUp = Elsewhere | There | Undo | Again | Counted | Correction | Pointing


def read(text: str) -> FollowUp | None:
    """The follow-up that a text may be by its words alone, or None."""
    whole = tidy(text)
    if not whole or "@" in whole or "\n" in text.strip():
        return None
    if found := _NO.match(whole):
        return Correction((found["rest"] or found["meant"] or "").strip(" ,."))
    said = _LEAD.sub("", whole)
    plain = _TOO.sub("", said)
    if found := _UNDO.match(plain):
        return Undo(found["plan"] or "")
    if _AGAIN.match(plain):
        return Again()
    if found := _THERE.match(plain):
        return There(_elsewhere(found["there_in"]) if found["there_in"] else None)
    if found := _COUNTED.match(plain):
        return Counted(found["count"])
    if found := _ABOUT.match(plain):
        return _elsewhere(found["about"] or found["again"] or found["inside"] or found["other"])
    if (short := _shortened(plain)) is not None:
        return short
    if (pointing := _pointing(plain)) is not None:
        return pointing
    if (found := _AND.match(whole)) and found["rest"].lower() not in POINTERS:
        return _elsewhere(_TOO.sub("", found["rest"]))
    return None


def pointed(text: str) -> Pointer | None:
    """The pointer that a text consists of altogether: “the second”, “number 3”."""
    whole = tidy(_LEAD.sub("", tidy(text)))
    found = _POINTING.fullmatch(whole)
    return _pointer(found) if found else None


# --- details ---------------------------------------------------------------------------------------


def _elsewhere(words: str) -> Elsewhere:
    bare = re.sub(r"^the\s+", "", words.strip(), flags=re.IGNORECASE)
    head, _, last = bare.rpartition(" ")
    hint = _HINTS.get(last.lower(), "")
    name = head if hint and head else bare
    if name.lower() == "other":
        return Elsewhere("", hint, other=True)  # type: ignore[arg-type]
    return Elsewhere(name, hint if head else "")  # type: ignore[arg-type]


def _shortened(text: str) -> Pointing | None:
    """A bare verb, or something that belongs to “it”, said as a request about it."""
    for pattern, full in _SHORT:
        if found := pattern.match(text):
            return _pointing(full.format(**found.groupdict()))
    if found := _OWNED.search(text):
        request = _OWNED_REQUESTS.get(found["what"].lower())
        before = text[: found.start()].strip().lower()
        if request and before in ("", "show", "show me", "get", "get me", "give me", "read", "and"):
            return _pointing(request)
    return None


def _pointing(text: str) -> Pointing | None:
    found = tuple(_pointer(match) for match in _POINTING.finditer(text))
    return Pointing(text, found) if found else None


def _pointer(found: re.Match[str]) -> Pointer:
    start, end, words = found.start(), found.end(), found[0]
    kind = _kind(found["noun"] or found["kind"] or found["other"])
    if ordinal := found["ordinal"] or found["bare"]:
        return Pointer(start, end, words, "place", ORDINALS[ordinal.lower()], kind)
    if found["number"]:
        return Pointer(start, end, words, "place", number(found["number"]) - 1)
    if found["other"]:
        return Pointer(start, end, words, "other", kind=kind)
    if found["all"] or found["several"]:
        return Pointer(start, end, words, "all")
    return Pointer(start, end, words, "single", kind=kind)


def _kind(word: str | None) -> str:
    if not word or word.lower() in _ROWS or word.lower() in ("workload", "app"):
        return ""
    return kind_word(word)
