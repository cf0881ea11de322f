"""Closer looks at real objects of a practice cluster: every side, live, until they are gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent import commands as c
from agent import events as e
from agent.logbook import Logbook
from agent.looking.inspecting import Inspector
from agent.looking.looks import Looks
from agent.looking.pages import RelatedPage, SessionsPage, SummaryPage, TextPage
from agent.looking.views import Views
from agent.reading import Reader
from memory.journal import Journal
from tests.standins.crew import REDACTOR
from tests.tools.kubernetes.conftest import practice, practice_kubeconfig
from tests.tools.kubernetes.lab import PATIENCE, Lab
from tools.gate import Permit
from tools.rows import RowsChanged
from tools.tool import Call, Scope

SIDES = {"summary", "yaml", "events", "related", "sessions"}

__all__ = ["practice", "practice_kubeconfig"]


class Looking:
    """A session's logbook and what looks on its behalf."""

    def __init__(self, lab: Lab, journal: Journal, book: Logbook) -> None:
        self.lab, self.journal, self.book = lab, journal, book
        inspector = Inspector(
            lab.registry, Reader(lab.registry, redactor=REDACTOR, attempts=2), lab.clusters, journal
        )
        self.looks = Looks(Views(_nothing), inspector, lab.clusters)
        self.seen: list[e.Inspected] = []
        self.logs: list[e.LogGrew] = []

    def look(self, kind: str, name: str) -> None:
        self.looks.take(c.Inspect(request="1", what=kind, name=name, scope=self.lab.scope), self.book)

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            async for recorded in self.book.subscribe():
                if isinstance(recorded.event, e.Inspected):
                    self.seen.append(recorded.event)
                elif isinstance(recorded.event, e.LogGrew):
                    self.logs.append(recorded.event)
                if holds():
                    return

    def page(self, side: str) -> object:
        return next((event.page for event in reversed(self.seen) if event.side == side), None)

    def failure(self, side: str) -> str:
        return next((event.failure for event in reversed(self.seen) if event.side == side), "")


async def _nothing(what: str, scope: Scope, everywhere: bool) -> AsyncIterator[RowsChanged]:
    for rows in ():
        yield rows


@asynccontextmanager
async def looking(lab: Lab, folder: Path) -> AsyncIterator[Looking]:
    async with await Journal.open(folder / "journal.db", lambda: datetime.now(UTC)) as journal:
        book = Logbook(journal, "s1", lambda: datetime.now(UTC), REDACTOR)
        await book.record(e.SessionStarted(operator="ada", scope=lab.scope))
        made = Looking(lab, journal, book)
        try:
            yield made
        finally:
            await made.looks.close()
            book.close()


async def test_every_side_of_a_workload_comes_and_again_when_it_changes(
    practice: Lab, tmp_path: Path
) -> None:
    await practice.deployment("web", replicas=1)
    async with looking(practice, tmp_path) as at:
        at.look("deployments", "web")
        await at.until(
            lambda: {event.side for event in at.seen} == {"summary", "yaml", "events", "related", "sessions"}
        )
        summary, text = at.page("summary"), at.page("yaml")
        assert isinstance(summary, SummaryPage) and isinstance(text, TextPage)
        assert summary.mention == f"@deployment/{practice.namespace}/web"
        assert "  replicas: 1" in text.lines
        assert isinstance(at.page("related"), RelatedPage)
        await practice.carry_out("kubernetes_scale", kind="deployment", name="web", replicas=2)

        def scaled() -> bool:
            page = at.page("yaml")
            return isinstance(page, TextPage) and "  replicas: 2" in page.lines

        await at.until(scaled)


