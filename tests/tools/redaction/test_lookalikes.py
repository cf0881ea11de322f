"""What only looks like a secret is left alone: reasoning needs it."""

from __future__ import annotations

import pytest

from tests.tools.redaction.lookalikes import lookalikes
from tools.redaction.redactor import Redactor

REDACTOR = Redactor(b"a key that only tests have")
MOST = 0.01
"""Of all look-alikes; docs/secrets.md states the measured rate."""


def test_fewer_than_one_in_a_hundred_look_alikes_is_taken_for_a_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    corpus = lookalikes()
    assert len(corpus) >= 300
    taken = [(sort, value, clean) for sort, value in corpus if (clean := REDACTOR.value(value)) != value]
    with capsys.disabled():
        print(
            f"\nlook-alikes taken for secrets: {len(taken)} of {len(corpus)} ({len(taken) / len(corpus):.2%})"
        )
        for sort, value, clean in taken:
            print(f"  {sort}: {value!r} became {clean!r}")
    assert len(taken) / len(corpus) < MOST


@pytest.mark.parametrize("seed", range(5))
def test_the_rate_does_not_hang_on_the_seed(seed: int) -> None:
    corpus = lookalikes(seed)
    taken = [value for _, value in corpus if REDACTOR.value(value) != value]
    assert len(taken) / len(corpus) < MOST
