"""`pilothouse` without a command opens the screen, on a terminal that is a real one."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from tests.console.cli.running import Pilothouse


def test_the_console_opens_and_leaves_the_terminal_sane(pilothouse: Pilothouse) -> None:
    console = pexpect.spawn(
        sys.executable,
        ["-m", "console", "--ascii", "--no-mouse"],
        env=pilothouse.environ(TERM="xterm-256color"),
        dimensions=(30, 110),
        encoding="utf-8",
        timeout=30,
    )
    try:
        console.expect("Say what you want")
        console.send("\x03")
        console.send("\x03")
        console.expect("\x1b\\[\\?1049l")
        console.expect(pexpect.EOF)
        console.wait()
        assert console.exitstatus == 0
    finally:
        console.close(force=True)
    assert list((pilothouse.home / "state" / "logs").glob("*")) == []


@contextmanager
def opened(pilothouse: Pilothouse) -> Iterator[pexpect.spawn[str]]:
    """A console on a terminal of its own, in a session it drives."""
    console = pexpect.spawn(
        sys.executable,
        ["-m", "console", "--ascii", "--no-mouse"],
        env=pilothouse.environ(TERM="xterm-256color"),
        dimensions=(30, 110),
        encoding="utf-8",
        timeout=60,
    )
    try:
        console.expect("driving")
        yield console
    finally:
        console.close(force=True)


def left_in_order(pilothouse: Pilothouse) -> bool:
    """Whether nobody holds a session and the journal fits together."""
    leases = list((pilothouse.home / "state" / "leases").glob("*.lock"))
    return leases == [] and pilothouse("audit", "verify").code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_console_in_order(pilothouse: Pilothouse, number: signal.Signals) -> None:
    with opened(pilothouse) as console:
        console.kill(number)
        console.expect(pexpect.EOF)
        console.wait()
        assert console.exitstatus == 128 + number
    assert left_in_order(pilothouse)


def test_a_console_does_not_outlive_its_terminal(pilothouse: Pilothouse) -> None:
    with opened(pilothouse) as console:
        assert list((pilothouse.home / "state" / "leases").glob("*.lock"))
        # Only the terminal goes away, as when a window is closed or a connection drops.
        with Path(os.devnull).open("rb") as nowhere:
            os.dup2(nowhere.fileno(), console.child_fd)
        console.ptyproc.wait()
        assert console.ptyproc.exitstatus == 128 + signal.SIGHUP
    assert left_in_order(pilothouse)
