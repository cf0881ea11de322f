"""`pilothouse` without a command opens the screen, on a terminal that is a real one."""

from __future__ import annotations

import sys

import pexpect

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
