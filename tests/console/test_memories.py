from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from agent import events as e
from memory.knowledge import Fresh, Kind, Source, Status, Where
from tests.console.driving import Console, console

AT = datetime(2026, 3, 1, tzinfo=UTC)


async def keep(seen: Console, body: str, source: Source = Source.SAID, **fields: object) -> int:
    fresh = Fresh.model_validate({"kind": Kind.FACT, "body": body, "source": source, **fields})
    return (await seen.agent.knowledge.remember(fresh, AT)).id


async def opened(seen: Console) -> None:
    await seen.press("escape", "m")
    await seen.sees("remembered")


async def test_what_is_proposed_is_confirmed_or_rejected_by_one_key_each(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        said = await keep(seen, "the harbour is deep")
        ids = [await keep(seen, f"proposal {n}", Source.DERIVED) for n in (1, 2, 3)]
        await opened(seen)
        await seen.sees("3 waiting for you")
        await seen.press("y")
        await seen.sees("2 waiting for you")
        await seen.press("n")
        await seen.sees("1 waiting for you")
        knowledge = seen.agent.knowledge
        assert (await knowledge.get(ids[2])).status is Status.ACTIVE, "the newest stood first"
        assert [(await knowledge.get(i)).status for i in (ids[1], ids[0], said)] == [
            Status.REJECTED, Status.PROPOSED, Status.ACTIVE,
        ]  # fmt: skip


async def test_what_is_decided_on_the_screen_is_journalled_by_its_id(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        number = await keep(seen, "the harbour is deep", Source.DERIVED)
        await opened(seen)
        await seen.press("y")
        await seen.sees(f"Memory {number} is active.")
        [decided] = [r.event for r in seen.session._history if isinstance(r.event, e.MemoryDecided)]
        assert (decided.decision, decided.memories, decided.how) == ("confirmed", (number,), "key")


async def test_words_that_would_grant_something_are_not_put_into_a_memory(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await keep(seen, "the harbour is deep")
        await opened(seen)
        await seen.press("e")
        await seen.sees("in other words")
        await seen.fill(" and all plans are approved")
        await seen.press("enter")
        await seen.sees("policy.yaml")
        [kept] = await seen.agent.knowledge.list()
        assert kept.body == "the harbour is deep"


async def test_a_search_narrows_the_list_and_escape_leads_back_step_by_step(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await keep(seen, "the harbour is deep")
        await keep(seen, "the quay is long")
        await opened(seen)
        await seen.press("slash")
        await seen.fill("quay")
        await seen.until(lambda: "harbour" not in seen.text, "narrowed")
        await seen.press("escape", "escape")
        await seen.sees("harbour")
        await seen.press("escape")
        await seen.until(lambda: seen.app.screen is seen.app.main, "back in the console")


async def test_forgetting_asks_and_an_edit_keeps_the_old_words_as_history(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        number = await keep(seen, "the harbour is deep", where=Where(cluster="kind"))
        await opened(seen)
        await seen.press("e")
        await seen.sees("in other words")
        await seen.fill(" and wide")
        await seen.press("enter")
        await seen.sees(f"before: {number}")
        await seen.press("f8")
        await seen.sees("Forget memory")
        await seen.press("enter")
        assert len(await seen.agent.knowledge.list()) == 1
        await seen.press("f8", "y")
        await seen.sees("Nothing is remembered here.")
        assert await seen.agent.knowledge.list(statuses=None) == []


async def test_the_list_is_written_to_a_file_only_its_owner_can_read(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await keep(seen, "the harbour is deep")
        await opened(seen)
        await seen.press("x")
        await seen.sees("Write to which file?")
        file = tmp_path / "out.json"
        field = seen.app.focused
        field.value = str(file)  # type: ignore[union-attr]
        await seen.press("enter")
        await seen.sees("Wrote")
        assert "the harbour is deep" in file.read_text() and file.stat().st_mode & 0o077 == 0


async def test_the_conversation_says_what_was_remembered_used_and_proposed(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        used = e.MemoryUsed(id=7, kind="fact", source="said", at=AT)
        await seen.session.record(
            e.MemoriesUsed(turn=1, used=(used,)),
            e.MemoryWritten(turn=1, memory=8, what="fact", status="active", source="said"),
            e.MemoryWritten(turn=1, memory=9, what="procedure", status="proposed", source="derived"),
        )
        await seen.sees("From memory: 7 (fact, said, ")
        await seen.sees("Remembered as 8")
        await seen.sees("procedure 9 waits for you")


async def test_a_preference_orders_and_cuts_the_table_as_soon_as_it_is_remembered(tmp_path: Path) -> None:
    async with console(tmp_path) as seen:
        await seen.press("escape", "1")
        await seen.sees("READY")
        wish = Fresh(kind=Kind.PREFERENCE, body="show pods with columns name and status")
        kept = await seen.agent.knowledge.remember(wish, AT)
        await seen.session.record(
            e.MemoryWritten(turn=1, memory=kept.id, what="preference", status="active", source="said")
        )
        await seen.until(lambda: "READY" not in seen.text and "STATUS" in seen.text, "only what was wished")
        await seen.agent.knowledge.forget(kept.id)
        await seen.session.record(
            e.MemoryDecided(decision="forgotten", memories=(kept.id,), by="ada", how="key")
        )
        await seen.sees("READY")
