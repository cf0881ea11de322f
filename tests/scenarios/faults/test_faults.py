"""Whatever happens to a call, the end is what was asked for or an honest report.

A part of the suite: every tool, every trouble. `python -m tests.scenarios.faults` runs all of it.
"""

from __future__ import annotations

import pytest

from tests.scenarios.faults import table
from tests.scenarios.faults.__main__ import WANTED
from tests.scenarios.faults.cloud_jobs import cloud_cases
from tests.scenarios.faults.jobs import JOBS
from tests.scenarios.faults.model_troubles import MODEL_TROUBLES
from tests.scenarios.faults.suite import run_all
from tests.scenarios.faults.trial import Outcome
from tests.scenarios.faults.troubles import READ_TROUBLES, WRITE_TROUBLES, Case, cases
from tools.aws.accounts import Accounts
from tools.aws.registry import aws_tools
from tools.gate import Gate
from tools.kubernetes.connection.clusters import Clusters
from tools.kubernetes.registry import kubernetes_tools

EVERY = 6
"""One in so many cases is run here, in an order in which every tool and every trouble has its turn."""

WANTED_HERE = 90.0
"""Percent of a sample that has to be recovered; of all cases it is `WANTED`. One miss weighs six times as much here."""


def sample() -> list[Case]:
    tools, troubles = list(JOBS), [one.name for one in (*WRITE_TROUBLES, *READ_TROUBLES)]
    return [
        case
        for case in cases()
        if (tools.index(case.job.tool) + troubles.index(case.trouble.name)) % EVERY == 0
    ]


def test_every_tool_and_every_trouble_has_its_cases() -> None:
    made = {tool.name for tool in kubernetes_tools(Clusters(None, Gate.build()[0], {}))}
    assert made == set(JOBS), "a tool without a job is a tool nobody has seen in trouble"
    chosen = sample()
    assert {case.job.tool for case in chosen} == set(JOBS)
    wanted = {trouble.name for trouble in (*WRITE_TROUBLES, *READ_TROUBLES)}
    assert {case.trouble.name for case in chosen} == wanted


@pytest.mark.timeout(240)
async def test_with_recovery_what_can_be_recovered_is_and_all_else_is_reported_truthfully() -> None:
    results = await run_all(sample(), recovery=(True,))
    told = "\n".join(table.misses(results))
    assert all(result.outcome is not Outcome.WRONG for result in results), told
    assert table.share(table.hopeless(results)) == 100.0, told
    assert table.share(table.recoverable(results)) >= WANTED_HERE, told


def test_every_aws_tool_has_its_cases() -> None:
    made = {tool.name for tool in aws_tools(Accounts(Gate.build()[0], {}))}
    assert {case.job.tool for case in cloud_cases()} == made


@pytest.mark.timeout(240)
async def test_in_an_aws_account_too_everything_ends_well_or_is_reported_truthfully() -> None:
    results = await run_all([], clouds=cloud_cases()[::3], recovery=(True,))
    told = "\n".join(table.misses(results))
    assert all(result.outcome is not Outcome.WRONG for result in results), told
    assert table.share(table.hopeless(results)) == 100.0, told
    assert table.share(table.recoverable(results)) >= WANTED_HERE, told


@pytest.mark.timeout(240)
async def test_without_recovery_less_is_reached_and_nothing_else_is_said_than_what_is_so() -> None:
    chosen = sample()[::2]
    results = await run_all(chosen, recovery=(False,))
    told = "\n".join(table.misses(results))
    assert all(result.outcome is not Outcome.WRONG for result in results), told
    assert table.share(table.recoverable(results)) < WANTED


@pytest.mark.timeout(240)
async def test_whatever_a_model_does_nothing_is_changed_undecided_or_called_done_that_is_not() -> None:
    results = await run_all((), MODEL_TROUBLES, recovery=(True,))
    told = "\n".join(table.misses(results))
    assert all(result.good for result in results), told
