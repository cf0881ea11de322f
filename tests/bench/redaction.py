"""Hiding secrets: a megabyte of log, and one event of ten kilobytes on its way into the journal."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import JsonValue

from agent import events as e
from agent.secrets.redacting import Redaction
from tests.bench.row import Row, row
from tests.tools.redaction.canaries import HEX, canaries, some
from tools.redaction.redactor import Redactor

WORDS = (
    "GET POST /api/v1/orders 200 503 reconnecting to upstream user=alice duration=12ms token refreshed cache miss"
    " key=cart:17 connection pool authorised path pattern passed secretName: checkout-tls password rejected"
)


async def hiding(folder: Path) -> list[Row]:
    """The medians, with everything compiled."""
    redactor = Redactor(b"a key that only benches have")
    redaction = Redaction(redactor)
    log, planted = "\n".join(_lines(9_000)), "\n".join(_lines(9_000, canaries()[0].text))
    quiet = _event({"LOG_LEVEL": "info", "REGION": "eu-central-1"}, mounts=False)
    usual = _event({"LOG_LEVEL": "info", "REGION": "eu-central-1"}, mounts=True)
    megabytes = len(log) / 1e6
    plain = _median(lambda: log.lower().count("token"), 5)
    bare = _median(usual.model_dump_json, 200)
    return [
        row("1 MB of log text", _median(lambda: redactor.text(log), 7) / megabytes, "ms", "counting a word in it",
            plain, at_most=100, of="value"),
        row("1 MB of log text with a private key", _median(lambda: redactor.text(planted), 7) / megabytes, "ms",
            "counting a word in it", plain, at_most=100, of="value"),
        row("10 KB event that mentions no secret", _median(lambda: redaction.stored(quiet), 200), "ms",
            "writing it as JSON", bare, at_most=1, of="value"),
        row("10 KB event that mentions secrets", _median(lambda: redaction.stored(usual), 200), "ms",
            "writing it as JSON", bare, at_most=1, of="value"),
    ]  # fmt: skip


def _lines(count: int, planted: str = "") -> list[str]:
    chance, words = random.Random(1), WORDS.split()
    lines = [
        f"2026-03-14T12:00:00Z INFO {' '.join(chance.choice(words) for _ in range(11))} trace={some(chance, 32, HEX)}"
        for _ in range(count)
    ]
    return [*lines[: count // 2], planted, *lines[count // 2 :]]


def _event(env: dict[str, str], *, mounts: bool) -> e.ToolReturned:
    path = "/var/run/secrets/kubernetes.io/serviceaccount" if mounts else "/var/cache/web"
    containers: list[JsonValue] = [
        {
            "name": f"web-{number}",
            "image": f"registry.shop.example/web@sha256:{'ab' * 32}",
            "env": [{"name": name, "value": value} for name, value in env.items()],
            "volumeMounts": [{"name": "kube-api-access-x7k2p", "mountPath": path, "readOnly": True}],
        }
        for number in range(30)
    ]
    found: dict[str, JsonValue] = {"object": {"kind": "Pod", "spec": {"containers": containers}}}
    return e.ToolReturned(turn=1, call_id="c1", tool="kubernetes_get@1", summary="Pod web", output=found)


def _median(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds of CPU, which others on the machine do not lengthen much."""
    work()
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)
