"""What looks like a secret is hidden wherever it stands; what only points at one is not."""

from typing import Any

import pytest

from tools.kubernetes.masking import shown, shown_change
from tools.redaction.names import secret_name
from tools.tool import Change


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "apiKey", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "db-pass", "DSN"]
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize("name", ["MODE", "REPLICAS", "COMPASS", "KEYBOARD", "AUTHOR", "PATH"])
def test_other_names_are_not_taken_for_secrets(name: str) -> None:
    assert not secret_name(name)


@pytest.mark.parametrize(
    "found",
    [
        {"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]},
        {"args": ["--db-password=hunter2"]},
        {"args": ["--db-password", "hunter2"]},
        {"url": "postgres://shop:hunter2@db:5432/shop"},
        {"data": {"api_key": "hunter2"}},
        {"kind": "Secret", "data": {"anything": "hunter2"}},
        {
            "metadata": {
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"v":"hunter2"}'}
            }
        },
        [{"deep": [{"password": "hunter2"}]}],
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(found: Any) -> None:
    assert "hunter2" not in str(shown(found))


def test_what_points_at_a_secret_stays_readable() -> None:
    found: Any = {
        "env": [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}],
        "volumes": [{"name": "tls", "secret": {"secretName": "web-tls"}}],
        "image": "registry.example/token-service:1",
    }
    assert shown(found) == found


def test_control_codes_do_not_come_through() -> None:
    assert shown({"a": "\x1b[31mred\x07"}) == {"a": "red"}


def test_a_hidden_value_that_changed_is_seen_to_have_changed() -> None:
    change = shown_change(Change(path="spec.containers[app].env[API_TOKEN].value", before="a", after="b"))
    assert (change.before, change.after) == ("(hidden)", "(hidden, another)")


def test_an_image_in_a_container_named_after_tokens_is_not_hidden() -> None:
    change = shown_change(Change(path="spec.containers[token-service].image", before="a:1", after="a:2"))
    assert (change.before, change.after) == ("a:1", "a:2")
