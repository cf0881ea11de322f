from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from memory.errors import JournalNewer, KnowledgeRefused, KnowledgeUnknown
from memory.knowledge import AT_MOST, Fresh, Kind, Knowledge, Reference, Source, Status, Where
from memory.knowledge.portable import export, read

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
STAGING = Where(cluster="staging")
PROD = Where(cluster="prod")


def fact(body: str, subject: str = "", where: Where = STAGING, **fields: object) -> Fresh:
    return Fresh.model_validate({"kind": "fact", "subject": subject, "body": body, "where": where, **fields})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "knowledge.db"


@pytest.fixture
async def knowledge(path: Path) -> AsyncIterator[Knowledge]:
    async with await Knowledge.open(path, lambda value: value) as opened:
        yield opened


async def test_what_was_remembered_is_there_for_whoever_opens_the_file_next(path: Path) -> None:
    said = fact("owned by payments", "deployment/checkout", PROD, reference=Reference(session="s1", seq=4))
    async with await Knowledge.open(path, lambda value: value) as knowledge:
        memory = await knowledge.remember(said, AT)
    async with await Knowledge.open(path, lambda value: value) as knowledge:
        kept = await knowledge.get(memory.id)
    assert kept == memory
    assert (kept.kind, kept.status, kept.source) == (Kind.FACT, Status.ACTIVE, Source.SAID)
    assert (kept.subject, kept.body, kept.where) == ("deployment/checkout", "owned by payments", PROD)
    assert (kept.at, kept.valid_from, kept.verified, kept.valid_to) == (AT, AT, AT, None)
    assert str(kept.reference) == "s1, event 4"


async def test_only_what_was_said_becomes_active_without_being_confirmed(knowledge: Knowledge) -> None:
    for source in (Source.OBSERVED, Source.DERIVED, Source.IMPORTED):
        found = await knowledge.remember(fact(f"seen by {source}", source=source), AT)
        assert found.status is Status.PROPOSED
        with pytest.raises(KnowledgeRefused, match="proposed first"):
            await knowledge.remember(fact("forced", source=source), AT, Status.ACTIVE)
    assert await knowledge.recall("seen forced", STAGING, AT) == []
    confirmed = await knowledge.confirm(found.id, AT + timedelta(days=1))
    assert [item.memory.id for item in await knowledge.recall("seen", STAGING, AT)] == [confirmed.id]
    with pytest.raises(KnowledgeRefused, match="is active, not proposed"):
        await knowledge.confirm(found.id, AT)


async def test_a_memory_of_another_place_is_never_recalled(knowledge: Knowledge) -> None:
    places = ["", "staging", "staging/shop", "prod", "prod/shop", "account:dev", "user:ada", "user:bob"]
    made = {
        place: await knowledge.remember(fact("the quota is ten", where=Where.parse(place)), AT)
        for place in places
    }
    here = Where(cluster="staging", namespace="shop", account="dev", user="ada")
    found = {item.memory.id for item in await knowledge.recall("which quota?", here, AT)}
    assert found == {made[place].id for place in ("", "staging", "staging/shop", "account:dev", "user:ada")}
    listed = await knowledge.list(within=STAGING)
    assert {memory.id for memory in listed} == {made["staging"].id, made["staging/shop"].id}


async def test_at_most_eight_are_recalled_and_the_worthier_comes_first(knowledge: Knowledge) -> None:
    for number in range(20):
        await knowledge.remember(fact(f"checkout note {number}"), AT - timedelta(days=300))
    fresh = await knowledge.remember(fact("checkout note new"), AT)
    doubted = await knowledge.remember(fact("checkout note bad", confidence=0.2), AT)
    found = await knowledge.recall("checkout", STAGING, AT)
    assert len(found) == AT_MOST
    assert found[0].memory.id == fresh.id
    assert doubted.id not in [item.memory.id for item in found]
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)


async def test_failures_lower_a_memory_and_two_retire_a_procedure(knowledge: Knowledge) -> None:
    good = await knowledge.remember(fact("restart the cart twice"), AT)
    bad = await knowledge.remember(fact("restart the cart once"), AT)
    await knowledge.fared(good.id, AT, well=True)
    await knowledge.fared(bad.id, AT, well=False)
    assert [item.memory.id for item in await knowledge.recall("restart cart", STAGING, AT)] == [
        good.id,
        bad.id,
    ]
    way = await knowledge.remember(Fresh(kind=Kind.PROCEDURE, subject="mend", body="mend it"), AT)
    assert (await knowledge.fared(way.id, AT, well=False)).status is Status.ACTIVE
    retired = await knowledge.fared(way.id, AT, well=False)
    assert (retired.status, retired.reason) == (Status.REJECTED, "retired after 2 failures")


