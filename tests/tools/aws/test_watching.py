"""Live rows of a cloud service, whatever happens in between."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.tools.aws.account import Account
from tests.tools.aws.test_ecs import service
from tools.aws.watching import LONGEST_WAIT, POLL_SECONDS, poll
from tools.errors import Invalid
from tools.rows import FeedState, Health, RowsChanged
from tools.tool import Scope


class Feed:
    """A feed whose waiting is noted instead of done."""

    def __init__(self, account: Account, view: str, scope: Scope | None = None) -> None:
        self.waited: list[float] = []
        self._batches: AsyncIterator[RowsChanged] = poll(
            account.accounts, scope or account.scope, view, sleep=self._sleep
        )

    async def next(self) -> RowsChanged:
        return await anext(self._batches)

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


async def test_a_feed_connects_lists_and_then_tells_only_what_changed(account: Account) -> None:
    stays, stops = account.instance("a", environment="dev"), account.instance("b")
    feed = Feed(account, "ec2")
    assert (await feed.next()).state is FeedState.CONNECTING
    first = await feed.next()
    assert (first.state, first.reset) == (FeedState.POLLING, True)
    assert {row.name for row in first.upserts} == {stays, stops}
    assert all(len(row.cells) == len(first.columns) for row in first.upserts)
    quiet = await feed.next()
    assert (quiet.upserts, quiet.removed, quiet.reset) == ((), (), False)
    account.behind("ec2").stop_instances(InstanceIds=[stops])
    changed = await feed.next()
    assert [(row.uid, row.health) for row in changed.upserts] == [(stops, Health.IDLE)]
    assert feed.waited == [POLL_SECONDS] * 2


async def test_a_row_that_went_is_removed(account: Account) -> None:
    service(account)
    feed = Feed(account, "ecs")
    await feed.next()
    [row] = (await feed.next()).upserts
    assert row.name == "shop/orders"
    account.behind("ecs").delete_service(cluster="shop", service="orders", force=True)
    account.behind("ecs").delete_cluster(cluster="shop")
    assert (await feed.next()).removed == (row.uid,)


async def test_a_row_can_be_described_by_its_name(account: Account) -> None:
    service(account)
    account.instance("web")
    for view in ("ec2", "ecs"):
        feed = Feed(account, view)
        await feed.next()
        [row] = (await feed.next()).upserts
        assert await account.read(f"aws_{view}_describe", id=row.name)


async def test_trouble_is_told_and_the_feed_goes_on_without_losing_its_rows(account: Account) -> None:
    mine = account.instance("a")
    feed = Feed(account, "ec2")
    await feed.next()
    await feed.next()
    account.wire.answer = (503, b"")
    for _ in range(8):
        stale = await feed.next()
        assert (stale.state, stale.reset) == (FeedState.STALE, False)
        assert "ec2:DescribeInstances" in stale.detail
    assert POLL_SECONDS < feed.waited[-1] <= LONGEST_WAIT * 1.2
    account.wire.answer = None
    account.behind("ec2").stop_instances(InstanceIds=[mine])
    back = await feed.next()
    assert (back.state, back.reset) == (FeedState.POLLING, False)
    assert [row.uid for row in back.upserts] == [mine]


async def test_what_waiting_does_not_mend_is_a_failure_and_is_tried_again(account: Account) -> None:
    feed = Feed(account, "ec2", Scope(profile="nobody"))
    await feed.next()
    for _ in range(2):
        failed = await feed.next()
        assert failed.state is FeedState.FAILED
        assert "nobody" in failed.detail


async def test_a_view_that_does_not_exist_is_refused(account: Account) -> None:
    with pytest.raises(Invalid, match="ec2, ecs"):
        await Feed(account, "unicorns").next()
