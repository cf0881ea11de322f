"""The results as a table: what recovery is worth, and what it costs."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

from tests.scenarios.faults.trial import Outcome, Result
from tests.scenarios.faults.troubles import Hope


def share(results: Sequence[Result]) -> float:
    """Percent that ended as well as they can."""
    return 100.0 * sum(result.good for result in results) / len(results) if results else 100.0


def recoverable(results: Iterable[Result]) -> list[Result]:
    return [result for result in results if result.hope is Hope.RECOVERS]


def hopeless(results: Iterable[Result]) -> list[Result]:
    return [result for result in results if result.hope is Hope.REPORTS]


def by_trouble(results: Sequence[Result]) -> list[str]:
    """One line for each failure class: with recovery beside without."""
    if not results:
        return []
    names = list(dict.fromkeys((result.trouble, result.hope) for result in results))
    lines = [
        f"{'trouble':<34}{'best end':<10}{'cases':>6}{'on':>9}{'off':>9}{'tries on/off':>14}"
        f"{'wasted on/off':>15}{'seconds on/off':>16}"
    ]
    for name, hope in names:
        mine = [result for result in results if (result.trouble, result.hope) == (name, hope)]
        on, off = _halves(mine)
        lines.append(
            f"{name:<34}{hope.value:<10}{len(on):>6}{share(on):>8.1f}%{share(off):>8.1f}%"
            f"{_pair(on, off, 'attempts'):>14}{_pair(on, off, 'wasted'):>15}{_pair(on, off, 'seconds'):>16}"
        )
    return lines


def by_tool(results: Sequence[Result]) -> list[str]:
    """One line for each tool."""
    lines = [f"{'tool':<32}{'recoverable on':>16}{'off':>8}{'reported on':>14}{'off':>8}"]
    for tool in dict.fromkeys(result.tool for result in results):
        on, off = _halves([result for result in results if result.tool == tool])
        figures = [share(recoverable(on)), share(recoverable(off)), share(hopeless(on)), share(hopeless(off))]
        lines.append(
            f"{tool:<32}{figures[0]:>15.1f}%{figures[1]:>7.1f}%{figures[2]:>13.1f}%{figures[3]:>7.1f}%"
        )
    return lines


def summary(results: Sequence[Result]) -> list[str]:
    """What it all comes to."""
    lines = []
    for words, half in zip(("recovery on", "recovery off"), _halves(results), strict=True):
        if not half:
            continue
        able, unable = recoverable(half), hopeless(half)
        wrong = sum(result.outcome is Outcome.WRONG for result in half)
        lines.append(
            f"{words:<13} {sum(r.good for r in able)}/{len(able)} recoverable cases recovered ({share(able):.1f} %),"
            f" {sum(r.good for r in unable)}/{len(unable)} others ended in an honest report ({share(unable):.1f} %),"
            f" {wrong} wrong; {sum(r.attempts for r in half)} tries, {sum(r.wasted for r in half)} wasted,"
            f" {sum(r.seconds for r in half):.0f} s"
        )
    return lines


def misses(results: Sequence[Result]) -> list[str]:
    """Every case with recovery that could have ended better, and every wrong one."""
    return [
        f"{result.outcome.value:<9} {'on ' if result.recovery else 'off'} {result.tool}: {result.trouble}: {result.why}"
        for result in results
        if result.outcome is Outcome.WRONG or (result.recovery and not result.good)
    ]


def outcomes(results: Sequence[Result]) -> Counter[str]:
    return Counter(result.outcome.value for result in results)


def _halves(results: Sequence[Result]) -> tuple[list[Result], list[Result]]:
    on = [result for result in results if result.recovery]
    return on, [result for result in results if not result.recovery]


def _pair(on: Sequence[Result], off: Sequence[Result], field: str) -> str:
    return "/".join(_mean(half, field) for half in (on, off))


def _mean(results: Sequence[Result], field: str) -> str:
    return f"{statistics.fmean(getattr(result, field) for result in results):.1f}" if results else "-"
