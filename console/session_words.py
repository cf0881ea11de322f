"""A session in a few words: how it stands, how long it took."""

from __future__ import annotations

import json
from datetime import timedelta

from memory.finding import SessionRow


def standing(row: SessionRow) -> str:
    """What became of it: `answered`, `changed 2`, `failed`, `waiting`; `new` while nothing was said."""
    if row.status == "changed":
        return f"changed {row.changed}"
    return row.status or "new"


def duration(row: SessionRow) -> str:
    """From its beginning to its last event: `40 s`, `12 min`, `3 h 20`, `2 days`."""
    took = row.updated - row.created
    seconds = int(took.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if took < timedelta(days=1):
        return f"{seconds // 3600} h {seconds % 3600 // 60:02}"
    return f"{took.days} day{'s' if took.days > 1 else ''}"


def place(row: SessionRow) -> str:
    """Where it works: context, namespace, profile, region."""
    try:
        scope = json.loads(row.scope)
    except ValueError:
        return ""
    if not isinstance(scope, dict):
        return ""
    parts = (str(scope.get(name) or "") for name in ("context", "namespace", "profile", "region"))
    return " / ".join(part for part in parts if part) or "no scope"
