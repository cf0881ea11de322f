"""Planted secrets in objects of a cluster: neither what reads them nor what looks at them tells one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import JsonValue

from agent.reading import Reader
from tests.agent.test_looks import looking
from tests.standins.crew import REDACTOR
from tests.tools.kubernetes.conftest import practice, practice_kubeconfig
from tests.tools.kubernetes.lab import Lab, deployment
from tests.tools.redaction.canaries import Canary, canaries
from tests.tools.redaction.sources import leaks
from tools.redaction.redactor import TOKEN
from tools.tool import Call

__all__ = ["practice", "practice_kubeconfig"]

PLANTED = canaries(11)


@pytest.fixture
async def planted(practice: Lab) -> Lab:
    """A ConfigMap, a Secret, and a Deployment with an environment, annotations and events, full of canaries."""
    values = {f"{canary.name}.{at}" if canary.name == "SETTING" else f"{at}.{canary.name}": canary.value
              for at, canary in enumerate(PLANTED)}  # fmt: skip
    await practice.config_map("settings", {f"file-{at}": c.text for at, c in enumerate(PLANTED)} | values)
    await practice.secret("hidden", values)
    body = deployment("web", replicas=0)
    body["metadata"]["annotations"] = {f"note-{at}": canary.text for at, canary in enumerate(PLANTED)}
    container = body["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [
        {
            "name": canary.name if canary.name.isupper() and canary.name != "SETTING" else f"V{at}",
            "value": value,
        }
        for at, canary in enumerate(PLANTED)
        if "\n" not in (value := canary.value) and canary.name not in ("HEADER", ".dockerconfigjson")
    ]
    apps = f"/apis/apps/v1/namespaces/{practice.namespace}/deployments"
    await practice.create("deployments.apps", apps, body)
    for at, canary in enumerate(PLANTED):
        await practice.create(
            "events", f"/api/v1/namespaces/{practice.namespace}/events", _event(practice, at, canary)
        )
    return practice


def _event(lab: Lab, number: int, canary: Canary) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"web.{number}", "namespace": lab.namespace},
        "involvedObject": {
            "kind": "Deployment",
            "name": "web",
            "namespace": lab.namespace,
            "apiVersion": "apps/v1",
        },
        "reason": "Failed",
        "message": canary.text,
        "type": "Warning",
        "lastTimestamp": "2026-03-14T12:00:00Z",
    }


READS: dict[str, tuple[str, dict[str, JsonValue]]] = {
    "ConfigMap": ("kubernetes_get", {"kind": "configmap", "name": "settings"}),
    "environment and annotations": ("kubernetes_get", {"kind": "deployment", "name": "web"}),
    "description": ("kubernetes_describe", {"kind": "deployment", "name": "web"}),
    "events": ("kubernetes_events", {"limit": 1000}),
}


async def test_no_read_tells_a_secret(planted: Lab) -> None:
    reader = Reader(planted.registry, redactor=REDACTOR, attempts=1)
    for what, (tool, args) in READS.items():
        told = (await reader.run(Call(tool=tool, args=args), planted.scope)).model_dump_json()
        assert TOKEN.search(told), f"nothing of what was planted came with the {what}"
        assert not [canary.kind for canary in PLANTED if leaks(canary, told)], what
    secret = Call(tool="kubernetes_get", args={"kind": "secret", "name": "hidden"})
    told = (await reader.run(secret, planted.scope)).model_dump_json()
    assert not [canary.kind for canary in PLANTED if leaks(canary, told)]


@pytest.mark.parametrize(
    ("kind", "name"), [("configmap", "settings"), ("deployment", "web"), ("secret", "hidden")]
)
async def test_no_closer_look_tells_a_secret(planted: Lab, tmp_path: Path, kind: str, name: str) -> None:
    async with looking(planted, tmp_path) as at:
        at.look(kind, name)
        await at.until(lambda: {event.side for event in at.seen} >= {"summary", "yaml", "events", "related"})
        told = "\n".join(repr(event) for event in at.seen)
    assert kind == "secret" or TOKEN.search(told)
    assert not [canary.kind for canary in PLANTED if leaks(canary, told)]
