from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.errors import HomeUnusable
from memory.home import Home
from memory.lease import Lease, claim, holder
from tests.memory.scribes import Scribe, hold_a_lease


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def other_console(home: Home) -> Iterator[Scribe]:
    scribe = Scribe(hold_a_lease, home.root, "s")
    assert scribe.hear() == "claimed"
    yield scribe
    scribe.kill()


def test_a_second_claim_gets_nothing_until_the_first_is_released(home: Home) -> None:
    first = claim(home, "s")
    assert first is not None and first.held
    assert claim(home, "s") is None
    assert claim(home, "other") is not None
    first.release()
    first.release()
    assert not first.held
    with _claimed(home) as again:
        assert again.held


def _claimed(home: Home) -> Lease:
    lease = claim(home, "s")
    assert lease is not None
    return lease


def test_another_process_is_told_by_name_and_its_death_frees_the_session(
    home: Home, other_console: Scribe
) -> None:
    assert claim(home, "s") is None
    found = holder(home, "s")
    assert found is not None
    assert found.pid == other_console.process.pid
    assert found.host
    other_console.kill()
    assert holder(home, "s") is None
    with _claimed(home):
        mine = holder(home, "s")
        assert mine is not None and mine.pid == os.getpid()


def test_nobody_holds_a_session_that_was_never_claimed(home: Home) -> None:
    assert holder(home, "s") is None


def test_of_many_who_claim_at_once_exactly_one_wins_and_always_one(home: Home) -> None:
    for _ in range(10):
        start = threading.Barrier(8)
        won: list[Lease | None] = []

        def try_it(start: threading.Barrier = start, won: list[Lease | None] = won) -> None:
            start.wait()
            won.append(claim(home, "s"))

        threads = [threading.Thread(target=try_it) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        [winner] = [lease for lease in won if lease]
        winner.release()


def test_while_consoles_come_and_go_never_two_hold_the_session(home: Home) -> None:
    inside = threading.Lock()
    broken_in: list[str] = []
    turns: list[int] = []

    def come_and_go() -> None:
        for turn in range(300):
            if lease := claim(home, "s"):
                if inside.acquire(blocking=False):
                    turns.append(turn)
                    # Long enough inside for another to come upon the file as it changes hands.
                    for _ in range(10):
                        assert holder(home, "s")
                    inside.release()
                else:
                    broken_in.append(f"turn {turn}")
                lease.release()

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert turns
    assert broken_in == []


def test_looking_at_a_free_session_does_not_cost_another_its_claim(home: Home) -> None:
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            holder(home, "s")

    onlooker = threading.Thread(target=look)
    onlooker.start()
    try:
        for _ in range(100):
            _claimed(home).release()
    finally:
        stop.set()
        onlooker.join()


@pytest.mark.parametrize("session", ["../../escape", "/etc/passwd", ".", "..", "a\nb", "ü"])
def test_a_sessions_id_never_names_a_file_elsewhere(home: Home, session: str) -> None:
    with claim(home, session) or pytest.fail("not claimed"):
        assert [file.parent for file in home.leases.iterdir()] == [home.leases]


def test_a_home_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file is in the way")
    with pytest.raises(HomeUnusable, match="cannot be used"):
        claim(Home(tmp_path / "home"), "s")
