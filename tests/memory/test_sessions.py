from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from memory.errors import SessionDeleted, SessionUnknown
from memory.journal import Journal
from memory.ledger import BegunState
from memory.search import HIT_END, HIT_START, plain
from memory.sessions import Sessions
from tests.memory.scribes import draft

SECRET = "0zqxwvut-hunter2-kjhgf"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_a_session_is_listed_with_what_the_caller_said_of_it(sessions: Sessions) -> None:
    await sessions.create("s", "Scale checkout", '{"namespace":"staging"}')
    await sessions.rename("s", "Scale checkout to 3")
    await sessions.mark("s", "waiting")
    await sessions.rescope("s", '{"namespace":"production"}')
    await sessions.charge("s", Decimal("0.1050"))
    [row] = await sessions.list()
    assert (row.id, row.title, row.status, row.scope) == (
        "s",
        "Scale checkout to 3",
        "waiting",
        '{"namespace":"production"}',
    )
    assert row.cost == Decimal("0.1050")
    assert row == await sessions.get("s")


async def test_each_commit_brings_the_sessions_line_up_to_date(journal: Journal, sessions: Sessions) -> None:
    created = await sessions.create("s")
    await journal.append("s", draft(), draft())
    await journal.begin("s", "k", draft())
    [last] = await journal.end("s", "k", draft())
    row = await sessions.get("s")
    assert (row.events, row.created) == (4, created.created)
    assert row.updated == last.at > row.created


async def test_a_session_that_was_only_appended_to_is_listed_too(
    journal: Journal, sessions: Sessions
) -> None:
    await journal.append("s", draft())
    assert [(row.id, row.title, row.events) for row in await sessions.list()] == [("s", "", 1)]
    await sessions.create("s", "Named later")
    assert [(row.title, row.events) for row in await sessions.list()] == [("Named later", 1)]


async def test_the_list_is_newest_first_filtered_and_paged(journal: Journal, sessions: Sessions) -> None:
    for name in ("one", "two", "three"):
        await sessions.create(name, f"Look at {name} 100%")
        await journal.append(name, draft(f"pods of {name} restarted"))
    await sessions.mark("two", "failed")
    await journal.append("one", draft("again"))
    row = await sessions.get("three")

    async def ids(**wanted: object) -> list[str]:
        return [found.id for found in await sessions.list(**wanted)]  # type: ignore[arg-type]

    assert await ids() == ["one", "three", "two"]
    assert await ids(limit=1, offset=1) == ["three"]
    assert await ids(status="failed") == ["two"]
    assert await ids(text="three") == ["three"]
    assert await ids(text="restarted two") == ["two"]
    assert await ids(text="100%") == ["one", "three", "two"]
    assert await ids(text="10_%") == []
    assert await ids(since=row.updated) == ["one", "three"]
    assert await ids(until=row.updated - timedelta(seconds=1)) == ["two"]


async def test_a_session_that_is_not_there_is_told_in_a_sentence(sessions: Sessions) -> None:
    for attempt in (
        sessions.get("x"),
        sessions.rename("x", ""),
        sessions.mark("x", ""),
        sessions.export("x"),
        sessions.delete("x"),
    ):
        with pytest.raises(SessionUnknown, match="no session x"):
            await attempt


async def test_a_search_finds_what_was_said_and_seen_and_shows_it(
    journal: Journal, sessions: Sessions
) -> None:
    await sessions.create("a", "The incident")
    await journal.append("a", draft("why is checkout-7d9f8 restarting?"), draft("OOMKilled, limit is 128Mi"))
    await journal.append("b", draft("Größe der Tabelle"), draft("checkout is fine, 7d9f8 unrelated"))
    [hit] = await sessions.search("checkout-7d9f8")
    assert (hit.session, hit.title, hit.seq) == ("a", "The incident", 1)
    assert hit.snippet == f"why is {HIT_START}checkout-7d9f8{HIT_END} restarting?"
    assert plain(hit.snippet) == "why is checkout-7d9f8 restarting?"
    assert [h.seq for h in await sessions.search("oomkilled LIMIT")] == [2]
    assert [h.session for h in await sessions.search("grosse GROSSE größe")] == ["b"]
    assert await sessions.search("nothing-like-it") == []


