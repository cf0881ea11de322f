"""kill -9, again and again, while a process begins, notes and ends steps in a journal."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

from memory import chain
from memory.journal import Journal
from memory.ledger import BegunState
from tests.memory.scribes import Scribe, Ticks, append_until_the_disk_refuses, draft, work_on_steps

KILLS = 40


def test_after_every_kill_nothing_confirmed_is_missing_and_the_chain_fits(path: Path) -> None:
    dice = random.Random(20260301)
    begun: set[str] = set()
    ended: set[str] = set()
    notes: set[int] = set()
    cut_open = 0
    for _ in range(KILLS):
        reports = _run_and_kill(path, dice)
        for word, name in (report.split() for report in reports):
            if word == "begin":
                begun.add(name)
            elif word == "end":
                ended.add(name)
            else:
                notes.add(int(name))
        # The chain is walked first, on the file as the kill left it.
        assert chain.verify(path).ok
        cut_open += asyncio.run(_check(path, begun, ended, notes))
    assert len(ended) > KILLS, "the processes hardly got to work"
    assert cut_open > KILLS / 4, "the kills hardly ever fell between a step's begin and end"


def _run_and_kill(path: Path, dice: random.Random) -> list[str]:
    scribe = Scribe(work_on_steps, path, "s")
    heard = [scribe.hear() for _ in range(dice.randint(1, 8))]
    moment = time.perf_counter() + dice.random() * 0.004
    while time.perf_counter() < moment:
        pass
    return heard + scribe.kill()


async def _check(path: Path, begun: set[str], ended: set[str], notes: set[int]) -> bool:
    async with await Journal.open(path, Ticks()) as journal:
        events = {e.seq: e for e in await journal.read("s")}
        assert sorted(events) == list(range(1, len(events) + 1))
        assert all(events[seq].kind == "note" and seq + 1 in events for seq in notes)
        still_open = await journal.open_keys("s")
        assert len(still_open) <= 1, "a step was left behind by an earlier life"
        assert not ended & set(still_open)
        for key in begun - ended:
            # Either in doubt, or the kill fell between the commit of its end and the report of it.
            state = (await journal.begin("s", key, draft())).state
            assert state is (BegunState.UNKNOWN if key in still_open else BegunState.DONE)
            if state is BegunState.DONE:
                ended.add(key)
        # The last one ended is asked for its outcome; all would take longer with every kill.
        for key in sorted(ended)[-1:]:
            assert (await journal.begin("s", key, draft())).outcome is not None
        assert (await journal.verify(await journal.anchor())).rows == len(events)
        return bool(still_open)


def test_when_the_disk_refuses_nothing_confirmed_is_lost_and_work_goes_on_afterwards(path: Path) -> None:
    async def check(rows: int) -> None:
        async with await Journal.open(path, Ticks()) as journal:
            assert len(await journal.read("s")) == rows
            assert (await journal.verify()).ok
            await journal.append("s", draft())

    *confirmed, error = Scribe(append_until_the_disk_refuses, path, 300_000).rest()
    assert len(confirmed) > 5
    assert error.startswith(("DiskFailed: ", "DiskFull: "))
    assert "Nothing written before was lost." in error
    asyncio.run(check(len(confirmed)))
