"""Sorting cells the way an operator means it: 9 before 10, 512Mi before 2Gi, 3m before 2h."""

from __future__ import annotations

import re

_UNITS = {
    "m": 1e-3, "k": 1e3, "ki": 2.0**10, "mi": 2.0**20, "gi": 2.0**30, "ti": 2.0**40, "pi": 2.0**50,
    "g": 1e9, "t": 1e12, "p": 1e15, "%": 1.0,
}  # fmt: skip
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "y": 31_536_000}
_QUANTITY = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*([a-z%]{1,2})?$", re.IGNORECASE)
_SPAN = re.compile(r"(?:\d+\s*[smhdy]\s*)+$")
# Ordinals stand alone (`db-10`, `ip-10-0-3`); digits inside a hash do not count.
_ORDINAL = re.compile(r"(?<![a-z0-9])(\d+)(?![a-z0-9])")

Key = tuple[int, float, tuple[tuple[int, int, str], ...]]


def cell_key(cell: str, *, span: bool = False) -> Key:
    """A key that puts figures in order of size before words in order of the alphabet; empty cells last.

    Args:
        cell: the text of the cell.
        span: the column holds spans of time, so `m` means minutes and not thousandths.
    """
    text = cell.strip().lower()
    if text in ("", "-", "<none>", "<unknown>", "n/a"):
        return 2, 0.0, ()
    if not text[0].isalpha() and (figure := _figure(text, span)) is not None:
        return 0, figure, ()
    parts = _ORDINAL.split(text)
    natural = tuple((0, int(p), "") if p.isdigit() and p.isascii() else (1, 0, p) for p in parts if p)
    return 1, 0.0, natural


def _figure(text: str, span: bool) -> float | None:
    if span and _SPAN.match(text):
        total = sum(float(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)\s*([smhdy])", text))
        return float(total)
    if (quantity := _QUANTITY.match(text)) and (quantity[2] or "") in ("", *_UNITS):
        return float(quantity[1]) * _UNITS.get(quantity[2] or "", 1.0)
    if (fraction := re.match(r"(\d+)/(\d+)$", text)) is not None:
        return int(fraction[1]) + int(fraction[2]) / 1e6
    if (counted := re.match(r"(\d+) \(", text)) is not None:
        return float(counted[1])
    return None