async def test_words_that_never_meet_are_searched_for_one_by_one_rarest_first(
    journal: Journal, sessions: Sessions
) -> None:
    await journal.append("s", *(draft(f"common words everywhere {n}") for n in range(9)))
    await journal.append("s", draft("a certificate expired"), draft("common certificate"))
    found = await sessions.search("common everywhere words expired elsewhere certificate")
    assert [hit.seq for hit in found[:2]] == [10, 11]
    assert [hit.seq for hit in await sessions.search("common certificate")] == [11]


async def test_hits_come_in_pages(journal: Journal, sessions: Sessions) -> None:
    await journal.append("s", *(draft(f"restart number {n}") for n in range(7)))
    pages = [await sessions.search("restart", 3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert len({hit.seq for page in pages for hit in page}) == 7


async def test_an_export_holds_the_session_and_all_its_events(journal: Journal, sessions: Sessions) -> None:
    await sessions.create("s", "Scale")
    written = await journal.append("s", draft(body='{"n":1}'), draft(body='{"n":2}'))
    export = await sessions.export("s")
    assert export.events == written
    document = json.loads(export.model_dump_json())
    assert document["session"]["title"] == "Scale"
    assert [event["hash"] for event in document["events"]] == [event.hash for event in written]


@pytest.mark.parametrize("count", [1, 30])
async def test_deleting_a_session_removes_its_bytes_and_the_chain_still_fits(
    journal: Journal, sessions: Sessions, path: Path, count: int
) -> None:
    await sessions.create("doomed", f"About {SECRET}")
    for n in range(count):
        await journal.append("doomed", draft(f"said {SECRET} {n}", body=f'"{SECRET}{"x" * 3000}{SECRET}"'))
        await journal.append("kept", draft(f"kept words {n}", body='"kept"'))
    copy = path.with_name(path.name + ".format-0")
    await asyncio.to_thread(lambda: copy.write_bytes(path.read_bytes()))
    anchor = await journal.anchor()
    pieces = [SECRET.encode(), b"hunter2", b"zqxwvut", b"kjhgf"]
    assert all(piece in _bytes(path.parent) for piece in pieces)

    await sessions.delete("doomed")

    left = _bytes(path.parent)
    assert [piece for piece in pieces if piece in left] == []
    assert await journal.database.fetch("SELECT term FROM vocabulary WHERE term LIKE '%hunter%'") == []
    verification = await journal.verify(anchor)
    assert (verification.ok, verification.rows, verification.erased) == (True, 2 * count, count)
    assert [row.id for row in await sessions.list()] == ["kept"]
    assert await sessions.search("hunter2") == []
    assert await journal.read("doomed") == []
    assert len(await sessions.search("kept words", 100)) == count


def _bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_nothing_is_written_to_a_deleted_session_and_its_steps_are_closed(
    journal: Journal, sessions: Sessions
) -> None:
    await journal.append("s", draft())
    assert (await journal.begin("s", "k", draft())).state is BegunState.FRESH
    await sessions.delete("s")
    assert await journal.open_keys("s") == []
    for attempt in (journal.append("s", draft()), journal.begin("s", "new", draft()), sessions.create("s")):
        with pytest.raises(SessionDeleted, match="was deleted"):
            await attempt
    await sessions.delete("s")
    assert (await journal.verify()).erased == 2


async def test_a_session_that_never_had_an_event_can_be_deleted(sessions: Sessions) -> None:
    await sessions.create("s")
    await sessions.delete("s")
    assert await sessions.list() == []
    with pytest.raises(SessionUnknown):
        await sessions.delete("s")
