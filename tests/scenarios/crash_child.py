"""A process that carries out one plan and kills itself at the n-th landmark; started by test_crash.

    python -m tests.scenarios.crash_child FOLDER LANDMARK

Landmarks lie before and after every commit to the journal, and inside every write before and after
its effect. With landmark 0 it never kills itself. It resumes whatever an earlier run left behind.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from agent.commands import Resume
from agent.plan import PlanStatus
from memory.envelope import Draft, Envelope
from memory.journal import Journal
from memory.ledger import Begun
from tests.standins.crew import approve, carry_out, crew, look, offer, put, shelf_crew
from tests.standins.shelf import Shelf
from tools.gate import Gate


class Landmarks:
    """Counts landmarks and does not survive the chosen one."""

    def __init__(self, fatal: int) -> None:
        self.fatal = fatal
        self.passed = 0

    def __call__(self, where: str) -> None:
        self.passed += 1
        if self.passed == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)


class MarkedLedger:
    """A journal with a landmark on either side of every commit."""

    def __init__(self, journal: Journal, mark: Landmarks) -> None:
        self._journal = journal
        self._mark = mark

    async def append(self, session: str, *drafts: Draft) -> list[Envelope]:
        self._mark("before append")
        done = await self._journal.append(session, *drafts)
        self._mark("after append")
        return done

    async def begin(self, session: str, key: str, draft: Draft) -> Begun:
        self._mark("before begin")
        done = await self._journal.begin(session, key, draft)
        self._mark("after begin")
        return done

    async def end(self, session: str, key: str, *drafts: Draft) -> list[Envelope]:
        self._mark("before end")
        done = await self._journal.end(session, key, *drafts)
        self._mark("after end")
        return done

    async def read(self, session: str, after: int = 0, limit: int | None = None) -> list[Envelope]:
        return await self._journal.read(session, after, limit)


async def main(folder: Path, fatal: int) -> None:
    mark = Landmarks(fatal)
    shelf = Shelf(folder / "shelf", Gate.build()[0])
    for name in ("a", "b", "c", "d"):
        if shelf.value(name) is None:
            shelf.set(name, "0")
    async with crew(folder / "home", shelf_crew(shelf)) as aboard:
        session = await aboard.open(ledger=MarkedLedger(aboard.journal, mark))
        shelf.landmark = mark
        progress = session.state.current
        if progress is None:
            plan = await offer(session, put("a"), put("b"), look("c", "a"), put("d", "1", "a", "b"))
            await carry_out(session, approve(plan))
        elif progress.status is PlanStatus.OFFERED:
            await carry_out(session, approve(progress.plan))
        elif progress.status is PlanStatus.INTERRUPTED:
            await carry_out(session, Resume(plan_id=progress.plan.id, how="flag", allow_writes=True))
        current = session.state.current
        print(f"passed={mark.passed} status={current.status.value if current else 'none'}", flush=True)
        await session.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
