"""After a stop nothing leaves, and what is told of it is so; `python -m tests.scenarios.stops` measures it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.stops import run_all


@pytest.mark.timeout(240)
async def test_after_a_stop_no_write_leaves_and_every_step_is_told_as_it_is(tmp_path: Path) -> None:
    results = await run_all(3, 5, tmp_path)
    assert all(result.good for result in results), [result.model_dump() for result in results]
    assert any("stopped" in result.states for result in results), "a stop that came too late tells nothing"
