from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memory.errors import JournalNewer, KnowledgeUnknown
from memory.knowledge import Kind, Knowledge

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "knowledge.db"


@pytest.fixture
async def knowledge(path: Path) -> AsyncIterator[Knowledge]:
    async with await Knowledge.open(path, str) as opened:
        yield opened


async def test_what_was_remembered_is_there_for_whoever_opens_the_file_next(path: Path) -> None:
    async with await Knowledge.open(path, str) as knowledge:
        memory = await knowledge.remember(
            "fact", "deployment/checkout", "owned by payments", "prod", "operator", AT
        )
    async with await Knowledge.open(path, str) as knowledge:
        kept = await knowledge.get(memory)
    assert (kept.id, kept.kind) == (memory, Kind.FACT)
    assert (kept.subject, kept.body) == ("deployment/checkout", "owned by payments")
    assert (kept.scope, kept.source, kept.at) == ("prod", "operator", AT)


async def test_the_list_is_newest_first_by_kind_and_by_where_it_holds(knowledge: Knowledge) -> None:
    everywhere = await knowledge.remember(Kind.PREFERENCE, "tables", "compact", "", "operator", AT)
    staging = await knowledge.remember(
        Kind.FACT, "quota", "10 pods", "staging", "operator", AT + timedelta(days=1)
    )
    prod = await knowledge.remember(Kind.FACT, "quota", "90 pods", "prod", "operator", AT + timedelta(days=2))
    assert [m.id for m in await knowledge.list()] == [prod, staging, everywhere]
    assert [m.id for m in await knowledge.list(kind=Kind.FACT)] == [prod, staging]
    assert [m.id for m in await knowledge.list(scope="staging")] == [staging, everywhere]
    assert [m.id for m in await knowledge.list(limit=1, offset=1)] == [staging]


async def test_a_search_looks_at_subject_and_words_and_takes_typed_text_as_words(
    knowledge: Knowledge,
) -> None:
    checkout = await knowledge.remember(
        "fact", "deployment/checkout", "crashes without cache", "prod", "operator", AT
    )
    cache = await knowledge.remember("incident", "statefulset/cache", "evicted", "staging", "operator", AT)
    assert {m.id for m in await knowledge.search("cache")} == {checkout, cache}
    assert [m.id for m in await knowledge.search("Checkout CRASHES")] == [checkout]
    assert [m.id for m in await knowledge.search("cache", scope="prod")] == [checkout]
    assert [m.id for m in await knowledge.search("cache", kind=Kind.INCIDENT)] == [cache]
    assert [m.id for m in await knowledge.search("was anything evicted lately?")] == [cache]
    assert await knowledge.search('" OR * NEAR(') == []


@pytest.mark.parametrize("kind", ["gossip", ""])
async def test_a_kind_we_do_not_know_is_refused_and_nothing_is_kept(knowledge: Knowledge, kind: str) -> None:
    with pytest.raises(ValueError, match="Kind"):
        await knowledge.remember(kind, "a", "b", "", "operator", AT)
    assert await knowledge.list() == []


async def test_forgetting_removes_the_bytes_and_leaves_the_rest(knowledge: Knowledge, path: Path) -> None:
    secret = "0zqxwvut-hunter2-kjhgf"
    kept = [
        await knowledge.remember("fact", f"thing {n}", "zebra stays", "", "operator", AT) for n in range(40)
    ]
    doomed = await knowledge.remember(
        "fact", f"about {secret}", f"{secret} {'x' * 9000} {secret}", "", "operator", AT
    )
    copy = path.with_name(path.name + ".format-0")
    await asyncio.to_thread(lambda: copy.write_bytes(path.read_bytes()))
    pieces = [secret.encode(), b"hunter2", b"zqxwvut", b"kjhgf", b"x" * 50]
    assert all(piece in _bytes(path.parent) for piece in pieces)

    await knowledge.forget(doomed)

    left = _bytes(path.parent)
    assert [piece for piece in pieces if piece in left] == []
    assert await knowledge.search("hunter2") == []
    assert {m.id for m in await knowledge.search("zebra", 100)} == set(kept)
    for attempt in (knowledge.get(doomed), knowledge.forget(doomed)):
        with pytest.raises(KnowledgeUnknown, match=f"no memory {doomed}"):
            await attempt


def _bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_the_id_of_a_forgotten_memory_is_never_given_again(knowledge: Knowledge) -> None:
    first = await knowledge.remember("fact", "a", "b", "", "operator", AT)
    await knowledge.forget(first)
    assert await knowledge.remember("fact", "a", "b", "", "operator", AT) > first


async def test_a_newer_file_is_refused_with_a_sentence(path: Path) -> None:
    await (await Knowledge.open(path, str)).close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(JournalNewer, match=r"The knowledge at .* newer Pilothouse"):
        await Knowledge.open(path, str)
