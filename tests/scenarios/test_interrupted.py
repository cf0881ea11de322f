"""What a console that was killed leaves behind is said when the next one starts."""

from __future__ import annotations

from pathlib import Path

from agent.interrupted import announced, cut_off
from memory.home import Home
from memory.journal import Journal
from memory.lease import claim
from memory.sessions import Sessions
from tests.memory.scribes import Ticks


async def test_a_session_nobody_works_on_any_more_is_marked_and_announced(tmp_path: Path) -> None:
    home = Home(tmp_path).prepare()
    async with await Journal.open(home.journal, Ticks()) as journal:
        sessions = Sessions(journal)
        for name in ("alive", "dead", "calm"):
            await sessions.create(name, title=f"the {name} one")
            await sessions.mark(name, "answered" if name == "calm" else "running")
        lease = claim(home, "alive")
        assert lease is not None
        with lease:
            found = await cut_off(home, sessions)
        [told] = announced(found)
        assert "the dead one" in told and "R opens it" in told
        assert (await sessions.get("dead")).status == "interrupted"
        assert (await sessions.get("alive")).status == "running"
        assert [row.id for row in await cut_off(home, sessions)] == ["dead", "alive"]
