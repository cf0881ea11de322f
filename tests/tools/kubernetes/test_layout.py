"""A row says whose it is, and how old it is by the server's clock."""

from datetime import UTC, datetime, timedelta

import pytest

from tools.kubernetes.live.layout import Layout, span
from tools.kubernetes.live.snapshot import environment_of
from tools.kubernetes.live.watch_wire import Metadata
from tools.rows import Row

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NAMES = [(0, "Name"), (1, "Ready"), (4, "Age")]


def laid(layout: Layout, *cells: str, created: datetime | None = None, **environments: str) -> Row:
    stamp = f"{created:%Y-%m-%dT%H:%M:%SZ}" if created else None
    metadata = Metadata(name=cells[0], namespace="shop", creation_timestamp=stamp)
    return layout.row(cells, metadata, context="lab", kind="Pod", environments=environments, now=NOON)


def test_rows_of_several_namespaces_say_whose_they_are() -> None:
    apart, together = Layout.of(NAMES), Layout.of(NAMES, spread=True)
    assert apart.columns == ("Name", "Ready", "Age")
    assert together.columns == ("Name", "Namespace", "Ready", "Age")
    assert laid(together, "a", "1/1", "", "", "5m").cells == ("a", "shop", "1/1", "")


def test_rows_of_several_environments_say_which() -> None:
    layout = Layout.of(NAMES, spread=True, environments=True)
    assert layout.columns == ("Name", "Namespace", "Ready", "Env", "Age")
    assert laid(layout, "a", "1/1", "", "", "5m", shop="staging").cells == ("a", "shop", "1/1", "staging", "")


def test_an_age_without_metadata_is_known_to_its_unit() -> None:
    row = laid(Layout.of(NAMES), "a", "1/1", "", "", "3d4h")
    assert row.created == NOON - timedelta(days=3, hours=4)


def test_an_age_with_metadata_is_known_to_the_second_unless_the_clocks_disagree() -> None:
    layout, made = Layout.of(NAMES), NOON - timedelta(minutes=5, seconds=17)
    assert laid(layout, "a", "1/1", "", "", "5m", created=made).created == made
    ahead = NOON + timedelta(hours=1)  # the server's clock is an hour ahead of ours
    assert laid(layout, "a", "1/1", "", "", "10s", created=ahead).created == NOON - timedelta(seconds=10)


def test_an_event_ticks_from_when_it_was_last_seen() -> None:
    layout = Layout.of([(0, "Last Seen"), (1, "Type"), (2, "Reason")])
    row = laid(layout, "5m (x3 over 1h)", "Warning", "BackOff", created=NOON - timedelta(hours=1))
    assert row.cells == ("", "Warning", "BackOff")
    assert row.created == NOON - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("42s", 42), ("5m30s", 330), ("3d4h", 273_600), ("2y", 63_072_000), ("<unknown>", None), ("", None)],
)
def test_spans_are_read_as_the_server_prints_them(text: str, seconds: int | None) -> None:
    assert span(text) == seconds


@pytest.mark.parametrize(
    ("namespace", "labels", "environment"),
    [
        ("shop", {"environment": "staging"}, "staging"),
        ("shop-dev", {"env": "qa"}, "qa"),
        ("shop-production", {}, "production"),
        ("team_dev", {}, "dev"),
        ("liveness", {"team": "shop"}, ""),
    ],
)
def test_a_namespaces_environment_is_what_its_labels_or_its_name_say(
    namespace: str, labels: dict[str, str], environment: str
) -> None:
    assert environment_of(namespace, labels) == environment
