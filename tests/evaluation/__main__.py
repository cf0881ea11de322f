"""Runs the evaluation of memory and prints its tables: `python -m tests.evaluation [--each N] [--seed N] [--json]`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from pydantic import BaseModel

from tests.evaluation.arms import Arm
from tests.evaluation.cases import Kind
from tests.evaluation.generator import generate
from tests.evaluation.measuring import Asked, Tally, ask_all, bytes_left, poisoned_memories, tally
from tests.evaluation.story import story

os.environ["PILOTHOUSE_NO_REAL_MODEL"] = "1"

EACH = 24
"""Cases of each kind."""


class Result(BaseModel):
    """The whole evaluation."""

    arms: dict[Arm, Tally]
    kinds: dict[Kind, Tally]
    """Of our own arm."""
    wrong: list[Asked]
    """Of our own arm, each with what it answered."""
    poisoned: list[int]
    left: dict[str, int]

    @property
    def holds(self) -> bool:
        """Whether what must be zero is zero."""
        ours = self.arms[Arm.OURS]
        return not (ours.leaks or ours.poison or self.poisoned or sum(self.left.values()))


async def evaluate(folder: Path, *, seed: int, each: int) -> Result:
    """Play the past, ask everything in every arm, then look for what should be gone."""
    cases = generate(seed, each)
    async with story(folder) as told:
        await told.play(cases)
        asked = {arm: await ask_all(told, cases, arm) for arm in Arm}
        poisoned = await poisoned_memories(told, cases)
        left = await bytes_left(told, cases)
    without, ours = asked[Arm.NONE], asked[Arm.OURS]

    def of(found: list[Asked], kind: Kind) -> list[Asked]:
        return [one for one in found if one.case.kind is kind]

    return Result(
        arms={arm: tally(found, without) for arm, found in asked.items()},
        kinds={kind: tally(of(ours, kind), of(without, kind)) for kind in Kind},
        wrong=[one for one in ours if not one.right],
        poisoned=poisoned,
        left=left,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation", description=__doc__)
    parser.add_argument("--each", type=int, default=EACH, help=f"cases of each of the ten kinds ({EACH})")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pilothouse-evaluation-") as folder:
        result = asyncio.run(evaluate(Path(folder), seed=chosen.seed, each=chosen.each))
    if chosen.json:
        json.dump(result.model_dump(mode="json"), sys.stdout, indent=1)
        print()
    else:
        _print(result, chosen.seed)
    return 0 if result.holds else 1


def _print(result: Result, seed: int) -> None:
    cases = result.arms[Arm.OURS].cases
    print(f"{cases} cases of {len(Kind)} kinds, seed {seed}; {len(result.wrong)} wrong answers of ours\n")
    head = (
        "recall@8",
        "exact",
        "stale",
        "leaks",
        "poison",
        "abstains",
        "tokens",
        "latency",
        "planning saved",
    )
    for title, rows in (("arm", result.arms), ("ours, by kind", result.kinds)):
        print(f"| {title} | {' | '.join(head)} |\n|{' --- |' * (len(head) + 1)}")
        for name, row in rows.items():
            print(f"| {name.value} | {' | '.join(_cells(row))} |")
        print()
    for one in result.wrong:
        print(f"wrong: {one.case.kind.value} {one.case.number}: {one.case.question!r}")
        print(
            f"       {one.answer!r}, not {one.case.answer!r}; needed was {'' if one.recalled else 'not '}given"
        )
    left = ", ".join(f"{name} {count}" for name, count in sorted(result.left.items()))
    print(f"active memories that nobody stated: {len(result.poisoned)}")
    print(f"forgotten words found in the raw files: {left}")
    print("holds" if result.holds else "DOES NOT HOLD")


def _cells(row: Tally) -> tuple[str, ...]:
    return (
        "" if row.recall is None else f"{row.recall:.1%}",
        f"{row.exact:.1%}",
        str(row.stale),
        str(row.leaks),
        str(row.poison),
        row.abstained,
        f"{row.tokens:,}",
        f"{row.latency:+.1f} ms",
        "" if row.planning is None else f"{row.planning:.0f} ms",
    )


if __name__ == "__main__":
    sys.exit(main())
