"""The gate: what is not granted does not happen."""

import asyncio
from contextvars import copy_context

import pytest

from tools.errors import GateRefused
from tools.gate import Access, Gate, Permit

PATCH = Permit(
    system="kubernetes", place="lab", verb="patch", resource="deployments.apps", namespace="shop", name="web"
)
OTHER = PATCH.model_copy(update={"name": "db"})


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_reads_pass_without_a_grant() -> None:
    gate, _ = Gate.build()
    gate.judge(Access.READ, PATCH)


def test_a_write_without_a_grant_is_refused_and_named() -> None:
    gate, _ = Gate.build()
    with pytest.raises(GateRefused, match=r"patch deployments\.apps/shop/web on kubernetes lab"):
        gate.judge(Access.WRITE, PATCH)


def test_a_permit_is_spent_on_use() -> None:
    gate, mint = Gate.build()
    with mint.grant("s1", [PATCH], seconds=10):
        gate.judge(Access.WRITE, PATCH)
        with pytest.raises(GateRefused, match="s1"):
            gate.judge(Access.WRITE, PATCH)


def test_a_permit_given_twice_passes_twice() -> None:
    gate, mint = Gate.build()
    with mint.grant("s1", [PATCH, PATCH], seconds=10):
        gate.judge(Access.WRITE, PATCH)
        gate.judge(Access.WRITE, PATCH)
        with pytest.raises(GateRefused):
            gate.judge(Access.WRITE, PATCH)


@pytest.mark.parametrize("field", ["system", "place", "verb", "resource", "namespace", "name"])
def test_a_grant_covers_the_exact_request_only(field: str) -> None:
    gate, mint = Gate.build()
    with mint.grant("s1", [PATCH], seconds=10), pytest.raises(GateRefused):
        gate.judge(Access.WRITE, PATCH.model_copy(update={field: "other"}))


def test_an_expired_grant_opens_nothing() -> None:
    clock = Clock()
    gate, mint = Gate.build(clock)
    with mint.grant("s1", [PATCH], seconds=10, reveals=[PATCH]):
        clock.now += 10.1
        with pytest.raises(GateRefused):
            gate.judge(Access.WRITE, PATCH)
        with pytest.raises(GateRefused):
            gate.judge(Access.SENSITIVE, PATCH)


def test_a_grant_ends_with_its_block_even_for_tasks_that_inherited_it() -> None:
    gate, mint = Gate.build()
    with mint.grant("s1", [PATCH], seconds=10, reveals=[PATCH]):
        inherited = copy_context()
    with pytest.raises(GateRefused):
        inherited.run(gate.judge, Access.WRITE, PATCH)
    with pytest.raises(GateRefused):
        inherited.run(gate.judge, Access.SENSITIVE, PATCH)


def test_a_grant_of_another_gate_opens_nothing() -> None:
    gate, _ = Gate.build()
    _, foreign = Gate.build()
    with foreign.grant("s1", [PATCH], seconds=10, reveals=[PATCH]):
        with pytest.raises(GateRefused):
            gate.judge(Access.WRITE, PATCH)
        with pytest.raises(GateRefused):
            gate.judge(Access.SENSITIVE, PATCH)


def test_a_sensitive_read_needs_a_reveal_grant() -> None:
    gate, mint = Gate.build()
    with pytest.raises(GateRefused, match="reveal"):
        gate.judge(Access.SENSITIVE, PATCH)
    with mint.grant("s1", [PATCH], seconds=10), pytest.raises(GateRefused):
        gate.judge(Access.SENSITIVE, PATCH)
    with mint.grant("s1", [], seconds=10, reveals=[PATCH]):
        gate.judge(Access.SENSITIVE, PATCH)


def test_a_reveal_grant_allows_no_write() -> None:
    gate, mint = Gate.build()
    with mint.grant("s1", [], seconds=10, reveals=[PATCH]), pytest.raises(GateRefused):
        gate.judge(Access.WRITE, PATCH)


async def test_two_steps_at_once_cannot_use_each_others_grants() -> None:
    gate, mint = Gate.build()
    both_hold = asyncio.Barrier(2)
    refused: list[str] = []

    async def step(name: str, own: Permit, foreign: Permit) -> None:
        with mint.grant(name, [own], seconds=10):
            await both_hold.wait()
            try:
                gate.judge(Access.WRITE, foreign)
            except GateRefused:
                refused.append(name)
            gate.judge(Access.WRITE, own)

    await asyncio.gather(step("one", PATCH, OTHER), step("two", OTHER, PATCH))
    assert sorted(refused) == ["one", "two"]


async def test_a_grant_reaches_the_tasks_a_step_starts() -> None:
    gate, mint = Gate.build()

    async def send() -> None:
        gate.judge(Access.WRITE, PATCH)

    with mint.grant("s1", [PATCH], seconds=10):
        await asyncio.create_task(send())


async def test_once_stop_was_said_a_grant_lets_nothing_more_out() -> None:
    gate, mint = Gate.build()
    stop = asyncio.Event()
    with mint.grant("s1", [PATCH, OTHER], seconds=10, halted=stop.is_set) as grant:
        assert not grant.used
        gate.judge(Access.WRITE, PATCH)
        assert grant.used
        stop.set()
        with pytest.raises(GateRefused, match="was stopped"):
            gate.judge(Access.WRITE, OTHER)
