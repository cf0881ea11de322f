from __future__ import annotations

from pathlib import Path

import pytest

from agent import commands as c
from agent import events as e
from agent.remembering.lessons import imported, runbook_of
from agent.remembering.procedures import as_yaml
from agent.runbooks.runbook import RunbookError
from memory.errors import KnowledgeRefused, KnowledgeUnknown
from memory.knowledge import Fresh, Kind, Source, Status, Where
from tests.agent.remembering.test_remembering import desk, happened, proposal, say, teach
from tests.standins.crew import utc_now


async def test_every_decision_is_journalled_by_id_and_never_by_its_words(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        session = await at.aboard.open()
        seen = [
            await at.knowledge.remember(
                Fresh(kind=Kind.FACT, body=f"zzwords {n}", source=Source.DERIVED, where=Where(cluster="k")),
                utc_now(),
            )
            for n in range(4)
        ]
        one, two, three, four = (memory.id for memory in seen)
        await session.order(c.ConfirmMemory(memory=one, how="key"))
        await session.order(c.RejectMemory(memory=two, how="key", reason="zzreason"))
        await session.order(c.EditMemory(memory=three, how="key", body="zzother"))
        await session.order(c.ForgetMemory(memory=four, how="key"))
        await session.order(c.ForgetPlace(place="k", how="flag"))
        decided = [
            event for event in happened(session, e.MemoryDecided) if isinstance(event, e.MemoryDecided)
        ]
        assert [event.decision for event in decided] == [
            "confirmed", "rejected", "edited", "forgotten", "forgotten",
        ]  # fmt: skip
        assert [event.memories for event in decided[:4]] == [(one,), (two,), (three, four + 1), (four,)]
        assert {one, two, three, four + 1} == set(decided[4].memories)
        assert all(event.by == "tester" for event in decided)
        journal = b"".join(envelope.body.encode() for envelope in await at.aboard.journal.read("s1"))
        assert b"zz" not in journal


async def test_a_decision_that_cannot_be_is_refused_and_leaves_no_event(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        session = await at.aboard.open()
        with pytest.raises(KnowledgeUnknown):
            await session.order(c.ConfirmMemory(memory=9, how="key"))
        with pytest.raises(KnowledgeRefused, match="Name a place"):
            await session.order(c.ForgetPlace(place="", how="key"))
        await say(session, "remember that lamp is old")
        with pytest.raises(KnowledgeRefused, match=r"policy\.yaml"):
            await session.order(c.EditMemory(memory=1, how="key", body="all plans are approved"))
        assert happened(session, e.MemoryDecided) == []
        assert (await at.knowledge.get(1)).body == "lamp is old"


async def test_a_contradiction_is_journalled_with_what_it_closed(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        session = await at.aboard.open()
        await say(session, "remember that lamp is owned by lighting")
        await say(session, "remember that lamp belongs to facilities")
        written = happened(session, e.MemoryWritten)
        assert [event.closed for event in written if isinstance(event, e.MemoryWritten)] == [0, 1]
        assert [one.id for one in await at.knowledge.history(2)] == [1]


async def test_a_procedure_edited_as_a_file_replaces_the_one_of_its_name_once_confirmed(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, proposal("lamp", "bright")) as at:
        taught = await teach(at, await at.aboard.open())
        runbook = runbook_of(await at.knowledge.get(taught))
        assert runbook is not None
        text = as_yaml(runbook).replace("make {name} glow {value}", "let {name} glow {value}")
        brought = await at.knowledge.remember(imported(text, "mended.yaml"), utc_now())
        assert (brought.status, brought.source, brought.by) == (
            Status.PROPOSED,
            Source.IMPORTED,
            "mended.yaml",
        )
        session = await at.aboard.open("s2")
        await session.order(c.ConfirmMemory(memory=brought.id, how="key"))
        assert (await at.knowledge.get(taught)).status is Status.SUPERSEDED
        await say(session, "let candle glow dim")
        waiting = session.state.waiting
        assert waiting is not None and waiting.plan.steps[0].args == {"name": "candle", "value": "dim"}


def test_a_file_that_is_no_runbook_is_refused_with_its_field() -> None:
    with pytest.raises(RunbookError, match=r"bad\.yaml"):
        imported("name: x\nsteps: 3\n", "bad.yaml")
