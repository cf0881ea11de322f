"""The resource table: live, sorted, filtered, and the cursor stays on its resource."""

from __future__ import annotations

from dataclasses import replace
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
        (FeedState.POLLING, "watch is forbidden", "◐ polling, 0s ago: watch is forbidden"),
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
        assert app.lines[0].startswith(f"▲ stale since {since} (0s): connection lost")
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
        await pilot.press("right", "right", "right")
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
        ("-f wb2", ["web-2"]),
        ("-fd1", ["db-1"]),
        ("-f w.b", []),
        ("-e prod", []),
        ("-e shop", ["web-1", "web-2", "db-1"]),
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
    wanted = ResourceFilter(text)
    assert [item.name for item in rows if wanted.keeps(item, COLUMNS)] == names
    live = ResourceRows()
    live.apply(batch(*rows, reset=True))
    live.refilter(text)
    assert sorted(live[n].name for n in range(len(live))) == sorted(names)


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


def test_where_no_column_holds_labels_the_selector_is_the_servers_to_apply() -> None:
    wanted = ResourceFilter("-l app=web,tier!=gold !old -l !legacy")
    assert wanted.selector == "app=web,tier!=gold,!legacy"
    assert wanted.keeps(row("web-1"), ("NAME", "STATUS"))
    assert not wanted.keeps(row("old-1"), ("NAME", "STATUS"))


def test_an_environment_is_read_from_its_column() -> None:
    columns = ("Name", "Namespace", "Env")
    rows = [Row(f"uid-{n}", "c", "shop", f"n{n}", "Pod", (f"n{n}", "shop", env)) for n, env in
            enumerate(("production", "staging", ""))]  # fmt: skip
    assert [item.name for item in rows if ResourceFilter("-e prod").keeps(item, columns)] == ["n0"]


@pytest.mark.parametrize("descending", [False, True])
async def test_unhealthy_rows_come_first_whatever_the_rest_is_sorted_by(descending: bool) -> None:
    widget = table()
    async with on_stage(widget) as (app, pilot):
        widget.apply(batch(row("a"), row("b", "Error"), row("c"), row("d", "CrashLoopBackOff")))
        await pilot.press("U")
        widget.sort_by(0, descending=descending)
        widget.apply(batch(row("e"), row("f", "Error")))
        await pilot.pause()
        shown = [line[4] for line in app.lines[HEAD : HEAD + 6]]
        expected = ["f", "d", "b", "e", "c", "a"] if descending else ["b", "d", "f", "a", "c", "e"]
        assert shown == expected
        assert "unhealthy first" in app.lines[0]


@pytest.mark.parametrize("descending", [False, True])
async def test_rows_of_the_wished_namespaces_come_first_and_only_the_wished_columns_are_drawn(
    descending: bool,
) -> None:
    def of(name: str, namespace: str) -> Row:
        return replace(row(name), namespace=namespace)

    widget = table()
    async with on_stage(widget) as (app, pilot):
        widget.wish(("web", "shop"), ("name", "status"))
        widget.apply(batch(of("a", "dev"), of("b", "shop"), of("c", "web"), of("d", "dev")))
        widget.sort_by(0, descending=descending)
        await pilot.pause()
        shown = [line[4] for line in app.lines[HEAD : HEAD + 4]]
        assert shown == (["c", "b", "d", "a"] if descending else ["c", "b", "a", "d"])
        assert "STATUS" in app.lines[1] and "RESTARTS" not in app.lines[1]
        widget.wish((), ("colour",))
        await pilot.pause()
        assert "RESTARTS" in app.lines[1], "a wish for what is not there hides nothing"


async def test_marks_that_are_filtered_out_are_counted_and_said_and_one_key_takes_all_back() -> None:
    widget = table()
    async with on_stage(widget) as (app, pilot):
        widget.apply(batch(row("a"), row("b"), row("c")))
        await pilot.press("space", "space")
        widget.filter_by("b")
        await pilot.pause()
        assert "2 marked, 1 not in view" in app.lines[0]
        await pilot.press("M")
        assert not widget.marked_rows and "marked" not in app.lines[0]


async def test_an_object_made_anew_under_its_name_is_no_longer_marked() -> None:
    widget = table()
    async with on_stage(widget) as (_, pilot):
        widget.apply(batch(row("a"), row("b")))
        await pilot.press("space")
        widget.apply(batch(row("a", age=0), removed=("uid-a",)))
        assert not widget.marked_rows


async def test_a_change_elsewhere_draws_no_row_again() -> None:
    widget = table()
    async with on_stage(widget, (100, 20)) as (_, pilot):
        widget.apply(batch(*(row(f"pod-{n:04}", restarts=3) for n in range(500)), reset=True))
        await pilot.pause()
        widget.lines_drawn = 0
        widget.apply(batch(row("pod-0400", restarts=9), row("pod-0499", "Error", 9)))
        await pilot.pause()
        assert widget.lines_drawn == 0
        widget.apply(batch(row("pod-0003", restarts=9)))
        await pilot.pause()
        assert widget.lines_drawn == 1


async def test_ages_tick_and_only_what_changed_is_drawn() -> None:
    moment = [NOON]
    widget = ResourceTable(now=lambda: moment[0])
    async with on_stage(widget) as (app, pilot):
        widget.apply(batch(row("a", age=30), row("b", age=3_600 * 5)))
        await pilot.pause()
        widget.lines_drawn = 0
        moment[0] += timedelta(seconds=7)
        widget.tick()
        await pilot.pause()
        assert "37s" in app.lines[HEAD] and "5h" in app.lines[HEAD + 1]
        assert widget.lines_drawn == 1


async def test_without_rows_the_whole_reason_can_be_read() -> None:
    widget = table()
    async with on_stage(widget, (40, 10)) as (app, pilot):
        detail = "Could not list widgets on lab: conversion webhook failed, connection refused."
        widget.apply(RowsChanged((), reset=True, state=FeedState.STALE, detail=detail))
        await pilot.pause()
        assert detail in " ".join(line.strip() for line in app.lines[HEAD:]).strip()
        assert "Nothing here" not in app.text
