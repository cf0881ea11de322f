"""Where secrets are planted: each source as its tool returns it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence

from pydantic import JsonValue

from tests.tools.redaction.canaries import Canary

Json = dict[str, JsonValue]
Source = Callable[[Sequence[Canary]], JsonValue]


def _key(canary: Canary, number: int) -> str:
    return f"{canary.name}_{number}" if canary.name == "SETTING" else canary.name


def secret(planted: Sequence[Canary]) -> JsonValue:
    def item(number: int, canary: Canary) -> Json:
        coded = base64.b64encode(canary.value.encode()).decode()
        return {"kind": "Secret", "metadata": {"name": f"s{number}"}, "data": {"entry": coded}}

    return {"items": [item(number, canary) for number, canary in enumerate(planted)]}


def secret_as_text(planted: Sequence[Canary]) -> JsonValue:
    coded = [base64.b64encode(canary.value.encode()).decode() for canary in planted]
    lines = ["apiVersion: v1", "kind: Secret", "metadata:", "  name: shop", "data:"]
    return "\n".join(
        [*lines, *(f"  entry-{number}: {word}" for number, word in enumerate(coded)), "type: Opaque"]
    )


def config_map(planted: Sequence[Canary]) -> JsonValue:
    values: Json = {f"{_key(canary, number)}": canary.value for number, canary in enumerate(planted)}
    files: Json = {
        f"app-{number}.conf": f"# settings\n{canary.text}\n" for number, canary in enumerate(planted)
    }
    return {"kind": "ConfigMap", "data": {**files, **values}}


def environment(planted: Sequence[Canary]) -> JsonValue:
    env: list[JsonValue] = [
        {"name": _key(canary, number), "value": canary.value} for number, canary in enumerate(planted)
    ]
    return {"kind": "Pod", "spec": {"containers": [{"name": "web", "env": env}]}}


def annotation(planted: Sequence[Canary]) -> JsonValue:
    notes: Json = {f"shop.example/note-{number}": canary.text for number, canary in enumerate(planted)}
    applied = json.dumps(environment(planted))
    return {
        "metadata": {"annotations": {**notes, "kubectl.kubernetes.io/last-applied-configuration": applied}}
    }


def log_lines(planted: Sequence[Canary]) -> JsonValue:
    lines: list[JsonValue] = []
    for number, canary in enumerate(planted):
        first, *more = canary.text.split("\n")
        lines += [
            f"2026-03-14T12:00:{number % 60:02}Z INFO worker started",
            f"2026-03-14T12:00:00Z INFO {first}",
            *more,
        ]
    return {"logs": [{"pod": "web-0", "container": "web", "lines": lines, "error": ""}]}


def event_message(planted: Sequence[Canary]) -> JsonValue:
    return {"events": [{"reason": "Failed", "message": f"Error: {canary.text}"} for canary in planted]}


def error_body(planted: Sequence[Canary]) -> JsonValue:
    told = "; ".join(canary.text for canary in planted)
    return json.dumps({"kind": "Status", "status": "Failure", "message": f"admission webhook denied: {told}"})


def tags(planted: Sequence[Canary]) -> JsonValue:
    found: list[JsonValue] = [
        {"Key": _key(canary, number), "Value": canary.value} for number, canary in enumerate(planted)
    ]
    return {"Reservations": [{"Instances": [{"InstanceId": "i-0a1b2c3d4e5f60718", "Tags": found}]}]}


def function_environment(planted: Sequence[Canary]) -> JsonValue:
    pairs = [{_key(canary, number): canary.value} for number, canary in enumerate(planted)]
    return {"functions": [{"Environment": {"Variables": {**pair}}} for pair in pairs]}


def kubeconfig(planted: Sequence[Canary]) -> JsonValue:
    users = []
    for number, canary in enumerate(planted):
        value = canary.value if "\n" not in canary.value and '"' not in canary.value else canary.needles[0]
        users.append(f"- name: u{number}\n  user:\n    token: {json.dumps(value)}")
    return "apiVersion: v1\nkind: Config\nusers:\n" + "\n".join(users) + "\n"


def words(planted: Sequence[Canary]) -> JsonValue:
    return "\n".join(f"why does this fail? {canary.text}" for canary in planted)


SOURCES: dict[str, Source] = {
    "Secret": secret,
    "Secret as text": secret_as_text,
    "ConfigMap": config_map,
    "environment": environment,
    "annotation": annotation,
    "log line": log_lines,
    "event message": event_message,
    "error body": error_body,
    "EC2 tag": tags,
    "function environment": function_environment,
    "kubeconfig": kubeconfig,
    "operator's words": words,
}


def leaks(canary: Canary, told: str) -> list[str]:
    """What of the canary stands in a text, as it is or as base64."""
    coded = [base64.b64encode(needle.encode()).decode()[:-4] for needle in (*canary.needles, canary.value)]
    escaped = [json.dumps(needle)[1:-1] for needle in canary.needles]
    return [needle for needle in (*canary.needles, *coded, *escaped) if needle in told]
