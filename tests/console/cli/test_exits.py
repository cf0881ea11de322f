"""The exit codes are a contract: every way to fail has its number."""

from __future__ import annotations

import asyncio

import pytest

from agent.deciding.decisions import CommandRefused, Why
from agent.models import errors as model
from agent.settings import SettingsError
from console.cli.exits import Exit, Problem, of_failure, problem_of
from memory import errors as kept
from tools import errors as tool
from tools.errors import FailureClass


def test_the_numbers_are_the_promised_ones() -> None:
    assert {code.name: code.value for code in Exit} == {
        "DONE": 0, "FAILED": 1, "USAGE": 2, "REFUSED": 3, "DECISION": 4, "UNREACHABLE": 5, "INTERRUPTED": 130,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandRefused(Why.POLICY, "no"), 3),
        (CommandRefused(Why.STALE, "no"), 4),
        (CommandRefused(Why.DECISION, "no"), 4),
        (CommandRefused(Why.BUSY, "no"), 1),
        (CommandRefused(Why.UNKNOWN, "no"), 1),
        (tool.Unreachable("no"), 5),
        (tool.Unauthorized("no"), 5),
        (tool.NotConfigured("no"), 5),
        (tool.GateRefused("no"), 3),
        (tool.Drifted("no"), 4),
        (tool.Forbidden("no"), 1),
        (tool.NotFound("no"), 1),
        (tool.TimedOut("no"), 5),
        (model.NoCredentials("no"), 5),
        (model.Unauthorized("no"), 5),
        (model.Unreachable("no"), 5),
        (model.BadRequest("no"), 1),
        (model.Throttled("no"), 1),
        (kept.CredentialMissing("no"), 5),
        (kept.NoKeyring("no"), 5),
        (kept.KeyringUnavailable("no"), 5),
        (kept.SessionUnknown("no"), 1),
        (kept.DiskFull("no"), 1),
        (kept.JournalNewer("no"), 1),
        (SettingsError("no"), 1),
        (KeyboardInterrupt(), 130),
        (asyncio.CancelledError(), 130),
        (Problem(Exit.USAGE, "no"), 2),
    ],
)
def test_every_declared_error_has_its_code(error: BaseException, code: int) -> None:
    problem = problem_of(error)
    assert problem is not None
    assert problem.exit == code
    assert problem.sentence


def test_an_error_nobody_declared_is_a_defect() -> None:
    assert problem_of(ZeroDivisionError()) is None


@pytest.mark.parametrize("failure", list(FailureClass))
def test_a_failed_step_has_the_code_of_its_class(failure: FailureClass) -> None:
    codes = {
        FailureClass.UNREACHABLE: Exit.UNREACHABLE,
        FailureClass.TIMEOUT: Exit.UNREACHABLE,
        FailureClass.UNAUTHORIZED: Exit.UNREACHABLE,
        FailureClass.NOT_CONFIGURED: Exit.UNREACHABLE,
        FailureClass.REFUSED: Exit.REFUSED,
        FailureClass.DRIFT: Exit.DECISION,
        FailureClass.IN_DOUBT: Exit.DECISION,
    }
    assert of_failure(failure) is codes.get(failure, Exit.FAILED)
