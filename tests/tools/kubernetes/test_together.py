"""Views of several kinds, namespaces and clusters: every row says whose it is, one failure hides nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from tests.tools.kubernetes.lab import PATIENCE, Lab, bystander
from tests.tools.kubernetes.test_watching import View
from tools.errors import NotFound
from tools.kubernetes.live.together import _Together, watch_view
from tools.rows import FeedState, Health, Row, RowsChanged

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


async def follow(changes: AsyncIterator[RowsChanged], done: Callable[[View], bool]) -> View:
    view = View()
    async with asyncio.timeout(PATIENCE), aclosing(changes):  # type: ignore[type-var]
        async for change in changes:
            view.take(change)
            if done(view):
                break
    return view


def row(name: str, kind: str = "Pod", health: Health = Health.OK, *cells: str) -> Row:
    return Row(f"lab/{kind}/shop/{name}", "lab", "shop", name, kind, (name, *cells), health)


def change(
    *rows: Row, columns: tuple[str, ...], state: FeedState = FeedState.LIVE, detail: str = ""
) -> RowsChanged:
    return RowsChanged(columns, rows, (), False, state, detail, NOON)


async def test_workloads_show_several_kinds_and_each_row_names_its_own(practice: Lab) -> None:
    await practice.deployment("web")
    await practice.cron_job("nightly", suspended=True)
    changes = watch_view(practice.clusters, "workloads", namespaces=[practice.namespace])
    view = await follow(changes, lambda view: {"web", "nightly"} <= view.names)
    kinds = {found.name: found.cells[view.columns.index("Kind")] for found in view.rows.values()}
    assert kinds == {"web": "Deployment", "nightly": "CronJob"}
    assert view.columns[:2] == ("Name", "Kind") and view.columns[-1] == "Age"


async def test_rows_of_two_contexts_stand_together_and_say_whose_they_are(practice: Lab) -> None:
    await practice.config_map("settings", {})
    contexts = [practice.cluster.context, bystander(practice)]
    changes = watch_view(practice.clusters, "configmaps", contexts=contexts, namespaces=[practice.namespace])
    view = await follow(
        changes, lambda view: sum(found.name == "settings" for found in view.rows.values()) == 2
    )
    at = view.columns.index("Context")
    assert {found.cells[at] for found in view.rows.values()} == set(contexts)


async def test_a_word_no_cluster_knows_is_refused_with_near_names(practice: Lab) -> None:
    with pytest.raises(NotFound, match="deployments"):
        await anext(watch_view(practice.clusters, "deploymnets"))


def test_a_kind_that_fails_is_named_and_the_others_rows_stay() -> None:
    view = _Together(["pods", "jobs"], by_context=False, by_kind=True, by_namespace=False, only=None)
    view.take(0, change(row("a", "Pod", Health.OK, "Running"), columns=("Name", "Status")))
    said = view.take(1, change(columns=(), state=FeedState.FAILED, detail="the group is down"))
    assert (said.state, said.detail, said.removed, said.reset) == (
        FeedState.STALE, "jobs: the group is down", (), False,
    )  # fmt: skip


def test_what_gets_well_leaves_the_unhealthy() -> None:
    view = _Together(
        ["pods", "jobs"], by_context=False, by_kind=True, by_namespace=True, only=frozenset({Health.BAD})
    )
    columns = ("Name", "Status")
    sick = view.take(0, change(row("a", "Pod", Health.BAD, "Error"), row("b"), columns=columns))
    assert [found.cells for found in sick.upserts] == [("a", "Pod", "shop", "Error")]
    well = view.take(0, change(row("a", "Pod", Health.OK, "Running"), columns=columns))
    assert well.removed == ("lab/Pod/shop/a",) and not well.upserts
