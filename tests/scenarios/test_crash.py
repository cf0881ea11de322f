"""kill -9 at any moment loses nothing that was confirmed and repeats no write."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from memory import chain

ROOT = Path(__file__).parents[2]
LAST_RESORT = 60


def run(folder: Path, landmark: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.scenarios.crash_child", str(folder), str(landmark)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LAST_RESORT, check=False)


def landmarks(tmp_path: Path) -> int:
    """How many landmarks an undisturbed run passes."""
    done = run(tmp_path / "undisturbed", 0)
    found = re.search(r"passed=(\d+) status=succeeded", done.stdout)
    assert found, done.stdout + done.stderr
    return int(found[1])


def test_a_kill_at_every_event_boundary_loses_nothing_and_repeats_no_write(tmp_path: Path) -> None:
    total = landmarks(tmp_path)
    assert total > 20, "the plan should have many moments to die at"
    for landmark in range(1, total + 1):
        folder = tmp_path / f"at-{landmark}"
        killed = run(folder, landmark)
        assert killed.returncode == -signal.SIGKILL, f"landmark {landmark}: {killed.stderr}"
        after = run(folder, 0)
        assert "status=succeeded" in after.stdout, f"landmark {landmark}: {after.stdout}{after.stderr}"
        arrived = sorted((folder / "shelf" / "arrived.log").read_text().split())
        assert arrived == ["a=1", "b=1", "d=1"], f"landmark {landmark}: {arrived}"
        verified = chain.verify(folder / "home" / "data" / "journal.db")
        assert verified.ok, f"landmark {landmark}: {verified}"


@pytest.mark.parametrize("landmark", [9, 14, 19])
def test_a_second_kill_during_the_recovery_changes_nothing(tmp_path: Path, landmark: int) -> None:
    folder = tmp_path / "twice"
    run(folder, landmark)
    for again in range(1, 7):
        run(folder, again)
    last = run(folder, 0)
    assert "status=succeeded" in last.stdout, last.stdout + last.stderr
    assert sorted((folder / "shelf" / "arrived.log").read_text().split()) == ["a=1", "b=1", "d=1"]
