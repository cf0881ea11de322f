"""The line that finds sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.session_query import QueryProblem, read_query

NOW = datetime(2026, 3, 14, 15, 9, tzinfo=timezone(timedelta(hours=2)))


def test_filters_stand_between_words_in_any_order() -> None:
    line = 'context:prod image status:failed since:2d by:anna resource:deploy/checkout pull "back off"'
    wanted = read_query(line, NOW)
    assert wanted.text == 'image pull "back off"'
    assert wanted.labels == {"context": ("prod",), "person": ("anna",)}
    assert (wanted.statuses, wanted.things) == (("failed",), ("deployment/checkout",))
    assert wanted.since == NOW - timedelta(days=2)


def test_values_of_one_key_mean_any_of_them_repeated_or_with_commas() -> None:
    assert read_query("status:failed,stopped status:waiting", NOW).statuses == (
        "failed",
        "stopped",
        "waiting",
    )


def test_a_quoted_value_may_have_blanks() -> None:
    assert read_query('resource:"deploy/cart in shop"', NOW).things == ("deployment/cart in shop",)


def test_what_has_a_colon_and_no_known_key_is_a_word() -> None:
    line = "registry:5000/app https://example.org/x 10:30"
    assert read_query(line, NOW).text == line


@pytest.mark.parametrize(
    ("words", "since", "until"),
    [
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=NOW.tzinfo), datetime(2026, 3, 2, 23, 59, 59, 999999, NOW.tzinfo)),
        ("2026-03-02T10:30", datetime(2026, 3, 2, 10, 30, tzinfo=NOW.tzinfo), None),
        ("2026-03-02T10:30:00+00:00", datetime(2026, 3, 2, 10, 30, tzinfo=UTC), None),
        ("yesterday", datetime(2026, 3, 13, tzinfo=NOW.tzinfo), datetime(2026, 3, 13, 23, 59, 59, 999999, NOW.tzinfo)),
        ("90m", NOW - timedelta(minutes=90), None),
        ("1w", NOW - timedelta(weeks=1), None),
    ],
)  # fmt: skip
def test_times_are_the_operators_own(words: str, since: datetime, until: datetime | None) -> None:
    assert read_query(f"since:{words}", NOW).since == since
    assert read_query(f"until:{words}", NOW).until == (until or since)


@pytest.mark.parametrize("line", ["status:brilliant", "since:soon", "by:", "is:big", "status: failed"])
def test_a_value_that_is_none_is_told_in_a_sentence(line: str) -> None:
    with pytest.raises(QueryProblem, match=r"^(No session|“|by:|status:).*[.]$"):
        read_query(line, NOW)


@given(st.text(max_size=80))
def test_no_line_breaks_the_grammar(line: str) -> None:
    try:
        wanted = read_query(line, NOW)
    except QueryProblem:
        return
    assert wanted.busy
