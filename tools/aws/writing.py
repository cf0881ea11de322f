"""What writes do alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.errors import ToolError

if TYPE_CHECKING:
    from tools.aws.accounts import Accounts
    from tools.tool import Scope


NOTHING_TO_CHANGE = "Nothing to change: it is so already."


async def rehearse(accounts: Accounts, scope: Scope, operation: str, **params: object) -> None:
    """Ask EC2 whether it would do it: rights and parameters are checked, and nothing happens.

    Raises the `ToolError` that the real call would fail with.

    Source: EC2 API Reference, common query parameters, DryRun.
    """
    try:
        await accounts.call(scope, "ec2", operation, **params, DryRun=True)
    except ToolError as answer:
        from tools.aws.failures import DryRunPassed

        if not isinstance(answer, DryRunPassed):
            raise
