"""Spans of time in the words an operator reads at a glance."""

from __future__ import annotations

from datetime import datetime


def elapsed(seconds: float) -> str:
    """`0.3s`, `12s`, `3m05s`, `2h07m`, `4d11h`. Negative spans count as none."""
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3_600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3_600}h{whole % 3_600 // 60:02}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3_600:02}h"


def whole_seconds(seconds: float) -> str:
    """Like `elapsed`, without fractions: for figures that tick."""
    whole = max(int(seconds), 0)
    return f"{whole}s" if whole < 60 else elapsed(whole)


def clock(at: datetime) -> str:
    """The time of day in the operator's own zone: `12:03:10`."""
    return at.astimezone().strftime("%H:%M:%S")


def age(seconds: float) -> str:
    """How old something is, in kubectl's short form: `42s`, `17m`, `5h`, `3d`, `2y`."""
    whole = max(int(seconds), 0)
    for size, unit, until in (
        (1, "s", 120),
        (60, "m", 7_200),
        (3_600, "h", 172_800),
        (86_400, "d", 63_072_000),
    ):
        if whole < until:
            return f"{whole // size}{unit}"
    return f"{whole // 31_536_000}y"
