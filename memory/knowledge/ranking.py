"""Which of the memories that share words with a request are worth telling.

Relevance comes from the full-text index (BM25); it is weighed with what the memory itself deserves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from memory import search
from memory.knowledge.entry import Recalled, Remembered

HALF_LIFE = 180.0
"""Days since it was last verified after which a memory weighs half as much; it never falls below a quarter."""

MOST_ROWS = 2000
"""Rows of the index that one recall weighs. Words that stand in more rows say little, and would cost a second."""

_MOST_WORDS = 8

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


def affordable(counts: Mapping[str, int]) -> str:
    """A query for rows with one of the words, the rarest first, as far as `MOST_ROWS` goes; at least the rarest.

    Args:
        counts: in how many rows each word occurs.
    """
    chosen: dict[str, int] = {}
    for word in sorted((word for word, count in counts.items() if count), key=lambda word: counts[word]):
        if (chosen and sum(chosen.values()) + counts[word] > MOST_ROWS) or len(chosen) == _MOST_WORDS:
            break
        chosen[word] = counts[word]
    return " OR ".join(f'"{word}"' for word in chosen)


def ranked(found: Iterable[tuple[Remembered, float]], now: datetime, limit: int) -> list[Recalled]:
    """The best of them, best first.

    Args:
        found: memories with their BM25 rank (SQLite's: the smaller, the better, never above 0).
    """
    pairs = list(found)
    best = min((rank for _, rank in pairs), default=0.0) or -1.0
    weighed = [
        Recalled(memory=memory, score=round((rank / best) * worth(memory, now), 6)) for memory, rank in pairs
    ]
    return sorted(weighed, key=lambda item: (-item.score, -item.memory.id))[:limit]


def worth(memory: Remembered, now: datetime) -> float:
    """Confidence × recency × success, from 0 to 1. A stale memory counts half."""
    days = max((now - memory.verified).total_seconds(), 0.0) / 86_400
    recency: float = max(0.5 ** (days / HALF_LIFE), 0.25)
    success = (memory.successes + 1) / (memory.successes + memory.failures + 1)
    return memory.confidence * recency * success * (0.5 if memory.stale(now) else 1.0)
