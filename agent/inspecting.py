"""One object closely: what it is, its YAML, its events, its logs, each in a tab."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import yaml
from pydantic import JsonValue

from agent.checking import fill
from agent.commands import Inspect
from agent.events import Inspected
from agent.reading import Reader
from tools.errors import ToolError
from tools.tool import Call, Registry, Scope

WITH_LOGS = frozenset({"pod", "deployment", "statefulset", "daemonset", "replicaset", "job"})
"""Kinds that have containers, and so logs."""

_LINES = 200


class Inspector:
    """Reads an object through the same tools the agent uses."""

    def __init__(self, registry: Registry, reader: Reader) -> None:
        self._registry = registry
        self._reader = reader

    async def inspect(self, command: Inspect, session: Scope) -> Inspected:
        """The tabs; a part that cannot be read says why in its own tab."""
        scope = fill(command.scope, session)
        service, _, kind = command.what.rpartition(":")
        if service:
            tool = f"aws_{kind}_describe"
            calls = {"summary": Call(tool=tool, args={"id": command.name})} if tool in self._registry else {}
        else:
            calls = self._object(kind, command.name)
        tabs = dict(
            zip(
                calls, await asyncio.gather(*(self._tab(call, scope) for call in calls.values())), strict=True
            )
        )
        failure = "" if calls else f"There is no closer look at {command.what}."
        return Inspected(request=command.request, title=f"{kind}/{command.name}", tabs=tabs, failure=failure)

    @staticmethod
    def _object(kind: str, name: str) -> dict[str, Call]:
        where: dict[str, JsonValue] = {"kind": kind, "name": name}
        calls = {
            "summary": Call(tool="kubernetes_describe", args=where),
            "yaml": Call(tool="kubernetes_get", args=where),
            "events": Call(tool="kubernetes_events", args=where),
        }
        if kind.lower().removesuffix("s").partition(".")[0] in WITH_LOGS:
            calls["logs"] = Call(tool="kubernetes_logs", args={**where, "tail": _LINES})
        return calls

    async def _tab(self, call: Call, scope: Scope) -> str:
        try:
            output = await self._reader.run(call, scope)
        except ToolError as error:
            return str(error)
        return render(call.tool, output.model_dump(mode="json"))


def render(tool: str, output: dict[str, JsonValue]) -> str:
    """A tool's output as text to read: YAML, but for logs and events, which are lines."""
    if tool == "kubernetes_logs":
        return log_lines(output)
    if tool == "kubernetes_events":
        found = output.get("events")
        lines = [_event(item) for item in found if isinstance(item, dict)] if isinstance(found, list) else []
        return "\n".join(lines) or "No events."
    shown = (
        output.get("object")
        if tool == "kubernetes_get"
        else {k: v for k, v in output.items() if k != "object"}
    )
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100)


def log_lines(output: dict[str, JsonValue]) -> str:
    """Log lines, each container's under its name when there are several."""
    logs = output.get("logs")
    parts: list[str] = []
    entries: Sequence[JsonValue] = logs if isinstance(logs, list) else []
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        head = [f"── {entry.get('pod')} · {entry.get('container')} ──"] if len(entries) > 1 else []
        lines = entry.get("lines")
        body = [str(line) for line in lines] if isinstance(lines, list) else []
        if entry.get("error"):
            body.append(f"({entry['error']})")
        parts.append("\n".join(head + (body or ["(no lines)"])))
    return "\n".join(parts) or "(no logs)"


def _event(item: dict[str, JsonValue]) -> str:
    mark = "!" if item.get("warning") else " "
    count = f" ×{item['count']}" if item.get("count") not in (None, 0, 1) else ""
    when, what = str(item.get("last") or "")[:19], f"{item.get('reason')}{count}"
    return f"{mark} {when}  {what}  {item.get('object')}: {item.get('message')}"
