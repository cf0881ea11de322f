"""A process that carries out one plan and kills itself at the n-th landmark; started by test_crash.

    python -m tests.scenarios.crash_child FOLDER LANDMARK [STORY]

Landmarks lie before and after every commit to the journal, and inside every write before and after
its effect. With landmark 0 it never kills itself. It resumes whatever an earlier run left behind.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from memory.envelope import Draft, Envelope
from memory.journal import Journal
from memory.ledger import Begun
from tests.scenarios.crash_stories import STORIES, Story, live


class Landmarks:
    """Counts landmarks and does not survive the chosen one."""

    def __init__(self, fatal: int) -> None:
        self.fatal = fatal
        self.passed = 0

    def __call__(self, where: str) -> None:
        self.passed += 1
        if self.passed == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)


class Witness:
    """Writes down, outside the journal, what the journal has confirmed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(folder / "confirmed", os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def saw(self, envelopes: Iterable[Envelope]) -> None:
        lines = "".join(f"{each.seq} {each.kind}\n" for each in envelopes)
        os.write(self._file, lines.encode())


class MarkedLedger:
    """A journal with a landmark on either side of every commit, and a witness of what it confirmed."""

    def __init__(self, journal: Journal, mark: Landmarks, witness: Witness) -> None:
        self._journal = journal
        self._mark = mark
        self._witness = witness

    async def append(self, session: str, *drafts: Draft) -> list[Envelope]:
        self._mark("before append")
        done = await self._journal.append(session, *drafts)
        self._witness.saw(done)
        self._mark("after append")
        return done

    async def begin(self, session: str, key: str, draft: Draft) -> Begun:
        self._mark("before begin")
        done = await self._journal.begin(session, key, draft)
        self._witness.saw([done.intent])
        self._mark("after begin")
        return done

    async def end(self, session: str, key: str, *drafts: Draft) -> list[Envelope]:
        self._mark("before end")
        done = await self._journal.end(session, key, *drafts)
        self._witness.saw(done)
        self._mark("after end")
        return done

    async def read(self, session: str, after: int = 0, limit: int | None = None) -> list[Envelope]:
        return await self._journal.read(session, after, limit)


async def main(folder: Path, fatal: int, story: Story) -> tuple[int, str]:
    """One life. Returns how many landmarks it passed, and how its plan ended."""
    mark, witness = Landmarks(fatal), Witness(folder)
    status = await live(story, folder, mark, lambda crew: MarkedLedger(crew.journal, mark, witness))
    return mark.passed, status


if __name__ == "__main__":
    name = sys.argv[3] if len(sys.argv) > 3 else "plain"
    passed, ended = asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), STORIES[name]))
    print(f"passed={passed} status={ended}", flush=True)
