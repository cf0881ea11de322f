"""Events of long-term memory. They name memories by id and never repeat their words: what the operator
forgets must not live on in the journal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from agent.events.durable import Durable
from tools.tool import Frozen


class MemoryUsed(Frozen):
    """A memory that was told: its id, kind and source, and since when it is known."""

    id: int
    kind: Literal["fact", "preference", "procedure", "incident"]
    source: Literal["said", "observed", "derived", "imported"]
    at: datetime
    stale: bool = False


class MemoriesUsed(Durable):
    """What of memory bears on a turn.

    `recalled` memories were given to the model, `similar` ones are incidents shown beside a diagnosis, and a
    `procedure` was instantiated or offered. `shaped` ones are preferences that an answer by rule follows.
    """

    kind: Literal["memories_used"] = "memories_used"
    turn: int
    used: tuple[MemoryUsed, ...]
    why: Literal["recalled", "similar", "procedure", "shaped"] = "recalled"


class MemoryWritten(Durable):
    """A memory was kept after a turn or a plan; `proposed` ones wait for the operator."""

    kind: Literal["memory_written"] = "memory_written"
    turn: int
    memory: int
    what: Literal["fact", "preference", "procedure", "incident"]
    status: Literal["proposed", "active"]
    source: Literal["said", "observed", "derived", "imported"]
    closed: int = 0
    """The memory that said otherwise and was closed by it; 0 for none."""


class MemoryRelied(Frozen):
    """A value in a step's write that a memory gave. `read` says whether a tool showed the same."""

    memory: int
    step: str
    argument: str
    read: bool = False


class MemoriesRelied(Durable):
    """An offered plan rests on memories; its outcome counts for them."""

    kind: Literal["memories_relied"] = "memories_relied"
    plan_id: str
    on: tuple[MemoryRelied, ...]


MemoryDecision = Literal["confirmed", "rejected", "edited", "forgotten"]


class MemoryDecided(Durable):
    """The operator decided about memories.

    `memories` are the ids: of an edit the old and the new version, of what is forgotten its earlier versions too.
    `closed` is the memory that a confirmed one contradicted.
    """

    kind: Literal["memory_decided"] = "memory_decided"
    decision: MemoryDecision
    memories: tuple[int, ...]
    by: str
    how: Literal["key", "flag"]
    closed: int = 0

    def words(self) -> str:
        return "; ".join(f"memory-{memory} {self.decision} by {self.by}" for memory in self.memories)