async def test_a_contradiction_closes_the_old_and_keeps_it_as_history(knowledge: Knowledge) -> None:
    old = await knowledge.remember(fact("payments owns checkout", topic="owner of checkout"), AT)
    elsewhere = await knowledge.remember(fact("ops owns checkout", where=PROD, topic="owner of checkout"), AT)
    later = AT + timedelta(days=2)
    new = await knowledge.remember(fact("billing owns checkout", topic="owner of checkout"), later)
    closed = await knowledge.get(old.id)
    assert (closed.status, closed.valid_to, new.replaces) == (Status.SUPERSEDED, later, old.id)
    assert [memory.id for memory in await knowledge.history(new.id)] == [old.id]
    assert [item.memory.id for item in await knowledge.recall("owns checkout", STAGING, later)] == [new.id]
    assert (await knowledge.get(elsewhere.id)).status is Status.ACTIVE


async def test_a_proposal_contradicts_nothing_until_it_is_confirmed(knowledge: Knowledge) -> None:
    old = await knowledge.remember(fact("ten pods", topic="quota"), AT)
    new = await knowledge.remember(fact("ninety pods", topic="quota", source=Source.DERIVED), AT)
    assert (await knowledge.get(old.id)).status is Status.ACTIVE
    assert (await knowledge.confirm(new.id, AT)).replaces == old.id
    assert (await knowledge.get(old.id)).status is Status.SUPERSEDED


async def test_saying_the_same_again_verifies_it_instead_of_keeping_it_twice(knowledge: Knowledge) -> None:
    first = await knowledge.remember(fact("slow on Mondays", ttl=3600), AT)
    assert first.stale(AT + timedelta(hours=2))
    again = await knowledge.remember(fact("slow on Mondays"), AT + timedelta(hours=2))
    assert (again.id, again.verified) == (first.id, AT + timedelta(hours=2))
    assert len(await knowledge.list()) == 1


async def test_an_edit_is_a_new_version_with_the_old_one_behind_it(knowledge: Knowledge) -> None:
    old = await knowledge.remember(fact("slow on Mondays", "checkout"), AT)
    new = await knowledge.edit(old.id, fact("slow on Tuesdays", "checkout"), AT)
    assert (new.body, new.status, new.replaces) == ("slow on Tuesdays", Status.ACTIVE, old.id)
    assert await knowledge.search("mondays") == []
    assert [memory.id for memory in await knowledge.search("tuesdays")] == [new.id]
    assert [m.body for m in await knowledge.history(new.id)] == ["slow on Mondays"]


async def test_what_was_rejected_is_kept_with_its_reason_and_never_recalled(knowledge: Knowledge) -> None:
    wrong = await knowledge.remember(fact("checkout is fine"), AT)
    rejected = await knowledge.reject(wrong.id, AT, "it was not")
    assert (rejected.status, rejected.reason, rejected.valid_to) == (Status.REJECTED, "it was not", AT)
    assert await knowledge.recall("checkout", STAGING, AT) == [] and await knowledge.list() == []
    assert [m.id for m in await knowledge.list(statuses=None)] == [wrong.id]


async def test_a_search_looks_at_subject_and_words_and_takes_typed_text_as_words(
    knowledge: Knowledge,
) -> None:
    checkout = await knowledge.remember(fact("crashes without cache", "deployment/checkout", PROD), AT)
    cache = await knowledge.remember(
        Fresh(kind=Kind.INCIDENT, subject="statefulset/cache", body="evicted", where=STAGING), AT
    )
    assert {m.id for m in await knowledge.search("cache")} == {checkout.id, cache.id}
    assert [m.id for m in await knowledge.search("Checkout CRASHES")] == [checkout.id]
    assert [m.id for m in await knowledge.search("cache", here=PROD)] == [checkout.id]
    assert [m.id for m in await knowledge.search("cache", kinds=[Kind.INCIDENT])] == [cache.id]
    assert [m.id for m in await knowledge.search("was anything evicted lately?")] == [cache.id]
    assert await knowledge.search('" OR * NEAR(') == []


@pytest.mark.parametrize("kind", ["gossip", ""])
def test_a_kind_we_do_not_know_is_refused(kind: str) -> None:
    with pytest.raises(ValidationError, match="kind"):
        fact("b", kind=kind)


@pytest.mark.parametrize(
    "text",
    ["", "staging", "staging/shop", "/shop", "account:dev", "staging/shop account:a/b user:ada",
     "cluster:arn:aws:eks:1:cluster/x namespace:shop"],
)  # fmt: skip
def test_a_place_reads_back_from_its_own_words(text: str) -> None:
    assert Where.parse(str(Where.parse(text))) == Where.parse(text)


async def test_forgetting_removes_the_bytes_and_leaves_the_rest(knowledge: Knowledge, path: Path) -> None:
    secret = "0zqxwvut-hunter2-kjhgf"
    kept = [await knowledge.remember(fact(f"zebra stays {n}", f"thing {n}"), AT) for n in range(40)]
    older = await knowledge.remember(fact(f"{secret} {'x' * 9000} {secret}", topic=f"a {secret}"), AT)
    doomed = await knowledge.remember(
        fact("harmless", f"about {secret}", topic=f"a {secret}", content={"k": secret}, by=secret), AT
    )
    assert doomed.replaces == older.id
    copy = path.with_name(path.name + ".format-0")
    await asyncio.to_thread(lambda: copy.write_bytes(path.read_bytes()))
    pieces = [secret.encode(), b"hunter2", b"zqxwvut", b"kjhgf", b"x" * 50]
    assert all(piece in _bytes(path.parent) for piece in pieces)

    assert await knowledge.forget(doomed.id) == [doomed.id, older.id]

    left = _bytes(path.parent)
    assert [piece for piece in pieces if piece in left] == []
    assert await knowledge.search("hunter2", statuses=None) == []
    assert {m.id for m in await knowledge.search("zebra", 100)} == {m.id for m in kept}
    for attempt in (knowledge.get(doomed.id), knowledge.forget(doomed.id), knowledge.confirm(older.id, AT)):
        with pytest.raises(KnowledgeUnknown, match="no memory"):
            await attempt


