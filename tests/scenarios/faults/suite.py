"""Runs cases side by side against one practice cluster and one AWS account."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from tests.scenarios.faults import cloud_trial, model_trial, trial
from tests.scenarios.faults.cloud_jobs import CloudCase
from tests.scenarios.faults.model_troubles import ModelTrouble
from tests.scenarios.faults.stage import Stage, stage
from tests.scenarios.faults.trial import Outcome, Result
from tests.scenarios.faults.troubles import Case
from tests.standins.moto_server import moto_server

AnyCase = Case | ModelTrouble | CloudCase

AT_ONCE = 6

_numbers = itertools.count(1)


async def run_all(
    cases: Sequence[Case],
    models: Sequence[ModelTrouble] = (),
    clouds: Sequence[CloudCase] = (),
    *,
    recovery: Sequence[bool] = (True, False),
    told: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """The results in the order of the cases, those with recovery first.

    Args:
        cases: tools in trouble.
        models: what a model does.
        clouds: AWS tools in trouble.
        told: hears of each result as it comes.
    """
    with tempfile.TemporaryDirectory(prefix="pilothouse-faults-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            account = stack.enter_context(moto_server(folder / "moto.log")) if clouds else ""
            made = await stack.enter_async_context(stage(folder))
            room = asyncio.Semaphore(AT_ONCE)
            wanted: list[AnyCase] = [*cases, *models, *clouds]
            return await asyncio.gather(
                *(_one(made, account, case, folder, on, room, told) for on in recovery for case in wanted)
            )


async def _one(
    made: Stage,
    account: str,
    case: AnyCase,
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
            elif isinstance(case, CloudCase):
                result = await cloud_trial.run(
                    account, case, folder / str(number), recovery=recovery, number=number
                )
            else:
                result = await model_trial.run(
                    made, case, folder / str(number), recovery=recovery, number=number
                )
        except Exception as error:  # a case that breaks is a case that failed, and the others go on
            trouble = case if isinstance(case, ModelTrouble) else case.trouble
            result = Result(
                tool=model_trial.THE_MODEL if isinstance(case, ModelTrouble) else case.job.tool,
                trouble=trouble.name,
                hope=trouble.hope,
                recovery=recovery,
                outcome=Outcome.WRONG,
                why=f"the case broke: {type(error).__name__}: {error}",
            )
        told(result)
        return result
