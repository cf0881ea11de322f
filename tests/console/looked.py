"""What a scripted session shows of an object that is looked at, and of its logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from agent import commands as c
from agent import events as e
from agent.looking.pages import (
    EventsPage,
    PastSession,
    RelatedPage,
    Section,
    SessionsPage,
    SummaryPage,
)
from agent.looking.yaml_text import yaml_page
from agent.mentions import mention_of
from tools.kubernetes.live.workload_logs import LogBatch, LogLine, LogSource
from tools.kubernetes.reads.events import Happening
from tools.kubernetes.relations import Related, Relation

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def looked_at(command: c.Inspect) -> Iterator[e.Inspected]:
    """Every side of any object."""
    request, name, namespace = command.request, command.name, command.scope.namespace
    kind = command.what.removesuffix("s")
    rows = (("kind", f"{kind.title()}  v1"), ("namespace", namespace), ("phase", "Running"))
    summary = SummaryPage(mention_of(kind, namespace, name), (Section("", rows),))
    obj = {
        "apiVersion": "v1",
        "kind": kind.title(),
        "metadata": {"name": name, "managedFields": [{"manager": "kubectl"}, {"manager": "hidden-one"}]},
        "data": {f"key-{number}": f"value {number}" for number in range(60)},
    }
    warning = Happening(
        last=NOW - timedelta(minutes=4), warning=True, reason="BackOff", object=f"{kind}/{name}",
        namespace=namespace, message="restarting failed container", count=12,
    )  # fmt: skip
    related = RelatedPage(
        (
            Related(Relation.OWNER, "replicaset", "cart-7d9f8b", namespace, "2 of 3 ready", False),
            Related(Relation.LEADS_HERE, "service", "cart", namespace, "ClusterIP, 80→8080"),
        ),
        ("Ingresses may not be listed.",),
    )
    past = PastSession("20260313-older", "Scale cart to 3", NOW - timedelta(days=1), "changed it")
    yield e.Inspected(request=request, side="summary", page=summary)
    yield e.Inspected(request=request, side="yaml", page=yaml_page(obj))
    yield e.Inspected(request=request, side="events", page=EventsPage((warning,), NOW))
    yield e.Inspected(request=request, side="related", page=related)
    yield e.Inspected(request=request, side="sessions", page=SessionsPage((past,)))


def first_lines(command: c.FollowLogs) -> e.LogGrew:
    """Two containers and two hundred lines, with what a careless program writes into them."""
    sources = (LogSource(f"{command.name}-a", "app"), LogSource(f"{command.name}-b", "app"))
    if command.previous:
        lines = [LogLine(0, "2026-03-14T11:00:00Z", "the last words before the crash")]
    else:
        lines = [
            LogLine(number % 2, f"2026-03-14T11:59:{number % 60:02}Z", f"line {number} \x1b[31mred\x1b[0m")
            for number in range(200)
        ]
    return e.LogGrew(request=command.request, batch=LogBatch(tuple(lines), sources))


def more_lines(request: str, name: str, first: int, count: int) -> e.LogGrew:
    """Lines that come later."""
    sources = (LogSource(f"{name}-a", "app"), LogSource(f"{name}-b", "app"))
    lines = tuple(LogLine(0, "", f"later {first + number}") for number in range(count))
    return e.LogGrew(request=request, batch=LogBatch(lines, sources))
