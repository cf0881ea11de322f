"""Markdown: the same text gives the same lines, however it arrived and whatever it contains."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.widgets.glyphs import ASCII
from console.widgets.markdown.lines import piece_lines
from console.widgets.markdown.stream import CODE_STRETCH, MarkdownStream

SAMPLES = [
    "# Head\npara *x*\nmore\n\nSetext\n---\n1. a\n2. b\n   - n\n\n   text\n3. c\n\nafter\n",
    "```py\nx = 1\n\n- not a list\n```\n- a\n- b\n\n  ```sh\n  ls\n  ```\n- c\n1. x\n1. y\n",
    "| a | b |\n|---|--:|\n| 1 | 2 |\n| 3 | 4 |\ntext\n\n> quote\nlazy\n\n***\n    code\n",
    "[ref] and [other]\n\n[ref]: https://x.example\n\n[other]\n\n[other]: https://y.example\n",
    "~~~\nopen to the end\n\n",
    "- [ ] a\n-\n- c\n-\n===\n* d\n+ e\n",
]

fragments = st.sampled_from(
    ["- ", "1. ", "2) ", "# ", "> ", "```", "~~~", "|", "---", "===", "*", "**", "`", "\n", "\n\n", "  ", "    ",
     "a", "wörter", "日本", "\t", "\r\n", "\x1b[31m", "[x](", ")", "https://x.example ", "&amp;", "\\", "-\n"]
)  # fmt: skip


def lines(chunks: list[str], width: int = 40) -> list[str]:
    stream = MarkdownStream()
    pieces = []
    for chunk in chunks:
        pieces += stream.append(chunk)
        # Looking at the tail, as the screen does all the time, must not change the outcome.
        for piece in stream.tail():
            piece_lines(piece, width)
    pieces += stream.finish()
    return [line.plain.rstrip() for piece in pieces for line in piece_lines(piece, width)]


def cut(text: str, places: list[int]) -> list[str]:
    borders = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in itertools.pairwise(borders)]


@pytest.mark.parametrize("text", SAMPLES)
def test_letter_by_letter_gives_the_lines_of_the_whole(text: str) -> None:
    assert lines(list(text)) == lines([text])


@settings(deadline=None, max_examples=80)
@given(st.lists(fragments, max_size=25).map("".join), st.lists(st.integers(0, 500), max_size=6))
def test_any_cutting_of_any_text_gives_the_same_lines(text: str, places: list[int]) -> None:
    assert lines(cut(text, places)) == lines([text])


@settings(deadline=None, max_examples=60)
@given(st.lists(fragments, max_size=25).map("".join), st.integers(8, 60))
def test_no_line_is_wider_than_asked_for(text: str, width: int) -> None:
    stream = MarkdownStream()
    pieces = [*stream.append(text), *stream.finish()]
    drawn = [line for piece in pieces for line in piece_lines(piece, width)]
    assert all(line.cell_length <= width for line in drawn)


def test_closed_blocks_are_handed_out_once_and_early() -> None:
    stream = MarkdownStream()
    assert stream.append("first\n\nsec") == []
    (first,) = stream.append("ond\n")
    assert piece_lines(first, 40)[1].plain == "first"
    assert [piece_lines(piece, 40)[1].plain for piece in stream.finish()] == ["second"]


def test_every_item_of_a_growing_list_closes_when_the_next_begins() -> None:
    stream = MarkdownStream()
    closed = [len(stream.append(f"- item {number}\n")) for number in range(80)]
    assert closed == [0] + [1] * 79
    assert len(stream.tail()) == 1


def test_numbers_of_a_list_go_on_although_its_items_were_closed_one_by_one() -> None:
    assert lines(["7. a\n", "1. b\n", "1. c\n"]) == ["", "7. a", "8. b", "9. c"]


def test_a_long_code_block_is_closed_in_stretches() -> None:
    stream = MarkdownStream()
    pieces = stream.append("```json\n" + "1\n" * (2 * CODE_STRETCH + 3))
    assert [len(piece.lines) for piece in pieces] == [CODE_STRETCH, CODE_STRETCH]
    assert len(stream.tail()[0].lines) == 3


def test_a_table_fits_a_narrow_column_and_becomes_records_at_last() -> None:
    table = "| pod | reason |\n|---|---|\n| payments-6f9c | password authentication failed |\n"
    assert lines([table], 40) == [
        "",
        "pod           │ reason",
        "──────────────┼─────────────────────────",
        "payments-6f9c │ password authentication",
        "              │ failed",
    ]
    assert lines([table], 12)[1:4] == ["pod:", "  payments-6", "  f9c"]


def test_a_link_says_where_it_leads() -> None:
    assert lines(["[docs](https://evil.example/x)"], 60) == ["", "docs (https://evil.example/x)"]
    assert lines(["<https://x.example>"], 60) == ["", "https://x.example"]


def test_a_link_that_is_no_web_address_cannot_be_followed() -> None:
    stream = MarkdownStream()
    (piece,) = [*stream.append("[a](ftp://x/y) [b](https://x.example)"), *stream.finish()]
    links = [style.link for line in piece_lines(piece, 60) for _, style in line.render() if style.link]
    assert links == ["https://x.example"]


def test_escape_codes_and_html_are_shown_as_text_or_not_at_all() -> None:
    shown = "\n".join(lines(["\x1b[2Jhi \x1b]8;;http://x\x07<b>there</b> &#27;[31m\u202eevil\n"], 60))
    assert "\x1b" not in shown and "\u202e" not in shown
    assert "hi <b>there</b>" in shown


def test_ascii_glyphs_leave_no_other_character() -> None:
    stream = MarkdownStream()
    pieces = [*stream.append(SAMPLES[0] + SAMPLES[2]), *stream.finish()]
    assert all(line.plain.isascii() for piece in pieces for line in piece_lines(piece, 40, ASCII))
