"""Journals as large as years of work make them, written through the journal's own door."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from memory.envelope import Draft
from memory.journal import Journal
from memory.sessions import Sessions

_COMMON = """
    the pod is restarting in namespace shop because its memory limit was reached deployment checkout has three replicas
    ready and one waits for an image from registry scale rollout error timeout connection refused certificate expired
    node pressure evicted volume service ingress latency request failed again
"""
_SYLLABLES = (
    "ka",
    "lo",
    "mi",
    "ren",
    "sta",
    "tu",
    "vel",
    "dor",
    "pin",
    "gra",
    "hel",
    "os",
    "un",
    "be",
    "zy",
    "ech",
)


class Writer:
    """Makes messages: a few words that are everywhere, many that are rare, names of pods.

    Args:
        seed: the same seed writes the same journal.
    """

    def __init__(self, seed: int = 7) -> None:
        self.dice = random.Random(seed)
        self.words = _COMMON.split() + ["".join(self.dice.choices(_SYLLABLES, k=3)) for _ in range(20_000)]
        self._weights = [1 / (rank + 1) for rank in range(len(self.words))]
        self._running: list[float] = []
        total = 0.0
        for weight in self._weights:
            total += weight
            self._running.append(total)

    def message(self) -> str:
        """Ten to twenty words, now and then with a pod's name."""
        words = self.dice.choices(self.words, cum_weights=self._running, k=self.dice.randint(10, 20))
        if self.dice.random() < 0.2:
            words.append(self.pod())
        return " ".join(words)

    def pod(self) -> str:
        return f"checkout-{self.dice.getrandbits(28):07x}-{self.dice.getrandbits(20):05x}"


def ticking(start: datetime = datetime(2025, 1, 1, tzinfo=UTC)) -> Callable[[], datetime]:
    """A clock that goes on by a minute at each commit."""
    now = start

    def tick() -> datetime:
        nonlocal now
        now += timedelta(minutes=1)
        return now

    return tick


async def write(path: Path, *, sessions: int, messages: int) -> Writer:
    """A journal of so many sessions with so many messages in each; returns who wrote it."""
    writer = Writer()
    async with await Journal.open(path, ticking()) as journal:
        await journal.database.fetch("PRAGMA synchronous = OFF")  # nobody needs this journal tomorrow
        for number in range(sessions):
            name = f"session-{number:06}"
            await Sessions(journal).create(name, f"{writer.message()[:50]}")
            await journal.append(name, *_drafts(writer, messages))
    return writer


def _drafts(writer: Writer, count: int) -> Iterator[Draft]:
    for _ in range(count):
        text = writer.message()
        yield Draft(kind="said", version=1, body="{}", text=text)
