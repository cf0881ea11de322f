"""The past: opening a session of ten thousand events, finding words among a million messages."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from textual.app import App, ComposeResult

from agent import events as e
from agent.logbook import Logbook, draft
from agent.model import Message, TextBlock, Usage
from agent.session_query import read_query
from console.widgets.transcript import Transcript
from memory.journal import Journal
from memory.sessions import Sessions
from tests.bench.journals import Writer, ticking, write
from tests.bench.row import Row, percentile, row
from tests.standins.crew import REDACTOR
from tools.tool import Call, Scope

EVENTS = 10_000
SESSIONS, MESSAGES = 5_000, 200
LAST = "The very last answer."
QUERIES = 400


class _Chat(App[None]):
    def compose(self) -> ComposeResult:
        yield Transcript(id="transcript")


async def open_a_long_session(folder: Path) -> list[Row]:
    """From the journal to the last answer on the screen."""
    path = folder / "journal.db"
    async with await Journal.open(path, ticking()) as journal:
        await Sessions(journal).create("long", "A long day")
        await journal.append("long", *map(draft, _long_day()))
        app = _Chat()
        async with app.run_test(size=(100, 40)) as pilot:
            transcript = app.query_one(Transcript)
            took = []
            for _ in range(7):
                transcript.clear()
                await pilot.pause()
                began = perf_counter()
                log = Logbook(journal, "long", lambda: datetime.now(UTC), REDACTOR)
                await log.load()
                transcript.feed_all(log.history)
                transcript.flush()
                took.append((perf_counter() - began) * 1000)
                shown = "\n".join(
                    strip.text
                    for line in range(transcript.line_count)
                    if (strip := transcript.line_strip(line))
                )
                assert LAST in shown and log.state.seq == EVENTS
    peer = "reading and decoding the rows with sqlite3 and json"
    plain = median(_milliseconds(lambda: _plain_read(path)) for _ in range(7))
    name = f"open a session of {EVENTS:,} events"
    return [row(name, median(took), "ms", peer, plain, at_most=200, of="value")]


async def search_a_million(folder: Path) -> list[Row]:
    """Words of every frequency, alone and together, names of pods, filters; browser and search."""
    path = folder / "journal.db"
    writer = await write(path, sessions=SESSIONS, messages=MESSAGES)
    queries = list(_queries(writer))
    events, lists = [], []
    async with await Journal.open(path, lambda: datetime.now(UTC)) as journal:
        sessions = Sessions(journal)
        for query in queries:
            wanted = read_query(query, datetime.now(UTC))
            began = perf_counter()
            await sessions.search(wanted.text, 20, within=wanted.model_copy(update={"busy": False}))
            events.append((perf_counter() - began) * 1000)
            began = perf_counter()
            await sessions.find(wanted, 50)
            lists.append((perf_counter() - began) * 1000)
    with closing(sqlite3.connect(path)) as plain:
        scan = median([_milliseconds(partial(_scan, plain, query)) for query in queries[:3]])
        ranked = percentile([_milliseconds(partial(_ranked, plain, query)) for query in queries[:200]], 0.99)
    count = f"{SESSIONS * MESSAGES:,} messages"
    found, listed, peer = percentile(events, 0.99), percentile(lists, 0.99), "a LIKE scan by sqlite3"
    return [
        row(f"search {count}, p99", found, "ms", peer, scan, at_most=50, of="value"),
        row(f"search {count}, p99", found, "ms", "FTS5 by rank alone, p99", ranked, at_most=1),
        row(f"sessions among {count}, p99", listed, "ms", peer, scan, at_most=50, of="value"),
    ]


def _queries(writer: Writer) -> Iterator[str]:
    """As operators ask: mostly a rare word or two, now and then words that are everywhere."""
    dice = writer.dice
    for _ in range(QUERIES):
        words = [writer.words[int(len(writer.words) ** dice.random()) - 1] for _ in range(dice.randint(1, 3))]
        match dice.randrange(8):
            case 0:
                yield f'"{" ".join(words)}"'
            case 1:
                yield writer.pod()
            case 2:
                yield f"{words[0]} since:{dice.randint(1, 900)}d"
            case _:
                yield " ".join(words)


def _long_day() -> Iterator[e.DurableEvent]:
    scope = Scope(context="staging", namespace="shop")
    yield e.SessionStarted(operator="ada", scope=scope)
    rows = [{"name": f"checkout-{n}", "status": "Running", "restarts": n, "node": "n1"} for n in range(20)]
    call = Call(tool="kubernetes_list@1", args={"kind": "pods", "namespace": "shop"})
    turns = (EVENTS - 1) // 9
    for turn in range(1, turns + 1):
        yield e.Said(turn=turn, text=f"why is checkout restarting, number {turn}?", situation="in staging")
        for nth in range(3):
            call_id = f"{turn}-{nth}"
            yield e.ToolCalled(turn=turn, call_id=call_id, call=call, scope=scope)
            yield e.ToolReturned(
                turn=turn, call_id=call_id, tool="kubernetes_list", summary="20 pods", output={"items": rows}
            )
        words = LAST if turn == turns else "It was **OOMKilled** twice.\n\n- limit 128Mi\n- used 127Mi"
        yield e.ModelReplied(
            turn=turn,
            message=Message(role="assistant", content=(TextBlock(text=words),)),
            stop_reason="end_turn",
            model="m",
            usage=Usage(input_tokens=900, output_tokens=40),
        )
        yield e.TurnEnded(turn=turn, outcome="answered", seconds=2)


def _plain_read(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for (body,) in connection.execute("SELECT body FROM events WHERE session = 'long' ORDER BY seq"):
            json.loads(body)


def _scan(connection: sqlite3.Connection, query: str) -> None:
    word = query.partition(" ")[0].strip('"')
    connection.execute("SELECT COUNT(*) FROM words WHERE text LIKE ?", (f"%{word}%",)).fetchall()


def _ranked(connection: sqlite3.Connection, query: str) -> None:
    words = [word for word in query.replace('"', " ").split() if ":" not in word]
    text = " AND ".join(f'"{word}"' for word in words)
    connection.execute(
        "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT 20", (text,)
    ).fetchall()


def _milliseconds(work: Callable[[], None]) -> float:
    began = perf_counter()
    work()
    return (perf_counter() - began) * 1000
