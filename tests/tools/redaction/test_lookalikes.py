"""What only looks like a secret is left alone: reasoning needs it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import botocore
import pytest
from pydantic import JsonValue

from tests.tools.redaction.lookalikes import lookalikes
from tools.redaction.redactor import Redactor

REDACTOR = Redactor(b"a key that only tests have")
MOST = 0.01
"""Of all look-alikes; docs/secrets.md states the measured rate."""


def test_fewer_than_one_in_a_hundred_look_alikes_is_taken_for_a_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    corpus = lookalikes()
    assert len(corpus) >= 300
    taken = [(sort, value, clean) for sort, value in corpus if (clean := REDACTOR.value(value)) != value]
    with capsys.disabled():
        print(
            f"\nlook-alikes taken for secrets: {len(taken)} of {len(corpus)} ({len(taken) / len(corpus):.2%})"
        )
        for sort, value, clean in taken:
            print(f"  {sort}: {value!r} became {clean!r}")
    assert len(taken) / len(corpus) < MOST


@pytest.mark.parametrize("seed", range(5))
def test_the_rate_does_not_hang_on_the_seed(seed: int) -> None:
    corpus = lookalikes(seed)
    taken = [value for _, value in corpus if REDACTOR.value(value) != value]
    assert len(taken) / len(corpus) < MOST


SECRETS = (
    "Password",
    "SecretString",
    "SecretAccessKey",
    "SessionToken",
    "PrivateKey",
    "SecretTo",
    "AccessKeyId",
)
SECRETS += ("UserId", "RoleId", "WebIdentityToken", "TokenCode", "GrantToken", "environment")


def test_of_the_calls_that_aws_gives_as_examples_hardly_a_harmless_value_is_hidden(
    capsys: pytest.CaptureFixture[str],
) -> None:
    total, hidden = 0, []
    for example in _examples():
        leaves = dict(_leaves(example))
        clean = dict(_leaves(REDACTOR.value(example)))
        total += len(leaves)
        hidden += [path for path, leaf in leaves.items() if clean.get(path) != leaf]
    harmless = [path for path in hidden if not any(word in path for word in SECRETS)]
    with capsys.disabled():
        print(f"\nAWS examples: {total} values, {len(hidden)} hidden, {len(harmless)} of them harmless")
    assert total > 5_000 and len(hidden) > 20
    assert len(harmless) / total < MOST / 10


def _examples() -> Iterator[JsonValue]:
    """What the requests and answers of AWS look like, as botocore ships it; we have no part in it."""
    folder = Path(botocore.__file__).parent / "data"
    for path in sorted(folder.glob("*/*/examples-1.json*")):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for calls in json.loads(raw).get("examples", {}).values():
            for call in calls:
                yield from (call[side] for side in ("input", "output") if call.get(side))


def _leaves(value: JsonValue, path: str = "") -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _leaves(entry, f"{path}.{key}")
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _leaves(entry, f"{path}[{number}]")
    else:
        yield path, value
