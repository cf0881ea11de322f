"""From “the top one” to an object: pointers are looked up in what the session has shown."""

from __future__ import annotations

from collections.abc import Sequence

from agent.following.phrases import KINDS, Pointer
from agent.following.recent import Exchange, Recent
from agent.following.things import Thing
from tools.errors import NotFound

MOST_AT_ONCE = 20
"""Objects that “all of them” takes; more belong into a request of their own."""


class Unclear(Exception):
    """Several objects fit. They are in displayed order."""

    def __init__(self, words: str, things: Sequence[Thing]) -> None:
        super().__init__(words)
        self.words = words
        self.things = tuple(things)


def pointed_at(pointer: Pointer, recent: Recent) -> tuple[tuple[Thing, ...], str]:
    """The objects that a pointer means, and in what they were shown.

    Raises:
        Unclear: several fit where one is meant.
        NotFound: nothing was shown that it could mean.
    """
    match pointer.which:
        case "place":
            exchange, things = _showing(pointer, recent)
            if not -len(things) <= pointer.place < len(things):
                raise NotFound(
                    f"“{pointer.words}” is not there: “{exchange.said}” has shown {_count(len(things), pointer.kind)}."
                )
            return (things[pointer.place],), f"{pointer.words} of “{exchange.said}”"
        case "all":
            exchange, things = _showing(pointer, recent)
            if pointer.words.lower().startswith("both") and len(things) != 2:
                raise Unclear(pointer.words, things)
            if len(things) > MOST_AT_ONCE:
                raise NotFound(
                    f"“{exchange.said}” has shown {len(things)} objects; {MOST_AT_ONCE} at once is the limit.",
                    hint="Name a narrower place, or the objects themselves.",
                )
            return things, f"{pointer.words} of “{exchange.said}”"
        case "other":
            return _other(pointer, recent)
    exchange, things = _about(pointer, recent)
    if len(things) > 1:
        raise Unclear(pointer.words, things)
    return things, f"{pointer.words}: what “{exchange.said}” was about"


def _showing(pointer: Pointer, recent: Recent) -> tuple[Exchange, tuple[Thing, ...]]:
    """The last answer with such objects in it. What was picked out of a list does not hide the list."""
    single: tuple[Exchange, tuple[Thing, ...]] | None = None
    for exchange in reversed(recent.exchanges):
        things = _of_kind(exchange.results, pointer.kind)
        if len(things) > 1:
            return exchange, things
        if things and single is None:
            single = exchange, things
            if not exchange.because:
                break
    if single is None:
        raise _nothing(pointer)
    return single


def _about(pointer: Pointer, recent: Recent) -> tuple[Exchange, tuple[Thing, ...]]:
    for exchange in reversed(recent.exchanges):
        if things := _of_kind(exchange.subjects, pointer.kind):
            return exchange, things
    raise _nothing(pointer)


def _other(pointer: Pointer, recent: Recent) -> tuple[tuple[Thing, ...], str]:
    """What is left of the last list once the object spoken of since is taken out."""
    kind = pointer.kind if pointer.kind in KINDS else ""
    for exchange in reversed(recent.exchanges):
        things = _of_kind(exchange.results, kind)
        if len(things) < 2:
            continue
        since = {
            thing for later in recent.exchanges if later.turn > exchange.turn for thing in later.subjects
        }
        left = tuple(thing for thing in things if thing not in since)
        if len(left) == 1 and since:
            return left, f"{pointer.words} of “{exchange.said}”"
        raise Unclear(pointer.words, left or things)
    raise _nothing(pointer)


def _of_kind(things: Sequence[Thing], kind: str) -> tuple[Thing, ...]:
    return tuple(thing for thing in things if not kind or thing.kind == kind)


def _nothing(pointer: Pointer) -> NotFound:
    what = f"no {pointer.kind}" if pointer.kind else "nothing"
    return NotFound(
        f"“{pointer.words}” points back, but {what} was shown or named in this session.",
        hint="Name the object: kind/name in namespace.",
    )


def _count(number: int, kind: str) -> str:
    noun = kind or "object"
    return f"one {noun}" if number == 1 else f"{number} {noun}s"
