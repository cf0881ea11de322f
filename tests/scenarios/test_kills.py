"""Random kills double no write and lose no event; `python -m tests.scenarios.kills` runs hundreds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.crash_stories import STORIES

ROOT = Path(__file__).parents[2]
LAST_RESORT = 300
"""Seconds: every commit waits for the disk, and a busy one is slow."""


@pytest.mark.timeout(LAST_RESORT + 30)
def test_after_random_kills_every_write_arrived_once_and_every_confirmed_event_is_there() -> None:
    """In a process of its own, since it forks."""
    count = len(STORIES)
    command = [sys.executable, "-m", "tests.scenarios.kills", "--count", str(count), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LAST_RESORT, check=False)
    runs = json.loads(done.stdout)
    assert {run["story"] for run in runs} == set(STORIES) and all(run["kills"] for run in runs)
    for kind in ("doubled", "missing", "lost"):
        assert [run for run in runs if run[kind]] == []
    assert done.returncode == 0, done.stdout + done.stderr
