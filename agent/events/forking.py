"""A session that grew from another one."""

from __future__ import annotations

from typing import Literal

from agent.events.durable import Durable


class SessionForked(Durable):
    """The first event of a fork: everything before it is read from the session it names.

    `hash` is that of the event in the journal's chain, so that the reference can be verified. Approvals, allowed
    writes and plans that were not finished stay behind.
    """

    kind: Literal["session_forked"] = "session_forked"
    session: str
    seq: int
    hash: str
    title: str = ""
    by: str = ""

    def words(self) -> str:
        return self.title
