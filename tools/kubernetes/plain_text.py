"""Text from a cluster made safe to show: no control codes, no endless lines."""

from __future__ import annotations

import re

LINE_LIMIT = 2_000
"""Characters of one line that are kept."""

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC: titles, links, clipboard
    r"|\x1b[PX^_].*?(?:\x1b\\|$)"  # DCS, SOS, PM, APC
    r"|[\x1b\x9b]\[?[0-?]*[ -/]*[@-~]?"  # CSI and two-character escapes
)
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(line: str) -> str:
    """One line without escape sequences, control and direction codes, cut at `LINE_LIMIT`."""
    cleaned = _CONTROLS.sub("", _ESCAPES.sub("", line))
    if len(cleaned) > LINE_LIMIT:
        return f"{cleaned[:LINE_LIMIT]}… ({len(cleaned) - LINE_LIMIT} more characters)"
    return cleaned