async def test_an_object_deleted_while_it_is_looked_at_is_said_to_be_gone(
    practice: Lab, tmp_path: Path
) -> None:
    await practice.config_map("settings", {"a": "1"})
    async with looking(practice, tmp_path) as at:
        at.look("configmap", "settings")
        await at.until(lambda: at.page("yaml"))
        path = f"/api/v1/namespaces/{practice.namespace}/configmaps/settings"
        permit = Permit(
            system="kubernetes", place=practice.cluster.context, verb="delete", resource="configmaps",
            namespace=practice.namespace, name="settings",
        )  # fmt: skip
        with practice.mint.grant("deletion", [permit], seconds=30):
            await practice.cluster.request("DELETE", path)
        await at.until(lambda: at.seen[-1].gone)
        assert "configmap/settings" in at.seen[-1].failure and "was deleted" in at.seen[-1].failure


async def test_what_is_not_there_is_named_with_what_resembles_it(practice: Lab, tmp_path: Path) -> None:
    await practice.config_map("settings", {"a": "1"})
    async with looking(practice, tmp_path) as at:
        at.look("configmap", "setings")
        await at.until(lambda: at.failure("summary"))
        assert at.seen[-1].gone
        assert "settings" in at.failure("summary")


async def test_values_of_a_secret_are_on_no_side(practice: Lab, tmp_path: Path) -> None:
    await practice.secret("token", {"password": "hunter2"})
    async with looking(practice, tmp_path) as at:
        at.look("secrets", "token")
        await at.until(lambda: len(at.seen) == 5)
        shown = repr(at.seen)
        assert "hunter2" not in shown and "aHVudGVyMg" not in shown
        assert "Values of Secrets stay on the server" in shown


async def test_huge_values_arrive_whole_and_folded(practice: Lab, tmp_path: Path) -> None:
    await practice.config_map("large", {"blob": "x" * 900_000, "lines": "a line\n" * 10_000})
    async with looking(practice, tmp_path) as at:
        at.look("configmap", "large")
        await at.until(lambda: at.page("yaml"))
        page = at.page("yaml")
        assert isinstance(page, TextPage)
        hidden = {fold.closed.partition("  # ")[2] for fold in page.folds}
        assert {"900,000 characters", "10,000 lines"} <= hidden


async def test_sessions_that_read_planned_or_changed_it_are_told_apart(practice: Lab, tmp_path: Path) -> None:
    await practice.deployment("web")
    async with looking(practice, tmp_path) as at:
        call = Call(tool="kubernetes_logs@1", args={"kind": "deploy", "name": "web"})
        await at.book.record(e.ToolCalled(turn=1, call_id="c1", call=call, scope=practice.scope))
        at.look("deployment", "web")
        await at.until(lambda: at.page("sessions"))
        page = at.page("sessions")
        assert isinstance(page, SessionsPage)
        assert [(past.session, past.did) for past in page.sessions] == [("s1", "looked at it")]


async def test_logs_are_followed_until_one_looks_away(practice: Lab, tmp_path: Path) -> None:
    await practice.deployment("web", replicas=1)
    async with looking(practice, tmp_path) as at:
        at.looks.take(
            c.FollowLogs(request="log", what="deployment", name="web", scope=practice.scope), at.book
        )
        await at.until(lambda: any(event.batch and event.batch.lines for event in at.logs))
        at.looks.take(c.LookAway(request="log"), at.book)
        at.looks.take(
            c.FollowLogs(request="none", what="configmap", name="kube-root-ca.crt", scope=practice.scope),
            at.book,
        )
        await at.until(lambda: at.logs and at.logs[-1].over)
        assert at.logs[-1].request == "none" and at.logs[-1].failure


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("deploy", "deployment"), ("Deployments", "deployment"), ("deployments.apps", "deployment"),
        ("sts", "statefulset"), ("ingresses", "ingress"), ("svc", "service"), ("Pod", "pod"),
        ("widgets.example.com", "widget"),
    ],
)  # fmt: skip
def test_a_kind_is_remembered_under_one_word_however_it_was_spelled(kind: str, word: str) -> None:
    from agent.touching import kind_word

    assert kind_word(kind) == word
