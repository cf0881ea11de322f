"""kill -9 at any moment loses nothing that was confirmed and repeats no write."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAST_RESORT = 100


def run(folder: Path, landmark: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.scenarios.crash_child", str(folder), str(landmark)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LAST_RESORT, check=False)


@pytest.mark.parametrize("story", ["plain", "way back"])
def test_a_kill_at_every_event_boundary_loses_nothing_and_repeats_no_write(story: str) -> None:
    """Forked from a process of its own, which has loaded everything once."""
    command = [sys.executable, "-m", "tests.scenarios.kills", "--each", story, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LAST_RESORT, check=False)
    runs = json.loads(done.stdout)
    assert len(runs) > 20, "the plan should have many moments to die at"
    assert all(run["kills"] == 1 for run in runs)
    for landmark, run in enumerate(runs, start=1):
        assert not (run["doubled"] or run["missing"] or run["lost"] or run["problem"]), (landmark, run)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("landmark", [9, 14, 19])
def test_a_second_kill_during_the_recovery_changes_nothing(tmp_path: Path, landmark: int) -> None:
    folder = tmp_path / "twice"
    run(folder, landmark)
    for again in range(1, 7):
        run(folder, again)
    last = run(folder, 0)
    assert "status=succeeded" in last.stdout, last.stdout + last.stderr
    assert sorted((folder / "shelf" / "arrived.log").read_text().split()) == ["a=1", "b=1", "d=1"]
