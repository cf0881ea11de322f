from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import aclosing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.envelope import Draft, Envelope
from memory.errors import JournalClosed, StepNotOpen
from memory.journal import Journal
from memory.ledger import BegunState, Ledger
from tests.memory.scribes import Scribe, Ticks, append_many, draft

drafts = st.builds(
    Draft,
    kind=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
    version=st.integers(1, 9),
    body=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
commits = st.lists(st.tuples(st.sampled_from("abc"), st.lists(drafts, min_size=1, max_size=4)), max_size=8)


async def test_what_was_appended_is_read_back_by_whoever_opens_the_file_next(path: Path) -> None:
    async with await Journal.open(path, Ticks()) as journal:
        written = await journal.append("s", draft("one", body='{"n":1}'), draft("two", body='{"n":2}'))
    async with await Journal.open(path, Ticks()) as journal:
        assert await journal.read("s") == written
    assert [(e.seq, e.row, e.body) for e in written] == [(1, 1, '{"n":1}'), (2, 2, '{"n":2}')]


async def test_each_session_counts_from_one_and_the_journal_counts_them_all(journal: Journal) -> None:
    await journal.append("a", draft())
    await journal.append("b", draft(), draft())
    [last] = await journal.append("a", draft())
    assert (last.seq, last.row) == (2, 4)
    assert [e.row for e in await journal.read("b")] == [2, 3]


@settings(max_examples=25, deadline=None)
@given(commits, st.integers(1, 5))
def test_how_events_were_committed_and_paged_never_changes_what_a_session_reads(
    plan: list[tuple[str, list[Draft]]], page: int
) -> None:
    async def main(folder: Path) -> None:
        async with await Journal.open(folder / "journal.db", Ticks()) as journal:
            for session, written in plan:
                await journal.append(session, *written)
            for session in "abc":
                expected = [d for name, ds in plan if name == session for d in ds]
                whole = await journal.read(session)
                assert [(e.kind, e.version, e.body) for e in whole] == [
                    (d.kind, d.version, d.body) for d in expected
                ]
                assert [e.seq for e in whole] == list(range(1, len(expected) + 1))
                assert await _paged(journal, session, page) == whole
            assert (await journal.verify(await journal.anchor())).ok

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))


async def _paged(journal: Journal, session: str, size: int) -> list[Envelope]:
    found: list[Envelope] = []
    while page := await journal.read(session, after=found[-1].seq if found else 0, limit=size):
        assert len(page) <= size
        found += page
    return found


