"""Full garbage collections stay out of the way of keys."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from console.tidying import EVERY, STILL, Tidying


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tidying(clock: Clock) -> Iterator[Tidying]:
    made = Tidying(clock)
    made.start()
    yield made
    made.stop()


class Ring:
    """Something only a collection can free."""

    def __init__(self) -> None:
        self.me = self


def test_nothing_is_collected_while_the_operator_types_and_everything_in_the_next_pause(
    tidying: Tidying, clock: Clock
) -> None:
    ring = weakref.ref(Ring())
    tidying.touched()
    clock.now += STILL / 2
    assert not tidying.look() and ring() is not None
    clock.now += STILL
    assert tidying.look() and ring() is None


def test_what_was_set_aside_is_looked_at_again_the_next_time(tidying: Tidying, clock: Clock) -> None:
    clock.now += STILL
    ring = Ring()
    held = weakref.ref(ring)
    assert tidying.look()
    del ring
    clock.now += EVERY / 2
    assert not tidying.look() and held() is not None
    clock.now += EVERY
    assert tidying.look() and held() is None


def test_python_collects_by_itself_again_afterwards(clock: Clock) -> None:
    before = gc.get_threshold()
    tidying = Tidying(clock)
    tidying.start()
    assert gc.get_threshold() != before
    clock.now += STILL
    tidying.look()
    tidying.stop()
    assert gc.get_threshold() == before and gc.get_freeze_count() == 0
