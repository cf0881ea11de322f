"""The transcript: what is said stands there, the reader is never moved, and streaming stays cheap."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip

from agent import events as e
from agent.model import Message, TextBlock, ThinkingBlock, Usage
from console.widgets.demo_material import ANSWER, session
from console.widgets.glyphs import ASCII, UNICODE
from console.widgets.transcript import Transcript
from console.widgets.transcript_column import Column, Paper
from console.widgets.transcript_fold import TranscriptFold
from tests.console.widgets.stage import on_stage, recorded
from tools.errors import FailureClass
from tools.tool import Call, Scope


def replied(text: str, thought: str = "") -> e.ModelReplied:
    blocks = (*([ThinkingBlock(text=thought)] if thought else []), TextBlock(text=text))
    message = Message(role="assistant", content=blocks)
    return e.ModelReplied(turn=1, message=message, stop_reason="end_turn", model="m", usage=Usage())


def chat(widget: Transcript, messages: int) -> None:
    for number in range(messages):
        widget.feed(recorded(e.Said(turn=number, text=f"question {number}"), 2 * number + 1))
        widget.feed(recorded(replied(f"answer {number}\n\nin two paragraphs"), 2 * number + 2))
    widget.flush()


def plain(content: Content) -> Strip:
    return Strip([Segment(content.plain)], content.cell_length)


PAPER = Paper(60, "tone", UNICODE, plain)


def drawn(events: list[e.Event], paper: Paper = PAPER) -> list[str]:
    """The lines of a transcript that was painted after every event, as a live one is."""
    fold, column = TranscriptFold(), Column()
    for number, event in enumerate(events):
        touched = {column.place(entry) for entry in fold.take(recorded(event, number))}
        column.paint(sorted(touched), paper)
    strips = [column.strip(line) for line in range(column.height)]
    return ["" if strip is None else strip.text.rstrip() for strip in strips]


def test_a_session_reads_like_this() -> None:
    call = Call(tool="kubernetes.list@1", args={"kind": "pods", "selector": ""})
    assert drawn([
        e.Said(turn=1, text="why is it down?\nsince when?"),
        e.ToolCalled(turn=1, call_id="c", call=call, scope=Scope()),
        e.ToolReturned(turn=1, call_id="c", tool="kubernetes.list@1", summary="3 pods", seconds=0.34),
        replied("It **crashes**:\n\n- db\n- cache", thought="hm, let me see"),
        e.QuestionAsked(turn=1, question="Which one?", choices=("a", "b")),
        e.TurnFailed(turn=1, sentence="No answer.", hint="Ask again."),
        e.ModeChanged(place="prod", writes=True, by="anna", how="key"),
        e.PlanRejected(plan_id="p-1", by="anna", comment="too late"),
    ]) == [
        "❯ why is it down?",
        "  since when?",
        "",
        "▸ ✓ kubernetes.list kind=pods  3 pods · 0.3s",
        "▸ ∴ thought, 4 words",
        "",
        "It crashes:",
        "",
        "• db",
        "• cache",
        "",
        "? Which one?",
        "  1. a",
        "  2. b",
        "",
        "✗ No answer.",
        "  Try: Ask again.",
        "",
        "∙ Writes allowed in prod, by anna.",
        "– Rejected p-1  by anna: too late",
    ]  # fmt: skip


def test_a_rule_answer_says_which_rule_gave_it_and_repeats_nothing() -> None:
    evidence = (e.Evidence(call_id="c", source="last log", quote="password refused"),)
    given_answer = e.AnswerGiven(
        turn=1, rule="crash@1", markdown="It **crashes**.\n\n- last log: `password refused`", evidence=evidence,
        checked=("pods",), not_checked=("network",),
    )  # fmt: skip
    lines = drawn([given_answer])
    assert lines[0] == "It crashes." and lines[-1] == "Answered by rule crash@1, without a model."
    assert sum("password refused" in line for line in lines) == 1


def test_a_failed_call_says_why_on_its_line() -> None:
    call = Call(tool="kubernetes.logs@1", args={"pod": "x"})
    failed = e.ToolReturned(
        turn=1,
        call_id="c",
        tool="kubernetes.logs@1",
        summary="",
        failure=FailureClass.FORBIDDEN,
        cause="No right.",
    )
    (line,) = drawn([e.ToolCalled(turn=1, call_id="c", call=call, scope=Scope()), failed])
    assert line == "▸ ✗ kubernetes.logs pod=x  forbidden: No right."


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, len(ANSWER)), max_size=12))
def test_what_was_streamed_looks_like_what_was_recorded(places: list[int]) -> None:
    borders = sorted({0, len(ANSWER), *places})
    chunks = [ANSWER[start:end] for start, end in itertools.pairwise(borders)]
    streamed = [e.TextGrew(turn=1, text=chunk) for chunk in chunks]
    assert drawn([*streamed, replied(ANSWER)]) == drawn([replied(ANSWER)])


def test_the_record_wins_over_what_was_streamed() -> None:
    assert drawn([e.TextGrew(turn=1, text="wrong\n\nstart"), replied("right")]) == ["right"]


def test_an_answer_cut_short_stays_as_far_as_it_came() -> None:
    assert drawn([e.TextGrew(turn=1, text="half an ans"), e.TurnFailed(turn=1, sentence="Lost.")]) == [
        "half an ans",
        "",
        "✗ Lost.",
    ]


def test_ascii_glyphs_are_kept_to_everywhere() -> None:
    paper = Paper(60, "tone", ASCII, PAPER.brush)
    events = [recorded_event.event for recorded_event in session()]
    text = "\n".join(drawn(events, paper))
    assert text.isascii(), sorted({character for character in text if not character.isascii()})


def test_streaming_a_long_list_costs_the_same_for_every_item() -> None:
    fold, column = TranscriptFold(), Column()
    for number in range(300):
        column.paint([column.place(entry) for entry in fold.take(recorded(replied(f"m {number}")))], PAPER)
    costs = []
    for number in range(80):
        before = column.parts_painted
        for piece in (f"- item {number} ", "**with** some ", "`code`\n"):
            touched = fold.take(recorded(e.TextGrew(turn=1, text=piece)))
            column.paint([column.place(entry) for entry in touched], PAPER)
        costs.append(column.parts_painted - before)
    assert max(costs) <= 6 and costs[5] == costs[-1]


async def test_the_newest_line_is_in_view_while_text_streams() -> None:
    widget = Transcript()
    async with on_stage(widget) as (app, pilot):
        chat(widget, 30)
        widget.feed(recorded(e.TextGrew(turn=1, text="".join(f"- item {n}\n" for n in range(50)))))
        widget.flush()
        await pilot.pause()
        assert app.lines[-1] == "▌ • item 49"
        assert widget.following


async def test_a_long_answer_that_comes_at_once_is_shown_from_its_question_on() -> None:
    widget = Transcript()
    async with on_stage(widget) as (app, pilot):
        chat(widget, 30)
        widget.feed(recorded(e.Said(turn=31, text="what now"), 61))
        long = "\n".join(f"- item {n}" for n in range(80))
        widget.feed(recorded(e.AnswerGiven(turn=31, rule="help@1", markdown=long), 62))
        widget.flush()
        await pilot.pause()
        assert "what now" in app.lines[0] and not widget.following
        widget.action_bottom()
        await pilot.pause()
        assert "item 79" in app.lines[-1] and widget.following


async def test_a_reader_who_scrolled_up_is_not_moved_and_told_what_came() -> None:
    widget = Transcript()
    async with on_stage(widget) as (app, pilot):
        chat(widget, 30)
        await pilot.press("ctrl+u")
        before = [line[:78].rstrip() for line in app.lines]
        widget.feed(recorded(e.TextGrew(turn=1, text="one\n\ntwo\n\n")))
        widget.flush()
        await pilot.pause()
        assert [line[:78].rstrip() for line in app.lines][:-1] == before[:-1]
        assert "4 new lines ↓" in app.lines[-1]
        await pilot.press("G")
        assert app.lines[-1] == "▌ two" and widget.following and widget.unread == 0


async def test_a_new_width_wraps_anew_and_keeps_the_readers_place() -> None:
    widget = Transcript()
    async with on_stage(widget) as (app, pilot):
        for number in range(40):
            widget.feed(recorded(e.Said(turn=number, text=f"start {number} " + "long " * 30), number))
        widget.flush()
        await pilot.pause()
        await pilot.press("g", *["j"] * 12)
        first = next(line for line in app.lines if "start" in line).split()[2]
        await pilot.resize_terminal(50, 24)
        await pilot.pause()
        assert next(line for line in app.lines if "start" in line).split()[2] == first
        assert max(len(line) for line in app.lines) <= 50


async def test_a_long_history_is_painted_where_it_is_looked_at_first() -> None:
    widget = Transcript()
    async with on_stage(widget) as (app, _):
        for number in range(2_000):
            widget.feed(recorded(replied(f"answer {number}"), number))
        widget.flush()
        assert widget._column.parts_painted < 60
        assert app.is_running and widget.following


async def test_space_unfolds_a_call_in_place_and_folds_it_again() -> None:
    widget = Transcript()
    call = Call(tool="kubernetes.list@1", args={"kind": "pods"})
    async with on_stage(widget) as (app, pilot):
        widget.feed(recorded(e.ToolCalled(turn=1, call_id="c", call=call, scope=Scope()), 1))
        widget.feed(
            recorded(e.ToolReturned(turn=1, call_id="c", tool="t", summary="1 pod", output=[{"a": 1}]), 2)
        )
        widget.flush()
        await pilot.press("space")
        assert [line.strip("▌ ") for line in app.lines[:4]] == [
            "▾ ✓ kubernetes.list kind=pods  1 pod · 0.0s", "arguments", "{", '"kind": "pods"',
        ]  # fmt: skip
        assert '"a": 1' in app.text
        await pilot.press("enter")
        assert app.lines[1] == ""


async def test_enter_opens_the_event_and_y_copies_the_entry_under_the_cursor() -> None:
    widget = Transcript()
    async with on_stage(widget) as (app, pilot):
        widget.feed(recorded(e.Said(turn=1, text="first"), 7))
        widget.feed(recorded(replied("**second**"), 8))
        widget.flush()
        await pilot.press("y", "k", "enter", "y")
        assert [message.text for message in app.of(Transcript.CopyRequested)] == ["**second**", "first"]
        assert [message.seq for message in app.of(Transcript.BlockOpened)] == [7]


async def test_the_text_under_a_mouse_selection_is_what_stands_there() -> None:
    widget = Transcript()
    async with on_stage(widget) as (app, pilot):
        widget.feed(recorded(e.Said(turn=1, text="alpha beta"), 1))
        widget.feed(recorded(replied("gamma delta"), 2))
        widget.flush()
        await pilot.pause()
        await pilot.mouse_down(widget, offset=(4, 0))
        await pilot.hover(widget, offset=(7, 2))
        await pilot.mouse_up(widget, offset=(7, 2))
        assert app.screen.get_selected_text() == "alpha beta\n\ngamma"


@pytest.mark.parametrize("width", [20, 80])
async def test_hostile_text_neither_reaches_the_terminal_nor_is_read_as_markup(width: int) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07[bold red]x[/] \u202egnp\u202c \x9b31m" + "日本" * 30 + "\n" + "A" * 50_000
    widget = Transcript()
    call = Call(tool="t@1", args={"name": evil})
    async with on_stage(widget, (width, 24)) as (app, pilot):
        for event in (
            e.Said(turn=1, text=evil), replied(evil, thought=evil), e.Noticed(text=evil),
            e.ToolCalled(turn=1, call_id="c", call=call, scope=Scope()),
            e.ToolReturned(turn=1, call_id="c", tool="t", summary=evil, output={evil: evil}),
            e.QuestionAsked(turn=1, question=evil, choices=(evil,)),
        ):  # fmt: skip
            widget.feed(recorded(event, 1))
        widget.flush()
        await pilot.press("k", "space", "g")
        text = "\n".join(
            strip.text for line in range(widget.line_count) if (strip := widget.line_strip(line)) is not None
        )
        assert "[bold red]x[/]" in app.text
        assert not set(text) & {"\x1b", "\x07", "\u202e", "\x9b"}
        assert text.count("A") < 30_000
        assert all(strip.cell_length == width for strip in app.screen._compositor.render_strips())


async def test_every_theme_and_no_colour_at_all_can_draw_every_entry() -> None:
    widget = Transcript()
    async with on_stage(widget, (120, 60)) as (app, pilot):
        for event in session():
            widget.feed(event)
        widget.flush()
        shown = set()
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            shown.add(app.text)
        assert len(shown) == 1


def test_content_is_cut_by_cells_not_by_characters() -> None:
    from console.widgets.wrapping import cut

    assert cut(Content("日本語日本語"), 7, UNICODE).cell_length <= 7


def test_reads_that_start_while_the_model_writes_do_not_say_its_words_twice() -> None:
    call = Call(tool="kubernetes_list@1", args={"kind": "pods"})
    message = Message(role="assistant", content=(ThinkingBlock(text="Hm."), TextBlock(text="I look first.")))
    lines = drawn([
        e.ThinkingGrew(turn=1, text="Hm."),
        e.TextGrew(turn=1, text="I look "),
        e.ToolCalled(turn=1, call_id="c", call=call, scope=Scope()),
        e.TextGrew(turn=1, text="first."),
        e.ToolReturned(turn=1, call_id="c", tool=call.tool, summary="3 rows", output={}),
        e.ModelReplied(turn=1, message=message, stop_reason="tool_use", model="m", usage=Usage()),
    ])  # fmt: skip
    assert sum("I look first." in line for line in lines) == 1
    assert sum("thought" in line.lower() for line in lines) <= 1
