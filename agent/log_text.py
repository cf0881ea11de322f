"""Log lines as they are read: under the names of their containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue


def log_lines(output: Mapping[str, JsonValue]) -> str:
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
