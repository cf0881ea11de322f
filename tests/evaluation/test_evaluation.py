"""A small part of the evaluation, with every test run; all of it is `python -m tests.evaluation`."""

from __future__ import annotations

from pathlib import Path

from tests.evaluation.__main__ import evaluate
from tests.evaluation.arms import Arm
from tests.evaluation.cases import Kind
from tests.evaluation.generator import generate
from tests.evaluation.reader import read


def test_the_same_seed_gives_the_same_cases_and_another_gives_others() -> None:
    assert generate(7, 3) == generate(7, 3) != generate(8, 3)
    cases = generate(7, 24)
    assert len(cases) == 240 and {case.kind for case in cases} == set(Kind)
    assert len({case.question for case in cases}) == len(cases)


def test_the_reader_says_nothing_that_it_was_not_given() -> None:
    given = '<memory id="1" kind="fact" source="said" since="2026-01-05">amber-mill is owned by ads</memory>'
    assert read("who owns amber-mill?", given) == "ads"
    assert read("who owns amber-mill-api?", given) == "I was not told."
    assert read("which port does amber-mill listen on?", given) == "I was not told."


async def test_nothing_leaks_no_poison_acts_and_what_was_forgotten_is_gone(tmp_path: Path) -> None:
    result = await evaluate(tmp_path, seed=3, each=2)
    ours = result.arms[Arm.OURS]
    assert (ours.leaks, ours.poison, ours.stale, result.poisoned) == (0, 0, 0, [])
    assert sum(result.left.values()) == 0 and "knowledge.db" in result.left, result.left
    assert ours.exact >= max(tally.exact for tally in result.arms.values())
    assert result.kinds[Kind.UNTOLD].exact == 1.0
    full = result.arms[Arm.FULL]
    assert full.leaks and full.poison, "the cases are such that whoever tells everything fails them"
