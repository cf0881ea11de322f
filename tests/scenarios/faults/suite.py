"""Runs cases side by side against one practice cluster."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.scenarios.faults import model_trial, trial
from tests.scenarios.faults.model_troubles import ModelTrouble
from tests.scenarios.faults.stage import Stage, stage
from tests.scenarios.faults.trial import Outcome, Result
from tests.scenarios.faults.troubles import Case

AT_ONCE = 6

_numbers = itertools.count(1)


async def run_all(
    cases: Sequence[Case],
    models: Sequence[ModelTrouble] = (),
    *,
    recovery: Sequence[bool] = (True, False),
    told: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """The results in the order of the cases, those with recovery first.

    Args:
        cases: tools in trouble.
        models: what a model does.
        told: hears of each result as it comes.
    """
    with tempfile.TemporaryDirectory(prefix="pilothouse-faults-") as name:
        folder = Path(name)
        async with stage(folder) as made:
            room = asyncio.Semaphore(AT_ONCE)
            wanted: list[Case | ModelTrouble] = [*cases, *models]
            return await asyncio.gather(
                *(_one(made, case, folder, on, room, told) for on in recovery for case in wanted)
            )


async def _one(
    made: Stage,
    case: Case | ModelTrouble,
    folder: Path,
    recovery: bool,
    room: asyncio.Semaphore,
    told: Callable[[Result], None],
) -> Result:
    number = next(_numbers)
    async with room:
        try:
            if isinstance(case, Case):
                result = await trial.run(made, case, folder / str(number), recovery=recovery, number=number)
            else:
                result = await model_trial.run(
                    made, case, folder / str(number), recovery=recovery, number=number
                )
        except Exception as error:  # a case that breaks is a case that failed, and the others go on
            trouble = case.trouble if isinstance(case, Case) else case
            result = Result(
                tool=case.job.tool if isinstance(case, Case) else model_trial.THE_MODEL,
                trouble=trouble.name,
                hope=trouble.hope,
                recovery=recovery,
                outcome=Outcome.WRONG,
                why=f"the case broke: {type(error).__name__}: {error}",
            )
        told(result)
        return result
