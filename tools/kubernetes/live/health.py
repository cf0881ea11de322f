"""How well an object is, judged from the columns the server prints for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.rows import Health

_BAD = re.compile(
    r"crash|error|err[A-Z]|backoff|oomkilled|failed|evicted|notready|lost|invalid|unschedulable|deadline|degraded",
    re.IGNORECASE,
)
_WARN = re.compile(
    r"pending|creating|terminating|unknown|schedulingdisabled|init|waiting|suspended|progressing|released",
    re.IGNORECASE,
)
_IDLE = re.compile(r"^(completed?|succeeded)$", re.IGNORECASE)
_OK = re.compile(
    r"^(running|active|bound|ready|available|healthy|synced|true|normal|established)", re.IGNORECASE
)
_FRACTION = re.compile(r"(\d+)/(\d+)")


def health(columns: Sequence[str], cells: Sequence[str]) -> Health:
    """The health a row suggests.

    Args:
        columns: as the server names them.
        cells: one for each column.
    """
    shown = dict(zip(columns, cells, strict=False))
    status = shown.get("Status") or shown.get("Phase") or shown.get("Type", "")
    if status == "Warning":
        return Health.WARN
    judged = judge(status)
    if judged in (Health.BAD, Health.WARN, Health.IDLE):
        return judged
    ready = shown.get("Ready", "")
    if found := _FRACTION.fullmatch(ready):
        return _share(int(found[1]), int(found[2]), running=bool(status))
    if ready.isdigit() and shown.get("Desired", "").isdigit():
        return _share(int(ready), int(shown["Desired"]), running=False)
    if ready in ("True", "False"):
        return Health.OK if ready == "True" else Health.BAD
    if shown.get("Suspend", "").lower() == "true":
        return Health.IDLE
    return judged


def judge(status: str) -> Health:
    """The health a word of a status suggests."""
    if _BAD.search(status):
        return Health.BAD
    if _WARN.search(status):
        return Health.WARN
    if _IDLE.match(status):
        return Health.IDLE
    return Health.OK if _OK.match(status) else Health.UNKNOWN


def _share(ready: int, wanted: int, *, running: bool) -> Health:
    if wanted == 0:
        return Health.IDLE
    if ready >= wanted:
        return Health.OK
    return Health.WARN if ready or running else Health.BAD
