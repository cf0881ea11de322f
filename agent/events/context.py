"""Events of the model's context: what of the conversation it is told, and since when only in short."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from agent.events.durable import Durable
from agent.model import Usage


class Compacted(Durable):
    """The conversation up to event `through` is told to the model in short from now on.

    `kept` was written by rule and holds what must not be lost; `summary` tells the rest. Tokens are estimates.
    """

    kind: Literal["compacted"] = "compacted"
    turn: int
    through: int
    kept: str
    summary: str
    by: Literal["model", "rule"]
    outputs: tuple[str, ...] = ()
    """Ids of the tool outputs that are only referenced now."""
    before: int = 0
    after: int = 0
    usage: Usage = Usage()
    """What writing the summary took."""
    cost: Decimal | None = None
