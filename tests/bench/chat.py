"""Streaming into a long chat costs the same at its end as at its beginning."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from textual.app import App, ComposeResult

from agent import events as e
from console.widgets.transcript import REPAINT_EVERY, Transcript
from tests.bench.row import Row, row

MESSAGES, ITEMS = 300, 80
PIECES = 2
"""Pieces in which each list item arrives; every piece is followed by a repaint."""


class Chat(App[None]):
    def compose(self) -> ComposeResult:
        yield Transcript()


def recorded(event: e.Event, seq: int | None = None) -> e.Recorded:
    return e.Recorded(seq=seq, at=datetime(2026, 11, 22, tzinfo=UTC), event=event)


async def stream_a_list(folder: Path) -> list[Row]:
    """An 80-item list streamed in small pieces into a chat of 300 messages, at 160×48."""
    app = Chat()
    costs: list[float] = []
    async with app.run_test(size=(160, 48)) as pilot:
        transcript = app.query_one(Transcript)
        for seq in range(MESSAGES):
            answer = f"Answer {seq}: **all** is well with `pod-{seq}`.\n\n- one\n- two"
            event = e.AnswerGiven(turn=seq, rule="bench@1", markdown=answer)
            transcript.feed(recorded(event, seq + 1))
        # The chat there was is painted before anything is measured.
        while transcript.catching_up:
            await pilot.pause(REPAINT_EVERY)
        for number in range(ITEMS):
            text = f"- item {number}: the pod `checkout-{number}` restarted **{number}** times\n"
            half = len(text) // PIECES
            for piece in (text[:half], text[half:]):
                began = time.process_time()
                transcript.feed(recorded(e.TextGrew(turn=MESSAGES, text=piece)))
                await asyncio.sleep(REPAINT_EVERY * 1.2)
                costs.append((time.process_time() - began) * 1000)
    quarter = len(costs) // 4
    first, last = sum(costs[:quarter]) / quarter, sum(costs[-quarter:]) / quarter
    mean = sum(costs) / len(costs)
    return [
        row("append to a long chat", mean, "ms CPU", "15 ms", 15.0, at_most=15, of="value"),
        row("append, last quarter", last, "ms CPU", "first quarter", first, at_most=1.5),
    ]
