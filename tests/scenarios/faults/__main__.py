"""Every tool under every trouble, with recovery and without; prints what recovery is worth.

python -m tests.scenarios.faults
python -m tests.scenarios.faults --tool kubernetes_scale --trouble lie --verbose
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time

from tests.scenarios.faults import table
from tests.scenarios.faults.cloud_jobs import CLOUD_JOBS, CLOUD_TROUBLES, cloud_cases
from tests.scenarios.faults.jobs import JOBS
from tests.scenarios.faults.model_trial import THE_MODEL
from tests.scenarios.faults.model_troubles import MODEL_TROUBLES
from tests.scenarios.faults.suite import run_all
from tests.scenarios.faults.trial import Outcome, Result
from tests.scenarios.faults.troubles import READ_TROUBLES, WRITE_TROUBLES, cases

WANTED = 95.0
"""Percent of the recoverable cases that recovery has to bring to their goal."""

os.environ["PILOTHOUSE_NO_REAL_MODEL"] = "1"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.faults", description=__doc__)
    troubles = sorted(
        {trouble.name for trouble in (*WRITE_TROUBLES, *READ_TROUBLES)}
        | {trouble.name for trouble in (*MODEL_TROUBLES, *CLOUD_TROUBLES)}
    )
    parser.add_argument(
        "--tool",
        choices=[*sorted(JOBS), *(job.tool for job in CLOUD_JOBS), THE_MODEL],
        help="this tool, or the model, alone",
    )
    parser.add_argument("--trouble", choices=troubles, help="this trouble alone")
    parser.add_argument("--only", choices=["on", "off"], help="with recovery on, or off, alone")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--verbose", action="store_true", help="tell each result as it comes")
    chosen = parser.parse_args()
    wanted = [
        case
        for case in cases()
        if chosen.tool in (None, case.job.tool) and chosen.trouble in (None, case.trouble.name)
    ]
    models = [
        trouble
        for trouble in MODEL_TROUBLES
        if chosen.tool in (None, THE_MODEL) and chosen.trouble in (None, trouble.name)
    ]
    clouds = [
        case
        for case in cloud_cases()
        if chosen.tool in (None, case.job.tool) and chosen.trouble in (None, case.trouble.name)
    ]
    recovery = {"on": (True,), "off": (False,), None: (True, False)}[chosen.only]
    began = time.monotonic()
    told = _tell if chosen.verbose else _quiet
    results = asyncio.run(run_all(wanted, models, clouds, recovery=recovery, told=told))
    if chosen.json:
        json.dump([result.model_dump(mode="json") for result in results], sys.stdout, indent=1)
        print()
    else:
        aws = [result for result in results if result.tool.startswith("aws_")]
        tools = [result for result in results if result.tool.startswith("kubernetes_")]
        spoken = [result for result in results if result.tool == THE_MODEL]
        blocks = [
            table.by_trouble(tools),
            table.by_trouble(aws),
            table.by_trouble(spoken),
            table.by_tool(results),
            table.misses(results),
            table.summary(results),
        ]
        print("\n\n".join("\n".join(block) for block in blocks if block))
        print(f"{len(results)} runs in {time.monotonic() - began:.0f} s")
    return 0 if holds(results) else 1


def holds(results: list[Result]) -> bool:
    """Whether what has to be reached was reached."""
    on = [result for result in results if result.recovery]
    return (
        table.share(table.recoverable(on)) >= WANTED
        and table.share(table.hopeless(on)) == 100.0
        and all(result.outcome is not Outcome.WRONG for result in results)
    )


def _tell(result: Result) -> None:
    words = f"{result.tool}: {result.trouble}: {result.why}"
    print(
        f"{result.outcome.value:<9} {'on ' if result.recovery else 'off'} {words}",
        file=sys.stderr,
        flush=True,
    )


def _quiet(result: Result) -> None:
    return None


if __name__ == "__main__":
    sys.exit(main())