async def test_times_are_kept_in_utc_to_the_microsecond(path: Path) -> None:
    moment = datetime(2026, 5, 4, 3, 2, 1, 7, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    async with await Journal.open(path, lambda: moment) as journal:
        await journal.append("s", draft())
        [kept] = await journal.read("s")
    assert kept.at == moment
    assert kept.at.tzinfo == UTC


async def test_a_clock_without_a_timezone_is_refused_and_writes_nothing(path: Path) -> None:
    async with await Journal.open(path, lambda: datetime(2026, 5, 4)) as journal:
        with pytest.raises(ValueError, match="timezone"):
            await journal.append("s", draft())
        assert await journal.read("s") == []


async def test_a_step_is_fresh_once_then_unknown_until_it_ends_then_done(journal: Journal) -> None:
    fresh = await journal.begin("s", "k", draft(kind="intent"))
    assert (fresh.state, fresh.intent.kind, fresh.outcome) == (BegunState.FRESH, "intent", None)
    unknown = await journal.begin("s", "k", draft(kind="intent again"))
    assert (unknown.state, unknown.intent) == (BegunState.UNKNOWN, fresh.intent)
    assert await journal.open_keys("s") == ["k"]
    outcome, _ = await journal.end("s", "k", draft(kind="outcome"), draft(kind="report"))
    done = await journal.begin("s", "k", draft(kind="intent again"))
    assert (done.state, done.intent, done.outcome) == (BegunState.DONE, fresh.intent, outcome)
    assert await journal.open_keys("s") == []
    assert [e.kind for e in await journal.read("s")] == ["intent", "outcome", "report"]


async def test_the_same_key_in_two_sessions_names_two_steps(journal: Journal) -> None:
    await journal.begin("a", "k", draft())
    assert (await journal.begin("b", "k", draft())).state is BegunState.FRESH
    await journal.end("a", "k", draft())
    assert await journal.open_keys("b") == ["k"]


async def test_open_keys_come_in_the_order_they_were_begun(journal: Journal) -> None:
    for key in ("z", "a", "m"):
        await journal.begin("s", key, draft())
    await journal.end("s", "a", draft())
    assert await journal.open_keys("s") == ["z", "m"]


async def test_only_a_step_that_is_open_can_end(journal: Journal) -> None:
    with pytest.raises(StepNotOpen, match="never begun"):
        await journal.end("s", "k", draft())
    await journal.begin("s", "k", draft())
    await journal.end("s", "k", draft())
    with pytest.raises(StepNotOpen, match="ended already"):
        await journal.end("s", "k", draft())
    assert len(await journal.read("s")) == 2


async def test_of_many_who_begin_the_same_step_at_once_exactly_one_is_told_to_act(journal: Journal) -> None:
    states = [b.state for b in await asyncio.gather(*(journal.begin("s", "k", draft()) for _ in range(20)))]
    assert sorted(states) == [BegunState.FRESH] + [BegunState.UNKNOWN] * 19


def test_two_processes_appending_at_once_lose_nothing_and_keep_the_chain(path: Path) -> None:
    async def check() -> None:
        async with await Journal.open(path, Ticks()) as journal:
            assert [e.seq for e in await journal.read("shared")] == list(range(1, 121))
            assert (await journal.verify()).rows == 120
            assert (await journal.verify(await journal.anchor())).ok

    scribes = [Scribe(append_many, path, "shared", 60) for _ in range(2)]
    rows = [int(row) for scribe in scribes for row in scribe.rest()]
    assert sorted(rows) == list(range(1, 121))
    asyncio.run(check())


async def test_following_shows_what_is_there_and_then_what_this_and_another_process_append(
    journal: Journal, path: Path
) -> None:
    await journal.append("s", draft(), draft(kind="second"))
    seen: list[Envelope] = []
    async with asyncio.timeout(30), aclosing(journal.follow("s", after=1)) as events:
        async for envelope in events:
            seen.append(envelope)
            if len(seen) == 1:
                await journal.append("s", draft(kind="own"))
            if len(seen) == 2:
                scribe = Scribe(append_many, path, "s", 3)
            if len(seen) == 5:
                break
    scribe.rest()
    assert [e.seq for e in seen] == [2, 3, 4, 5, 6]
    assert seen[:2] == [e for e in await journal.read("s") if e.kind in ("second", "own")]


async def test_a_follower_stops_when_the_journal_closes(journal: Journal) -> None:
    await journal.append("s", draft())
    started = asyncio.Event()

    async def follow() -> list[int]:
        seen = []
        async for envelope in journal.follow("s", after=0):
            seen.append(envelope.seq)
            started.set()
        return seen

    follower = asyncio.create_task(follow())
    await started.wait()
    await journal.close()
    async with asyncio.timeout(30):
        assert await follower == [1]
    with pytest.raises(JournalClosed):
        await journal.append("s", draft())


async def test_a_cancelled_append_is_whole_or_absent_and_leaves_no_transaction_open(
    journal: Journal, path: Path
) -> None:
    kept = 0
    for turns in range(40):
        before = len(await journal.read("s"))
        task = asyncio.create_task(journal.append("s", draft("a"), draft("b")))
        for _ in range(turns):
            await asyncio.sleep(0)
        finished = not task.cancel()
        if finished:
            await task
        else:
            with pytest.raises(asyncio.CancelledError):
                await task
        with sqlite3.connect(path, timeout=0) as other:
            other.execute("BEGIN IMMEDIATE")
            other.rollback()
        grown = len(await journal.read("s")) - before
        assert grown in (0, 2)
        kept += grown
    assert kept, "no append got far enough to be cut"
    assert (await journal.verify()).ok


def test_a_loop_that_ends_in_the_middle_of_an_append_leaves_a_journal_that_fits(path: Path) -> None:
    async def leave() -> None:
        journal = await Journal.open(path, Ticks())
        asyncio.get_running_loop().create_task(journal.append("s", draft("a"), draft("b")))
        for _ in range(3):
            await asyncio.sleep(0)
        await journal.close()

    async def check() -> None:
        async with await Journal.open(path, Ticks()) as journal:
            assert len(await journal.read("s")) in (0, 2)
            assert (await journal.verify()).ok
            await journal.append("s", draft())

    asyncio.run(leave())
    asyncio.run(check())


def test_a_journal_nobody_closed_does_not_keep_the_program_alive(path: Path) -> None:
    program = """
import asyncio, datetime, pathlib, sys
from memory.journal import Journal
async def main():
    kept.append(await Journal.open(pathlib.Path(sys.argv[1]), lambda: datetime.datetime.now(datetime.UTC)))
    raise SystemExit(7)
kept = []
asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", program, str(path)], timeout=60, capture_output=True)
    assert ended.returncode == 7


def test_the_journal_is_a_ledger(path: Path) -> None:
    async def main() -> None:
        ledger: Ledger = await Journal.open(path, Ticks())
        assert isinstance(ledger, Journal)
        await ledger.append("s", draft())
        await ledger.close()

    asyncio.run(main())