async def test_forgetting_a_place_forgets_its_parts_and_nothing_else(
    knowledge: Knowledge, path: Path
) -> None:
    await knowledge.remember(fact("qqzebra one", where=Where.parse("staging")), AT)
    await knowledge.remember(fact("qqzebra two", where=Where.parse("staging/shop")), AT)
    kept = await knowledge.remember(fact("lion", where=PROD), AT)
    assert len(await knowledge.forget_within(STAGING)) == 2
    assert [m.id for m in await knowledge.list(statuses=None)] == [kept.id]
    assert b"qqzebra" not in _bytes(path.parent)
    with pytest.raises(ValueError, match="Name a place"):
        await knowledge.forget_within(Where())


def _bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_the_id_of_a_forgotten_memory_is_never_given_again(knowledge: Knowledge) -> None:
    first = await knowledge.remember(fact("a"), AT)
    await knowledge.forget(first.id)
    assert (await knowledge.remember(fact("a"), AT)).id > first.id


async def test_an_older_file_is_copied_and_then_read_as_what_an_operator_said(path: Path) -> None:
    with sqlite3.connect(path) as old:
        old.executescript(
            """
            CREATE TABLE memories (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, subject TEXT NOT NULL,
                body TEXT NOT NULL, scope TEXT NOT NULL, source TEXT NOT NULL, at TEXT NOT NULL);
            CREATE VIRTUAL TABLE words USING fts5(subject, body, tokenize = 'unicode61 remove_diacritics 2');
            CREATE VIRTUAL TABLE vocabulary USING fts5vocab('words', 'row');
            INSERT INTO memories VALUES
                (1, 'fact', 'checkout', 'slow', 'staging', 'operator', '2026-03-01T12:00:00+00:00'),
                (7, 'fact', 'gone', 'gone', '', 'operator', '2026-03-01T12:00:00+00:00');
            DELETE FROM memories WHERE id = 7;
            INSERT INTO words (rowid, subject, body) VALUES (1, 'checkout', 'slow');
            PRAGMA application_id = 0x50484B31; PRAGMA user_version = 1;
            """
        )
    old.close()
    async with await Knowledge.open(path, lambda value: value) as knowledge:
        [memory] = await knowledge.search("slow")
        assert (memory.id, memory.where, memory.by, memory.at) == (1, STAGING, "operator", AT)
        assert (memory.source, memory.status) == (Source.SAID, Status.ACTIVE)
        assert (await knowledge.remember(fact("new"), AT)).id == 8
        backup = path.with_name("knowledge.db.format-1")
        with sqlite3.connect(backup) as copy:
            assert copy.execute("SELECT body FROM memories").fetchall() == [("slow",)]
        copy.close()
        await knowledge.forget(1)
        assert not backup.exists(), "a copy would keep what was forgotten"


async def test_what_is_exported_comes_back_as_a_proposal(knowledge: Knowledge) -> None:
    await knowledge.remember(fact("billing owns it", "checkout", topic="owner"), AT)
    text = export(await knowledge.list()).model_dump_json()
    [brought] = read(text, "colleague.json")
    again = await knowledge.remember(brought, AT)
    assert (again.source, again.status, again.by) == (Source.IMPORTED, Status.PROPOSED, "colleague.json")
    with pytest.raises(KnowledgeRefused, match=r"x.json holds no memories: memories.0.kind"):
        read('{"memories": [{"kind": "gossip", "body": "b"}]}', "x.json")


async def test_a_newer_file_is_refused_with_a_sentence(path: Path) -> None:
    await (await Knowledge.open(path, lambda value: value)).close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(JournalNewer, match=r"The knowledge at .* newer Pilothouse"):
        await Knowledge.open(path, lambda value: value)


async def test_a_request_that_names_two_things_gets_what_it_asks_of_both(knowledge: Knowledge) -> None:
    """Whoever is talked about a lot does not crowd out the answer, however it was worded and however old."""
    wanted = []
    for service, sentence in (("amber-mill", "belongs to ads"), ("cedar-gate", "is owned by media")):
        said = fact(f"{service} {sentence}", service, topic=f"{service} is owned by", ttl=86_400)
        wanted.append((await knowledge.remember(said, AT - timedelta(days=100))).id)
        for number in range(20):
            await knowledge.remember(fact(f"deploys of {service} wait for node {number}"), AT)
    found = await knowledge.recall("who owns amber-mill and who owns cedar-gate?", STAGING, AT)
    assert set(wanted) <= {item.memory.id for item in found}
