"""The resource table: live, sorted, filtered, and the cursor stays on its resource."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.widgets.demo_material import pods
from console.widgets.resource_filter import ResourceFilter
from console.widgets.resource_order import cell_key
from console.widgets.resource_rows import FEW, ResourceRows
from console.widgets.resources import HEAD, ResourceTable
from tests.console.widgets.stage import NOON, on_stage
from tools.rows import FeedState, Health, Row, RowsChanged

COLUMNS = ("NAME", "STATUS", "RESTARTS", "AGE", "LABELS")


def row(name: str, status: str = "Running", restarts: int = 0, labels: str = "", age: int = 60) -> Row:
    health = Health.OK if status == "Running" else Health.BAD
    cells = (name, status, str(restarts), "", labels)
    return Row(f"uid-{name}", "prod", "shop", name, "pods", cells, health, NOON - timedelta(seconds=age))


def batch(*rows: Row, removed: tuple[str, ...] = (), state: FeedState = FeedState.LIVE, detail: str = "",
          reset: bool = False) -> RowsChanged:  # fmt: skip
    return RowsChanged(COLUMNS, rows, removed, reset, state, detail, NOON)


def table() -> ResourceTable:
    return ResourceTable(now=lambda: NOON)


async def test_a_table_reads_like_this() -> None:
    widget = table()
    async with on_stage(widget, (66, 7)) as (app, pilot):
        widget.apply(
            batch(row("checkout-1"), row("payments-1", "CrashLoopBackOff", 14, "app=payments", 7_300))
        )
        await pilot.press("space")
        assert [line[:65].rstrip() for line in app.lines[:4]] == [
            "● live  2  1 marked",
            "    NAME ↑      STATUS            RESTARTS    AGE    LABELS",
            "■ ● checkout-1  Running           0           60s",
            "  ✗ payments-1  CrashLoopBackOff  14          2h     app=payments",
        ]


@pytest.mark.parametrize(
    ("state", "detail", "words"),
    [
        (FeedState.CONNECTING, "", "◌ connecting…"),
        (FeedState.LIVE, "", "● live"),
        (FeedState.POLLING, "watch is forbidden", "◐ polling: watch is forbidden"),
        (FeedState.FAILED, "no such context", "no such context"),
    ],
)
async def test_the_first_line_says_how_fresh_the_rows_are(state: FeedState, detail: str, words: str) -> None:
    widget = table()
    async with on_stage(widget) as (app, pilot):
        widget.apply(batch(state=state, detail=detail, reset=True))
        await pilot.pause()
        assert words in app.lines[0]


async def test_stale_rows_stay_and_say_since_when() -> None:
    widget = table()
    async with on_stage(widget) as (app, pilot):
        widget.apply(batch(row("a")))
        widget.apply(batch(state=FeedState.STALE, detail="connection lost"))
        await pilot.pause()
        since = NOON.astimezone().strftime("%H:%M:%S")
        assert app.lines[0].startswith(f"▲ stale since {since}: connection lost")
        assert "a " in app.lines[2]


async def test_the_cursor_stays_on_its_resource_under_sorting_filtering_and_removal() -> None:
    widget = table()
    async with on_stage(widget) as (app, pilot):
        widget.apply(batch(*(row(f"pod-{n:02}", restarts=100 - n) for n in range(50))))
        await pilot.press(*["j"] * 7)
        assert widget.cursor_row is not None and widget.cursor_row.name == "pod-07"
        widget.sort_by(2)
        assert widget.cursor_row.name == "pod-07"
        widget.apply(batch(*(row(f"new-{n}", restarts=0) for n in range(30)), removed=("uid-pod-49",)))
        await pilot.pause()
        assert widget.cursor_row.name == "pod-07" and "pod-07" in app.text
        widget.filter_by("pod-0")
        await pilot.pause()
        assert widget.cursor_row.name == "pod-07" and "10 of 79" in app.lines[0]
        widget.apply(batch(removed=("uid-pod-07",)))
        assert widget.cursor_row is not None and widget.cursor_row.name in ("pod-06", "pod-08")


async def test_enter_opens_and_a_asks_about_the_row_under_the_cursor() -> None:
    widget = table()
    async with on_stage(widget) as (app, pilot):
        widget.apply(batch(row("a"), row("b")))
        await pilot.press("j", "enter", "a")
        assert [message.row.name for message in app.of(ResourceTable.RowOpened)] == ["b"]
        assert [message.row.name for message in app.of(ResourceTable.RowAsked)] == ["b"]


async def test_marks_belong_to_resources_and_leave_with_them() -> None:
    widget = table()
    async with on_stage(widget) as (_, pilot):
        widget.apply(batch(row("a"), row("b"), row("c")))
        await pilot.press("space", "space")
        assert [marked.name for marked in widget.marked_rows] == ["a", "b"]
        widget.filter_by("c")
        widget.apply(batch(removed=("uid-a",)))
        assert [marked.name for marked in widget.marked_rows] == ["b"]


async def test_ten_thousand_rows_draw_only_what_is_on_the_screen() -> None:
    widget = ResourceTable()
    async with on_stage(widget, (100, 30)) as (app, pilot):
        widget.apply(pods(10_000))
        await pilot.pause()
        assert "10,000" in app.lines[0]
        assert widget.lines_drawn <= 3 * 30
        widget.lines_drawn = 0
        await pilot.press("G")
        assert widget.lines_drawn <= 2 * 30
        widget.lines_drawn = 0
        await pilot.press("k")
        assert widget.lines_drawn <= 4


async def test_a_click_on_a_column_sorts_by_it_and_a_second_one_turns_the_order() -> None:
    widget = table()
    async with on_stage(widget) as (app, pilot):
        widget.apply(batch(row("a", restarts=9), row("b", restarts=10), row("c", restarts=1)))
        await pilot.pause()
        restarts = app.lines[1].index("RESTARTS")
        await pilot.click(widget, offset=(restarts, 1))
        assert [line[4] for line in app.lines[2:5]] == ["c", "a", "b"]
        await pilot.click(widget, offset=(restarts, 1))
        assert [line[4] for line in app.lines[2:5]] == ["b", "a", "c"]


async def test_columns_that_do_not_fit_can_be_reached_sideways() -> None:
    widget = table()
    async with on_stage(widget, (34, 8)) as (app, pilot):
        widget.apply(batch(row("payments-6f9c5d7b8-2xk4q", labels="app=payments")))
        await pilot.pause()
        assert "LABELS" not in app.lines[1]
        await pilot.press("l", "l", "l")
        assert "LABELS" in app.lines[1] and "payments" in app.lines[2]


async def test_names_with_control_codes_markup_and_wide_letters_keep_the_columns_straight() -> None:
    widget = table()
    async with on_stage(widget, (60, 8)) as (app, pilot):
        widget.apply(batch(row("\x1b[31m[b]x"), row("日本語" * 20), row("n" * 5_000)))
        await pilot.pause()
        assert "[b]x" in app.text and "\x1b" not in app.text
        strips = app.screen._compositor.render_strips()
        assert all(strip.cell_length == 60 for strip in strips)
        column = app.lines[1].index("STATUS")
        assert app.lines[HEAD].find("Running") == column or any(
            "Running" in line[column:] for line in app.lines
        )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["web-1", "web-2", "db-1"]),
        ("web", ["web-1", "web-2"]),
        ("WEB 2", ["web-2"]),
        ("!web", ["db-1"]),
        ("-l app=web", ["web-1", "web-2"]),
        ("-l app=web,tier!=gold", ["web-2"]),
        ("-lapp!=web", ["db-1"]),
        ("-l tier", ["web-1"]),
        ("-l !tier", ["web-2", "db-1"]),
        ("-l app=web web-1", ["web-1"]),
        ("!", ["web-1", "web-2", "db-1"]),
        ("-l", ["web-1", "web-2", "db-1"]),
    ],
)
def test_the_filter_keeps(text: str, names: list[str]) -> None:
    rows = [
        row("web-1", labels="app=web,tier=gold"),
        row("web-2", labels="app=web"),
        row("db-1", labels="app=db"),
    ]
    keep = ResourceFilter(text).keeps(COLUMNS)
    assert [item.name for item in rows if keep(item)] == names


@pytest.mark.parametrize(
    "cells",
    [
        ["9", "10", "110"],
        ["90m", "1", "2"],
        ["512Mi", "2Gi", "1Ti"],
        ["0/3", "2/3", "3/3"],
        ["db-2", "db-10", "db-11"],
        ["0", "14 (3m ago)", "120 (1h ago)"],
        ["5", "web", "-"],
        ["a0d4", "a0d10"][::-1],
    ],
)
def test_cells_are_ordered_as_they_are_meant(cells: list[str]) -> None:
    assert sorted(cells, key=cell_key) == cells


def test_spans_of_time_are_ordered_by_length() -> None:
    assert sorted(["2d", "3m", "4h", "90s"], key=lambda cell: cell_key(cell, span=True)) == [
        "90s",
        "3m",
        "4h",
        "2d",
    ]


names = st.sampled_from([f"n{number}" for number in range(12)])
changes = st.lists(
    st.tuples(st.lists(st.tuples(names, st.integers(0, 3)), max_size=5), st.lists(names, max_size=3)),
    max_size=12,
)


@settings(deadline=None)
@given(changes, st.integers(0, 2), st.booleans(), st.sampled_from(["", "1", "!2"]))
def test_rows_put_in_place_one_by_one_stand_as_if_sorted_anew(
    history: list[tuple[list[tuple[str, int]], list[str]]], column: int, descending: bool, text: str
) -> None:
    live = ResourceRows()
    live.apply(batch(reset=True))
    live.sort(column, descending=descending)
    live.refilter(text)
    for upserts, removed in history:
        changed = tuple(row(name, restarts=n) for name, n in upserts)
        live.apply(batch(*changed, removed=tuple(f"uid-{n}" for n in removed)))
        anew = ResourceRows()
        anew.apply(batch(*live.all(), reset=True))
        anew.sort(column, descending=descending)
        anew.refilter(text)
        shown = [live[position].uid for position in range(len(live))]
        assert shown == [anew[position].uid for position in range(len(anew))]
        assert [live.position(uid) for uid in shown] == list(range(len(shown)))


def test_a_large_batch_and_a_small_one_give_the_same_table() -> None:
    rows = [row(f"n{number}", restarts=number % 7) for number in range(FEW * 3)]
    one, many = ResourceRows(), ResourceRows()
    one.apply(batch(*rows, reset=True))
    many.apply(batch(reset=True))
    for item in rows:
        many.apply(batch(item))
    assert [one[n].uid for n in range(len(one))] == [many[n].uid for n in range(len(many))]
