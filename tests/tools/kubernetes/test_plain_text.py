"""Nothing a cluster says can draw on the operator's terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.kubernetes.live.health import health
from tools.kubernetes.plain_text import LINE_LIMIT, plain
from tools.rows import Health


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\rb\x08c", "abc"),
        ("\x9b2Jgone", "gone"),
        ("tab\tstays, é and 漢字 too", "tab\tstays, é and 漢字 too"),
        ("abc\u202edef", "abcdef"),
    ],
)
def test_control_codes_are_taken_out(raw: str, shown: str) -> None:
    assert plain(raw) == shown


@given(st.text())
def test_no_control_character_but_the_tab_is_left(raw: str) -> None:
    assert all(char == "\t" or unicodedata.category(char) != "Cc" for char in plain(raw))


def test_an_endless_line_is_cut_and_says_so() -> None:
    shown = plain("x" * 10_000)
    assert len(shown) < LINE_LIMIT + 50
    assert shown.endswith("(8000 more characters)")


POD = ("Name", "Ready", "Status", "Restarts")


@pytest.mark.parametrize(
    ("columns", "cells", "expected"),
    [
        (POD, ("w", "1/1", "Running", "0"), Health.OK),
        (POD, ("w", "0/1", "Running", "0"), Health.WARN),
        (POD, ("w", "0/1", "CrashLoopBackOff", "9 (2m ago)"), Health.BAD),
        (POD, ("w", "0/1", "ImagePullBackOff", "0"), Health.BAD),
        (POD, ("w", "0/1", "ContainerCreating", "0"), Health.WARN),
        (POD, ("w", "0/1", "Completed", "0"), Health.IDLE),
        (POD, ("w", "1/1", "Terminating", "0"), Health.WARN),
        (("Name", "Ready"), ("w", "2/2"), Health.OK),
        (("Name", "Ready"), ("w", "1/2"), Health.WARN),
        (("Name", "Ready"), ("w", "0/2"), Health.BAD),
        (("Name", "Ready"), ("w", "0/0"), Health.IDLE),
        (("Name", "Status"), ("n", "Ready"), Health.OK),
        (("Name", "Status"), ("n", "NotReady"), Health.BAD),
        (("Name", "Status"), ("n", "Ready,SchedulingDisabled"), Health.WARN),
        (("Name", "Desired", "Current", "Ready"), ("d", "3", "3", "3"), Health.OK),
        (("Name", "Ready"), ("cr", "False"), Health.BAD),
        (("Name", "Data"), ("cm", "3"), Health.UNKNOWN),
    ],
)
def test_health_is_told_from_what_the_server_prints(
    columns: tuple[str, ...], cells: tuple[str, ...], expected: Health
) -> None:
    assert health(columns, cells) is expected
