"""The seam behind which another store can stand: four verbs and no SQL.

`memory.journal.Journal` is the SQLite one. A store shared by a team only has to do the same four things.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from memory.envelope import Draft, Envelope


class BegunState(StrEnum):
    """What was known about a step when `begin` was asked."""

    FRESH = "fresh"
    """The intent was written just now: nobody has acted on it yet."""
    UNKNOWN = "unknown"
    """It was begun earlier and never ended: the step may or may not have happened."""
    DONE = "done"
    """It ended earlier; `Begun.outcome` says how."""


class Begun(BaseModel):
    """The answer of `begin`.

    Attributes:
        state: see `BegunState`.
        intent: the envelope written by the `begin` that came first.
        outcome: the first envelope of the step's `end`; only with `BegunState.DONE`.
    """

    model_config = ConfigDict(frozen=True)

    state: BegunState
    intent: Envelope
    outcome: Envelope | None = None


class Ledger(Protocol):
    """Keeps envelopes in order, and knows which steps were begun and not ended."""

    async def append(self, session: str, *drafts: Draft) -> list[Envelope]:
        """Write all drafts or none; they are durable when this returns."""
        ...

    async def read(self, session: str, after: int = 0, limit: int | None = None) -> list[Envelope]:
        """The session's envelopes with ``seq > after``, oldest first."""
        ...

    async def begin(self, session: str, key: str, draft: Draft) -> Begun:
        """Write the intent of a step, unless the key was begun before."""
        ...

    async def end(self, session: str, key: str, *drafts: Draft) -> list[Envelope]:
        """Write the outcome of a step that was begun."""
        ...
