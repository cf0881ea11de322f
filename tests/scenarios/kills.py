"""Kills processes that carry out plans, with SIGKILL and at random, and looks at what is left.

    python -m tests.scenarios.kills --count 300 [--seed N] [--json]
    python -m tests.scenarios.kills --each "way back"

Each run is one plan in a home of its own. Its process dies at least once, at a random landmark (on
either side of a commit, inside a write before or after its effect) or at a random moment; sometimes
the process that takes over dies too. The last one is left alone. Then no write may have arrived
twice or not at all, no event that the journal had confirmed may be missing, the chain must hold, and
the plan must have ended as its story says.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from pydantic import BaseModel

from memory import chain
from tests.scenarios.crash_child import main as one_life
from tests.scenarios.crash_stories import STORIES, Story

LIVES = 4
"""Processes one plan may need at most; the last of them is never killed."""

LAST_RESORT = 60.0
"""Seconds after which a process that nobody kills should have ended by itself."""

_TICK = 0.002


class Run(BaseModel):
    """What became of one plan."""

    story: str
    kills: int
    lives: int
    status: str
    doubled: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    """Events the journal had confirmed and does not hold."""
    problem: str = ""

    @property
    def good(self) -> bool:
        return not (self.doubled or self.missing or self.lost or self.problem)


class Usual(BaseModel):
    """How long an undisturbed life of a story is."""

    landmarks: int
    seconds: float


def run_all(count: int, seed: int, folder: Path) -> list[Run]:
    """Carry out so many plans, each killed at least once."""
    chance = random.Random(seed)
    names = list(STORIES)
    usual = {name: _usual(folder / f"usual-{place}", STORIES[name]) for place, name in enumerate(names)}
    runs = []
    for number in range(count):
        name = names[number % len(names)]
        runs.append(_one(folder / f"run-{number}", name, usual[name], chance))
    return runs


def run_each(name: str, folder: Path) -> list[Run]:
    """One plan for every landmark of a story: its process dies there, and another takes over."""
    story = STORIES[name]
    runs = []
    for landmark in range(1, _usual(folder / "usual", story).landmarks + 1):
        home = folder / f"at-{landmark}"
        killed = _wait(_start(home, landmark, story), None)
        _wait(_start(home, 0, story), None)
        runs.append(_judged(home, name, int(killed), 2))
    return runs


def _usual(folder: Path, story: Story) -> Usual:
    began = time.monotonic()
    _wait(_start(folder, 0, story), None)
    status, passed = _ended(folder)
    if status != story.ends.value:
        raise RuntimeError(f"undisturbed, the plan ends as {status} and not as {story.ends.value}")
    return Usual(landmarks=passed, seconds=time.monotonic() - began)


def _one(folder: Path, name: str, usual: Usual, chance: random.Random) -> Run:
    story, kills, lives = STORIES[name], 0, 0
    wanted = chance.choice((1, 1, 2, 3))
    while True:
        last = lives == LIVES - 1 or kills >= wanted
        at_landmark = chance.random() < 0.6
        fatal = 0 if last or not at_landmark else chance.randint(1, max(1, usual.landmarks // (kills + 1)))
        after = None if last or at_landmark else chance.uniform(0.0, usual.seconds)
        lives += 1
        if _wait(_start(folder, fatal, story), after):
            kills += 1
        elif last or kills:
            break
    return _judged(folder, name, kills, lives)


def _judged(folder: Path, name: str, kills: int, lives: int) -> Run:
    story, status = STORIES[name], _ended(folder)[0]
    arrived = folder / "shelf" / "arrived.log"
    counted = Counter(arrived.read_text().split() if arrived.exists() else [])
    verified = chain.verify(folder / "home" / "data" / "journal.db")
    problem = "" if verified.ok else f"the chain does not hold: {verified}"
    if status != story.ends.value:
        problem = f"it ended as {status} and not as {story.ends.value}. {problem}"
    return Run(
        story=name,
        kills=kills,
        lives=lives,
        status=status,
        doubled=tuple(write for write, times in counted.items() if times > 1),
        missing=tuple(
            write for write in story.arrived if write not in counted and not _stands(folder / "shelf", write)
        ),
        lost=tuple(sorted(_confirmed(folder) - _kept(folder))),
        problem=problem or _strangers(counted, story),
    )


def _stands(shelf: Path, write: str) -> bool:
    """Whether the value is there though its line is not: the kill fell between the two."""
    name, _, value = write.partition("=")
    path = shelf / name
    return path.exists() and path.read_text() == value


def _strangers(counted: Counter[str], story: Story) -> str:
    more = set(counted) - set(story.arrived)
    return f"writes nobody asked for: {', '.join(sorted(more))}" if more else ""


def _confirmed(folder: Path) -> set[str]:
    """What the journal said it had; a line that a kill cut short had not been read by anybody."""
    text = (folder / "confirmed").read_text()
    return set(text[: text.rfind("\n") + 1].splitlines())


def _kept(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "home" / "data" / "journal.db")) as journal:
        return {f"{seq} {kind}" for seq, kind in journal.execute("SELECT seq, kind FROM events")}


# --- processes -----------------------------------------------------------------------------------------


def _start(folder: Path, fatal: int, story: Story) -> int:
    """A process of its own, which need not load everything again. Returns its id."""
    folder.mkdir(parents=True, exist_ok=True)
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        passed, status = asyncio.run(one_life(folder, fatal, story))
        (folder / "ended").write_text(f"{status}\n{passed}")
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def _ended(folder: Path) -> tuple[str, int]:
    path = folder / "ended"
    if not path.exists():
        return "never", 0
    status, passed = path.read_text().split("\n")
    return status, int(passed)


def _wait(child: int, kill_after: float | None) -> bool:
    """Wait for a process; kill it after so many seconds. True if it was killed."""
    began = time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if os.WIFSIGNALED(status):
                return os.WTERMSIG(status) == signal.SIGKILL
            if os.WEXITSTATUS(status):
                raise RuntimeError(f"a process that nobody killed ended with {os.WEXITSTATUS(status)}")
            return False
        lived = time.monotonic() - began
        if lived > LAST_RESORT or (kill_after is not None and lived >= kill_after):
            os.kill(child, signal.SIGKILL)
            kill_after = None
        time.sleep(_TICK)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="plans whose process is killed")
    parser.add_argument("--seed", type=int, default=1, help="decides when they are killed")
    parser.add_argument("--each", choices=list(STORIES), help="once at every landmark of this story instead")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pilothouse-kills-") as folder:
        home = Path(folder)
        runs = run_each(chosen.each, home) if chosen.each else run_all(chosen.count, chosen.seed, home)
    bad = [run for run in runs if not run.good]
    if chosen.json:
        json.dump([run.model_dump() for run in runs], sys.stdout, indent=1)
        print()
    else:
        for name in dict.fromkeys(run.story for run in runs):
            mine = [run for run in runs if run.story == name]
            killed = sum(run.kills for run in mine)
            print(
                f"{name:<14}{len(mine):>5} plans {killed:>5} kills {sum(run.good for run in mine):>5} as they should be"
            )
        for run in bad:
            print(run.model_dump_json())
        print(
            f"{len(runs)} plans, {sum(run.kills for run in runs)} kills:"
            f" {sum(len(run.doubled) for run in runs)} writes doubled,"
            f" {sum(len(run.missing) for run in runs)} missing,"
            f" {sum(len(run.lost) for run in runs)} confirmed events lost, {len(bad)} plans ended otherwise;"
            f" seed {chosen.seed}, {time.monotonic() - began:.0f} s"
        )
    return 1 if bad or any(run.kills == 0 for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
