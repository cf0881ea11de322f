"""A long session: its end is there at once, its beginning a moment later, and the reader is not moved."""

from __future__ import annotations

from datetime import UTC, datetime

from textual.app import App, ComposeResult

from agent import events as e
from console.widgets.transcript import Transcript
from console.widgets.transcript_behind import RECENT

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


class Chat(App[None]):
    def compose(self) -> ComposeResult:
        yield Transcript()


def history(turns: int) -> list[e.Recorded]:
    found: list[e.Recorded] = []
    for turn in range(1, turns + 1):
        for event in (
            e.Said(turn=turn, text=f"question {turn}"),
            e.AnswerGiven(turn=turn, rule="r@1", markdown=f"answer **{turn}**"),
            e.TurnEnded(turn=turn, outcome="answered"),
        ):
            seq = len(found) + 1
            found.append(e.Recorded.stored(seq, NOON, event.kind, event.model_dump_json()))
    return found


def entries(transcript: Transcript) -> list[str]:
    column = transcript._column
    return [column.entry(index).text() for index in range(len(column))]


async def test_a_long_history_ends_up_complete_and_in_order() -> None:
    app = Chat()
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = app.query_one(Transcript)
        long = history(RECENT)
        transcript.feed_all(long)
        transcript.flush()
        at_once = entries(transcript)
        assert at_once[-1] == f"answer **{RECENT}**" and len(at_once) < 2 * RECENT
        transcript.feed(e.Recorded(len(long) + 1, NOON, e.Said(turn=RECENT + 1, text="meanwhile")))
        while transcript.catching_up:
            await pilot.pause(0.01)
        texts = [text for turn in range(1, RECENT + 1) for text in (f"question {turn}", f"answer **{turn}**")]
        assert entries(transcript) == [*texts, "meanwhile"]
        assert transcript.following


async def test_a_reader_who_scrolled_up_keeps_the_line_while_the_beginning_arrives() -> None:
    app = Chat()
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = app.query_one(Transcript)
        transcript.feed_all(history(RECENT))
        transcript.flush()
        transcript.action_half_page(-1)
        index, offset = transcript._column.at(transcript.scroll_offset.y)
        reading = transcript._column.entry(index)
        while transcript.catching_up:
            await pilot.pause(0.01)
        now, at = transcript._column.at(transcript.scroll_offset.y)
        assert transcript._column.entry(now) is reading and at == offset


async def test_what_nobody_looked_at_was_never_read() -> None:
    app = Chat()
    async with app.run_test(size=(80, 24)):
        transcript = app.query_one(Transcript)
        long = history(4 * RECENT)
        transcript.feed_all(long)
        transcript.flush()
        assert long[0].unread and not long[-1].unread
