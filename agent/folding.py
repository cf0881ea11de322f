"""Folding a long history at once: what came to the same state as folding its events one by one.

Of the kinds that make up most of a session only the few fields that the state keeps are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import msgspec

from agent.events import Recorded
from agent.model import Usage
from agent.state import SessionState, fold

_SILENT = frozenset(
    ("tool_called", "tool_returned", "answer_given", "understood", "memories_used", "memory_written")
)
"""Kinds of stored events that `fold` has no case for."""


class _Usage(msgspec.Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


class _Said(msgspec.Struct):
    turn: int


class _Ended(msgspec.Struct):
    outcome: str


class _Replied(msgspec.Struct):
    model: str
    usage: _Usage
    cost: Decimal | None = None


_READERS: dict[
    str, msgspec.json.Decoder[_Said] | msgspec.json.Decoder[_Ended] | msgspec.json.Decoder[_Replied]
] = {
    "said": msgspec.json.Decoder(_Said),
    "turn_ended": msgspec.json.Decoder(_Ended),
    "model_replied": msgspec.json.Decoder(_Replied),
}


def fold_all(state: SessionState, many: Iterable[Recorded]) -> SessionState:
    """The state after these events."""
    seq = state.seq
    for recorded in many:
        seq = recorded.seq or seq
        if recorded.kind in _SILENT:
            continue
        reader = _READERS.get(recorded.kind) if recorded.unread else None
        match reader.decode(recorded.unread) if reader is not None else None:
            case _Said(turn=turn):
                state = replace(state, turn=turn, busy=True, question=None)
            case _Ended(outcome=outcome):
                state = replace(state, busy=False, ended=outcome)
            case _Replied(model=model, usage=usage, cost=price):
                more = Usage.model_construct(**msgspec.structs.asdict(usage))
                total = state.cost if price is None else (state.cost or Decimal(0)) + price
                state = replace(state, usage=state.usage + more, cost=total, model=model)
            case _:
                state = fold(state, recorded)
    return state if state.seq == seq else replace(state, seq=seq)
