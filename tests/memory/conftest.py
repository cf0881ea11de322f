from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from memory.journal import Journal
from memory.sessions import Sessions
from tests.memory.scribes import Ticks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    async with await Journal.open(path, Ticks()) as opened:
        yield opened


@pytest.fixture
def sessions(journal: Journal) -> Sessions:
    return Sessions(journal)
