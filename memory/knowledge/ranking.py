"""Which of the memories that share words with a request are worth telling.

Relevance comes from the full-text index (BM25); it is weighed with what the memory itself deserves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from memory import search
from memory.knowledge.entry import Recalled, Remembered

HALF_LIFE = 180.0
"""Days since it was last verified after which a memory weighs half as much; it never falls below a quarter."""

MOST_ROWS = 2000
"""Rows of the index that one recall weighs. Words that stand in more rows say little, and would cost a second."""

_MOST_WORDS = 8
_MOST_NAMES = 4

_NAME = re.compile(r"[^\W_]+(?:[-_./:][^\W_]+)+")

_STALE = 0.8

_SAYS_SO = 0.6
"""How much more a memory weighs that has every word of the request in some form, beside the names in it."""

_ENDINGS = ("ing", "ed", "es", "s", "e")

_AGAIN = 0.8
"""What a memory's score is worth for each one before it that has the same words of the request."""

_SAY_NOTHING = frozenset(
    """
    a about after again all an and are as at be been before but by can could did do does for from get had has
    have how i if in into is it its just me my no not now of off on one or our out please say should show so
    some tell than that the their them then there these they this to under up us was we were what when where
    which who why will with would you your
    """.split()  # noqa: SIM905 - a paragraph reads better than 95 quoted words
)


def telling(text: str) -> list[str]:
    """The words of a request that say what it is about."""
    return [word for word in search.words(text) if word not in _SAY_NOTHING]


def names(text: str) -> list[str]:
    """What a request names in several words joined together (`amber-harbour`, `db/orders`), as the index sees it."""
    found = (" ".join(search.words(name)) for name in _NAME.findall(text))
    return list(dict.fromkeys(name for name in found if " " in name))[:_MOST_NAMES]


def affordable(counts: Mapping[str, int], named: Sequence[str] = ()) -> str:
    """A query for rows with one of the names or words, the rarest first, as far as `MOST_ROWS` goes; at least one.

    Args:
        counts: in how many rows each word occurs.
        named: see `names`. A name is rarer than the words it is made of, and those stand in the names of others.
    """
    rare = {name: min(counts.get(word, 0) for word in name.split()) for name in named} | {
        word: count for word, count in counts.items() if count
    }
    order = sorted((words for words, count in rare.items() if count), key=lambda w: (" " not in w, rare[w]))
    chosen: dict[str, int] = {}
    for words in order:
        if (chosen and sum(chosen.values()) + rare[words] > MOST_ROWS) or len(chosen) == _MOST_WORDS:
            continue
        chosen[words] = rare[words]
    return " OR ".join(f'"{words}"' for words in chosen)


def ranked(
    found: Iterable[tuple[Remembered, float]], now: datetime, limit: int, wanted: Iterable[str] = ()
) -> list[Recalled]:
    """The best of them, best first.

    Args:
        found: memories with their BM25 rank (SQLite's: the smaller, the better, never above 0).
        wanted: the names and words of the request. One that names two things wants to know of both: of memories that
            have the same of these, each further one must be that much better.
    """
    pairs = list(found)
    best = min((rank for _, rank in pairs), default=0.0) or -1.0
    words = list(wanted)
    about = {_stem(word) for word in words if " " not in word}
    about -= {_stem(part) for word in words if " " in word for part in word.split()}
    weighed = [
        Recalled(memory=memory, score=round((rank / best) * _says(memory, about) * worth(memory, now), 6))
        for memory, rank in pairs
    ]
    weighed.sort(key=lambda item: (-item.score, -item.memory.id))
    named = [word for word in words if " " in word]
    return _spread(weighed, limit, frozenset(named or words))


def _says(memory: Remembered, about: set[str]) -> float:
    """A weight above 1 for one that has the words of the request, be it as `owns` or as `owned`."""
    if not about:
        return 1.0
    # A topic says in one way what was said in many: “belongs to” settles who owns it.
    has = {_stem(word) for word in search.words(f"{memory.body} {memory.topic}")}
    return 1.0 + _SAYS_SO * len(about & has) / len(about)


def _stem(word: str) -> str:
    """The word without its ending, as far as English goes; other languages keep most words whole."""
    end = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 3), "")
    return word.removesuffix(end)


def _spread(weighed: list[Recalled], limit: int, wanted: frozenset[str]) -> list[Recalled]:
    """Choose one after the other; whoever says what others said before stands back."""
    groups: dict[frozenset[str], list[Recalled]] = {}
    for item in weighed:
        words = f" {' '.join(search.words(f'{item.memory.subject} {item.memory.body}'))} "
        has = frozenset(one for one in wanted if f" {one} " in words)
        groups.setdefault(has, []).append(item)
    taken = dict.fromkeys(groups, 0)
    chosen: list[Recalled] = []
    while len(chosen) < limit:
        left = [has for has in groups if taken[has] < len(groups[has])]
        if not left:
            break
        best = max(left, key=lambda has: groups[has][taken[has]].score * _AGAIN ** taken[has])
        chosen.append(groups[best][taken[best]])
        taken[best] += 1
    return sorted(chosen, key=lambda item: (-item.score, -item.memory.id))


def worth(memory: Remembered, now: datetime) -> float:
    """Confidence × recency × success, from 0 to 1. A stale one counts a little less: it may be the only one."""
    days = max((now - memory.verified).total_seconds(), 0.0) / 86_400
    recency: float = max(0.5 ** (days / HALF_LIFE), 0.25)
    success = (memory.successes + 1) / (memory.successes + memory.failures + 1)
    return memory.confidence * recency * success * (_STALE if memory.stale(now) else 1.0)
