"""Quantities such as `250m` of CPU or `512Mi` of memory (Kubernetes API, resource.Quantity)."""

from __future__ import annotations

import re
from decimal import Decimal

from pydantic import JsonValue

_FORM = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?")
_THOUSANDS = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_SCALES = {
    **{suffix: Decimal(1000) ** (place - 3) for place, suffix in enumerate(_THOUSANDS)},
    **{f"{suffix}i": Decimal(1024) ** (place + 1) for place, suffix in enumerate("KMGTPE")},
}


def amount(quantity: JsonValue) -> Decimal | None:
    """The number a quantity stands for (cores, bytes, pieces); None for what is no quantity."""
    if isinstance(quantity, bool) or not isinstance(quantity, str | int | float):
        return None
    matched = _FORM.fullmatch(str(quantity).strip())
    if not matched:
        return None
    digits, suffix, exponent = matched.groups()
    if exponent:
        return Decimal(digits).scaleb(int(exponent))
    return Decimal(digits) * _SCALES[suffix or ""]


def said(resource: str, found: Decimal) -> str:
    """An amount as an operator writes it: `250m` or `2.5` cores, `512Mi`, `20Gi`, a plain count."""
    if resource == "cpu" or resource.endswith(".cpu"):
        return f"{found.normalize():f}" if abs(found) >= 10 or found == found.to_integral() else _milli(found)
    if not any(word in resource for word in ("memory", "storage", "hugepages")):
        return f"{found.normalize():f}"
    for suffix in ("Ti", "Gi", "Mi", "Ki"):
        if abs(found) >= _SCALES[suffix]:
            return (
                f"{float(found / _SCALES[suffix]):.3g}{suffix}"
                if found < 999 * _SCALES[suffix]
                else (f"{found / _SCALES[suffix]:.0f}{suffix}")
            )
    return f"{found:.0f}"


def percent(part: Decimal | None, whole: Decimal | None) -> int | None:
    """How many percent the part is of the whole; None when there is no whole."""
    return round(100 * part / whole) if part is not None and whole else None


def _milli(cores: Decimal) -> str:
    return f"{cores * 1000:.0f}m"
