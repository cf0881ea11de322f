from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory import search
from memory.journal import Journal
from memory.sessions import Sessions
from tests.memory.scribes import Ticks, draft

HOSTILE = [
    '"', '""', "'", "*", "^", "-", "+", "(", ")", "{", "}", ":", "a:b", "text:secret", "words:x", "NEAR(a b, 3)",
    "a AND", "OR", "NOT a", "AND OR NOT", 'x" OR "y', "'; DROP TABLE events; --", "{a b} : c", "a*b*", "\0", "a\0b",
    "\\", "%", "_", "é" * 500, "a " * 500, "🚢", "\ud7ff\ue000", "\u202e", "你好 世界",
]  # fmt: skip


@pytest.fixture(scope="module")
def index() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE words USING fts5(text, tokenize='unicode61 remove_diacritics 2')"
    )
    connection.execute("INSERT INTO words VALUES ('the quick brown fox'), ('NEAR AND far OR nowhere')")
    return connection


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(max_size=60), st.lists(st.sampled_from(HOSTILE), max_size=5).map(" ".join)))
def test_whatever_is_typed_is_words_and_never_syntax(index: sqlite3.Connection, text: str) -> None:
    for query in (search.all_of(text), search.any_of(dict.fromkeys(search.words(text), 1))):
        if query:
            index.execute("SELECT count(*) FROM words WHERE words MATCH ?", (query,)).fetchone()


def test_the_query_for_nothing_finds_nothing(index: sqlite3.Connection) -> None:
    assert index.execute("SELECT 1 FROM words WHERE words MATCH ?", (search.NOTHING,)).fetchall() == []


def test_operators_are_found_as_the_words_they_are(index: sqlite3.Connection) -> None:
    found = index.execute("SELECT rowid FROM words WHERE words MATCH ?", (search.all_of("OR NEAR AND"),))
    assert found.fetchall() == [(2,)]


def test_hostile_text_goes_through_the_journal_the_search_and_the_list(tmp_path: Path) -> None:
    async def main() -> None:
        async with await Journal.open(tmp_path / "journal.db", Ticks()) as journal:
            sessions = Sessions(journal)
            await journal.append("s", *(draft(text) for text in HOSTILE))
            for text in HOSTILE:
                await sessions.search(text)
                await sessions.list(text=text)
            [hit] = await sessions.search("drop table")
            assert search.plain(hit.snippet) == "'; DROP TABLE events; --"
            assert (await journal.verify()).rows == len(HOSTILE)

    asyncio.run(main())


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=5), st.integers(0, 1000), max_size=10))
def test_at_most_three_words_are_searched_for_one_by_one_and_never_a_commoner_one(
    counts: dict[str, int],
) -> None:
    chosen = [piece.strip('"') for piece in search.any_of(counts).split(" OR ") if piece]
    left = [counts[word] for word in counts if word not in chosen and counts[word]]
    assert len(chosen) == min(3, sum(1 for count in counts.values() if count))
    assert not left or max(counts[word] for word in chosen) <= min(left)


@given(st.text(max_size=20), st.text(max_size=5), st.text(max_size=5))
def test_the_list_filter_finds_exactly_what_contains_the_text(text: str, before: str, after: str) -> None:
    text, before, after = (part.replace("\0", "") for part in (text, before, after))
    with sqlite3.connect(":memory:") as connection:
        sql = r"SELECT ? LIKE ? ESCAPE '\'"
        assert connection.execute(sql, (before + text + after, search.like(text))).fetchone() == (1,)
        assert connection.execute(sql, ("zzz", search.like("z%z"))).fetchone() == (0,)
    connection.close()
