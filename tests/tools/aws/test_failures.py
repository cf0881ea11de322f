"""AWS's errors as sentences an operator understands."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.standins.moto_server import aws_files
from tests.tools.aws.account import Account
from tools import errors
from tools.aws.accounts import Accounts
from tools.gate import Gate
from tools.tool import Scope

ANSWERS: list[tuple[int, str, type[errors.ToolError], str]] = [
    (400, "ExpiredToken", errors.Unauthorized, "aws sso login --profile test"),
    (401, "AuthFailure", errors.Unauthorized, "aws sso login --profile test"),
    (403, "InvalidClientTokenId", errors.Unauthorized, "aws configure --profile test"),
    (403, "UnauthorizedOperation", errors.Forbidden, "ec2:DescribeInstances"),
    (403, "AccessDenied", errors.Forbidden, "ec2:DescribeInstances"),
    (400, "RequestLimitExceeded", errors.Throttled, "ec2:DescribeInstances"),
    (503, "Throttling", errors.Throttled, "ec2:DescribeInstances"),
    (429, "Whatever", errors.Throttled, "ec2:DescribeInstances"),
    (400, "InvalidInstanceID.NotFound", errors.NotFound, "test/eu-central-1"),
    (400, "InvalidKeyPair.Duplicate", errors.AlreadyExists, "words from AWS"),
    (400, "IncorrectInstanceState", errors.Conflict, "words from AWS"),
    (400, "InvalidParameterValue", errors.Invalid, "words from AWS"),
    (500, "InternalError", errors.ServerFailed, "words from AWS"),
    (503, "Unavailable", errors.ServerFailed, "words from AWS"),
    (500, "InsufficientInstanceCapacity", errors.ServerFailed, "another type or zone"),
]


def answer(code: str, words: str) -> bytes:
    error = f"<Error><Code>{code}</Code><Message>{words}</Message></Error>"
    return f"<Response><Errors>{error}</Errors></Response>".encode()


@pytest.mark.parametrize(
    ("status", "code", "kind", "says"), ANSWERS, ids=lambda part: part if isinstance(part, str) else ""
)
async def test_an_error_code_becomes_its_class_and_says_what_matters(
    account: Account, status: int, code: str, kind: type[errors.ToolError], says: str
) -> None:
    account.wire.answer = (status, answer(code, "words from AWS"))
    with pytest.raises(errors.ToolError) as failed:
        await account.accounts.call(account.scope, "ec2", "DescribeInstances")
    assert type(failed.value) is kind
    assert says in str(failed.value)
    assert "words from AWS" in failed.value.raw


async def test_the_encoded_reason_of_a_refusal_is_left_out(account: Account) -> None:
    words = f"You may not. Encoded authorization failure message: {'x' * 900}"
    account.wire.answer = (403, answer("UnauthorizedOperation", words))
    with pytest.raises(errors.Forbidden) as failed:
        await account.accounts.call(account.scope, "ec2", "DescribeInstances")
    assert "You may not" in failed.value.message
    assert len(failed.value.message) < 200


async def test_a_closed_port_is_unreachable_and_named(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        accounts = Accounts(Gate.build()[0], aws_files(tmp_path, url))
        try:
            with pytest.raises(errors.Unreachable) as failed:
                await accounts.call(Scope(profile="test"), "ec2", "DescribeInstances")
        finally:
            await accounts.close()
    assert url in failed.value.message
    assert "network" in failed.value.hint


async def test_a_read_whose_connection_breaks_is_unreachable(account: Account) -> None:
    account.wire.answer = (0, b"")
    with pytest.raises(errors.Unreachable, match="broke before an answer"):
        await account.accounts.call(account.scope, "ec2", "DescribeInstances")


async def test_a_write_whose_connection_breaks_may_have_happened(account: Account) -> None:
    mine = account.instance()
    account.wire.answer = (0, b"")
    permit = account.accounts.permit(account.scope, "ec2", "StopInstances", InstanceIds=[mine])
    with account.mint.grant("1", [permit], seconds=30), pytest.raises(errors.TimedOut) as failed:
        await account.accounts.call(account.scope, "ec2", "StopInstances", InstanceIds=[mine])
    assert "may have happened" in failed.value.message
    assert len(account.wire.heard) == 1


async def test_parameters_that_do_not_fit_are_named(account: Account) -> None:
    with pytest.raises(errors.Invalid, match="InstanceIds"):
        await account.accounts.call(account.scope, "ec2", "DescribeInstances", InstanceIds=5)


async def test_a_broken_configuration_file_is_a_sentence(moto: str, tmp_path: Path) -> None:
    environ = aws_files(tmp_path, moto)
    (tmp_path / "config").write_text("[profile test\n")
    accounts = Accounts(Gate.build()[0], environ)
    try:
        with pytest.raises(errors.NotConfigured, match="config"):
            await accounts.call(Scope(profile="test", region="eu-central-1"), "ec2", "DescribeRegions")
    finally:
        await accounts.close()
