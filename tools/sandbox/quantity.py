"""Quantities such as `250m` of CPU or `512Mi` of memory (Kubernetes API, resource.Quantity)."""

from __future__ import annotations

import re
from decimal import Decimal

PATTERN = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_PARTS = re.compile(r"([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(n|u|m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|[eE][-+]?\d+)?")
_FACTORS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}


def amount(text: str | int | float) -> Decimal:
    """The number a quantity stands for: cores, or bytes. Raises ValueError."""
    matched = _PARTS.fullmatch(str(text))
    if not matched:
        raise ValueError(f"quantities must match the regular expression '{PATTERN}'")
    number, suffix = matched[1], matched[2] or ""
    if suffix not in _FACTORS:  # an exponent: 1e3
        return Decimal(number + suffix)
    return Decimal(number) * _FACTORS[suffix]


def millicores(text: str | int | float) -> int:
    """CPU in thousandths of a core."""
    return int(amount(text) * 1000)


def mebibytes(text: str | int | float) -> float:
    """Memory in MiB."""
    return float(amount(text) / 2**20)
