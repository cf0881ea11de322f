"""A cloud service as rows that follow it. AWS tells nobody of changes, so we look again and again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools.aws.ec2_instances import WireInstance, list_instances
from tools.aws.ecs_services import WireService, last_part, list_clusters, list_services
from tools.aws.tags import environment
from tools.errors import Forbidden, Invalid, NotConfigured, Throttled, ToolError, Unauthorized
from tools.rows import FeedState, Health, Row, RowsChanged
from tools.tool import Scope

if TYPE_CHECKING:
    from tools.aws.accounts import Accounts

POLL_SECONDS = 5.0
LONGEST_WAIT = 120.0

_COLUMNS = {
    "ec2": ("Name", "State", "Type", "Zone", "Address", "Environment"),
    "ecs": ("Name", "Tasks", "Pending", "Deployment", "Task definition", "Environment"),
}

_INSTANCE_HEALTH = {
    "running": Health.OK,
    "pending": Health.WARN,
    "stopping": Health.WARN,
    "shutting-down": Health.WARN,
    "stopped": Health.IDLE,
    "terminated": Health.IDLE,
}


async def poll(
    accounts: Accounts,
    scope: Scope,
    view: str,
    every: float = POLL_SECONDS,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[RowsChanged]:
    """Rows of a service as they change. Never ends by itself; close it to stop.

    Args:
        accounts: the way to AWS.
        scope: profile and region.
        view: `ec2` or `ecs`.
        every: seconds from one look to the next; trouble makes them more, up to `LONGEST_WAIT`.
        now: the wall clock in UTC, stamped on every batch.
        sleep: waits that many seconds between looks.

    Raises:
        Invalid: there is no such view. All other trouble is a state of the feed.
    """
    if view not in _COLUMNS:
        raise Invalid(f"There is no AWS view called {view}.", hint=f"The views are: {', '.join(_COLUMNS)}.")
    columns = _COLUMNS[view]
    look = _instances if view == "ec2" else _services
    yield RowsChanged(columns, state=FeedState.CONNECTING, at=now())
    known: dict[str, Row] | None = None
    failures = 0
    while True:
        wait = every
        try:
            found = {row.uid: row for row in await look(accounts, scope)}
        except ToolError as error:
            failures += 1
            state = FeedState.FAILED if isinstance(error, _LASTING) else FeedState.STALE
            yield RowsChanged(columns, state=state, detail=str(error), at=now())
            patience = (error.retry_after or 0.0) if isinstance(error, Throttled) else 0.0
            wait = max(patience, min(every * 2**failures, LONGEST_WAIT) * random.uniform(0.8, 1.2))
        else:
            before, known, failures = known, found, 0
            yield RowsChanged(
                columns,
                upserts=tuple(row for uid, row in found.items() if before is None or before.get(uid) != row),
                removed=tuple(uid for uid in before or () if uid not in found),
                reset=before is None,
                state=FeedState.POLLING,
                at=now(),
            )
        await sleep(wait)


_LASTING = (Forbidden, Invalid, NotConfigured, Unauthorized)
"""Trouble that looking again does not mend, until somebody does something."""


async def _instances(accounts: Accounts, scope: Scope) -> list[Row]:
    place = str(accounts.place(scope))
    return [_instance_row(each, place) for each in await list_instances(accounts, scope)]


def _instance_row(found: WireInstance, place: str) -> Row:
    return Row(
        uid=found.instance_id,
        scope=place,
        namespace="",
        name=found.instance_id,
        kind="instance",
        cells=(
            found.name or found.instance_id,
            found.state.name,
            found.instance_type,
            found.placement.availability_zone,
            found.public_ip_address or found.private_ip_address,
            environment(found.labels),
        ),
        health=_INSTANCE_HEALTH[found.state.name],
        created=found.launch_time,
    )


async def _services(accounts: Accounts, scope: Scope) -> list[Row]:
    place = str(accounts.place(scope))
    clusters = [each.cluster_name for each in await list_clusters(accounts, scope)]
    return [_service_row(each, place) for each in await list_services(accounts, scope, clusters)]


def _service_row(found: WireService, place: str) -> Row:
    rollout = next((each for each in found.deployments if each.status == "PRIMARY"), None)
    return Row(
        uid=found.service_arn,
        scope=place,
        namespace="",
        name=found.path,
        kind="service",
        cells=(
            found.path,
            f"{found.running_count}/{found.desired_count}",
            str(found.pending_count),
            (rollout.rollout_state if rollout else "").lower().replace("_", " "),
            last_part(found.task_definition),
            environment(found.labels),
        ),
        health=_service_health(found),
        created=found.created_at,
    )


def _service_health(found: WireService) -> Health:
    if found.status != "ACTIVE" or (not found.desired_count and not found.running_count):
        return Health.IDLE
    if any(each.rollout_state == "FAILED" for each in found.deployments):
        return Health.BAD
    if not found.running_count and not found.pending_count:
        return Health.BAD
    return Health.OK if found.running_count == found.desired_count else Health.WARN
