"""Logs of several pods as one: in order of time, searched within a time limit, repeats folded."""

from datetime import datetime

import pytest

from tests.tools.kubernetes.lab import Lab, until
from tools.errors import Invalid, TimedOut
from tools.kubernetes.reads.log_lines import WrittenLine, folded, in_order, searched
from tools.kubernetes.reads.logs import LogsOutput


def written(text: str, at: str = "2026-01-01T00:00:00Z", pod: str = "web-1") -> WrittenLine:
    return WrittenLine(at=at, pod=pod, container="app", text=text)


async def test_lines_of_several_pods_stand_in_order_of_time_with_their_pods_name(pods: Lab) -> None:
    await pods.deployment("web", replicas=2)

    async def both() -> LogsOutput | None:
        found = await pods.read("kubernetes_logs", kind="deploy", name="web", merge=True, tail=200)
        assert isinstance(found, LogsOutput)
        return found if len({line.pod for line in found.merged}) == 2 and not found.logs else None

    found = await until(both)
    times = [datetime.fromisoformat(line.at) for line in found.merged]
    assert times == sorted(times)


async def test_a_regular_expression_chooses_lines(pods: Lab) -> None:
    await pods.deployment("web", replicas=2)

    async def some() -> LogsOutput | None:
        found = await pods.read("kubernetes_logs", kind="deploy", name="web", merge=True)
        assert isinstance(found, LogsOutput)
        return found if found.merged and not found.logs else None

    await until(some)
    nothing = await pods.read(
        "kubernetes_logs", kind="deploy", name="web", regex="^no line (is|was) like this$"
    )
    assert nothing.merged == ()
    everything = await pods.read("kubernetes_logs", kind="deploy", name="web", regex="^.*$")
    assert everything.merged


def test_lines_of_one_moment_keep_their_order_and_fractions_count() -> None:
    one = [written("a", "2026-01-01T00:00:00.5Z"), written("b", "2026-01-01T00:00:00.5Z")]
    other = [written("c", "2026-01-01T00:00:00.25Z", "web-2"), written("d", "2026-01-01T00:00:01Z", "web-2")]
    assert [line.text for line in in_order([one, other])] == ["c", "a", "b", "d"]


def test_lines_that_differ_in_numbers_only_become_one_with_a_count() -> None:
    lines = [
        written("GET /a took 12 ms"),
        written("ready"),
        written("GET /a took 7 ms"),
        written("GET /b took 7 ms"),
    ]
    assert [(line.text, line.times) for line in folded(lines)] == [
        ("ready", 1),
        ("GET /a took 7 ms", 2),
        ("GET /b took 7 ms", 1),
    ]


async def test_a_search_finds_lines_in_any_case() -> None:
    lines = [written("all well"), written("ERROR: no database"), written("error 7")]
    assert [line.text for line in await searched(lines, r"error:? (\d|no)")] == [
        "ERROR: no database",
        "error 7",
    ]


async def test_an_expression_that_never_ends_is_stopped() -> None:
    with pytest.raises(TimedOut, match="took longer"):
        await searched([written("a" * 60 + "!")], r"(a+)+$", seconds=0.5)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "(?P<x"])
async def test_what_is_no_expression_is_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(Invalid, match="is not a regular expression"):
        await searched([written("x")], pattern)
