"""The diff: before and after, on one line where it fits, with signs that need no colour."""

from __future__ import annotations

from console.widgets.diff import changes_lines, preview_lines
from console.widgets.glyphs import ASCII
from tools.tool import Change, Preview


def drawn(*changes: Change, width: int = 60) -> list[str]:
    return [line.plain for line in changes_lines(changes, width)]


def test_small_changes_stand_on_one_line_in_columns() -> None:
    assert drawn(
        Change(path="spec.replicas", before=2, after=3),
        Change(path="a.b", after="new"),
        Change(path="c", before=True),
        Change(path="d", before="", after=" "),
    ) == [
        "~ spec.replicas  2 → 3",
        "+ a.b            new (new)",
        "- c              true (removed)",
        '~ d              "" →  ',
    ]


def test_long_values_are_compared_line_by_line_with_their_surroundings() -> None:
    before = "\n".join(f"line {n}" for n in range(10))
    after = before.replace("line 5", "line five")
    assert drawn(Change(path="data.conf", before=before, after=after)) == [
        "~ data.conf",
        "    … 3 unchanged lines",
        "    line 3",
        "    line 4",
        "  - line 5",
        "  + line five",
        "    line 6",
        "    line 7",
        "    … 2 unchanged lines",
    ]


def test_what_does_not_fit_moves_below_its_path_and_wraps() -> None:
    shown = drawn(
        Change(path="image", before="registry.example/app:1", after="registry.example/app:2"), width=30
    )
    assert shown == ["~ image", "  - registry.example/app:1", "  + registry.example/app:2"]
    assert all(len(line) <= 12 for line in drawn(Change(path="a.very.long.path", after="x" * 40), width=12))


def test_warnings_come_last_and_no_change_is_said_in_words() -> None:
    preview = Preview(target="t", name="n", warnings=("no disruption allowed",))
    assert [line.plain for line in preview_lines(preview, 60, ASCII)] == [
        "No field changes.",
        "! no disruption allowed",
    ]


def test_values_from_the_cluster_lose_their_control_codes_and_are_not_markup() -> None:
    shown = "\n".join(drawn(Change(path="a\x1b[1m", before="[red]\x1b[31mx", after="\x07y")))
    assert shown == "~ a  [red]x → y"
