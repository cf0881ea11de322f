"""Values that mean more than they say: options, paths out of a folder, addresses, templates.

No argument of a tool ends up in a shell or a command line. These values are refused all the same: where
a name is wanted, each of them is either a mistake or an attempt, and the next reader of the value, a
server, a controller, an operator's own script, may be less careful than we are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FreeText:
    """Marks an argument that is text for people or programs, and never names anything.

    `grep: Annotated[str, FREE_TEXT]` may hold whatever it likes: it is compared, stored, shown.
    """


FREE_TEXT = FreeText()

_TRICKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^\s*[-–—]"), "it starts with a dash, like an option"),
    (re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"), "it holds control characters"),
    (
        re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"),
        "it holds characters that cannot be seen",
    ),
    (
        re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|^//|^(file|data|javascript):", re.IGNORECASE),
        "it is an address",
    ),
    (re.compile(r"(^|[/\\])\.\.([/\\]|$)|\\|^[/~@]"), "it is a path"),
    (re.compile(r"%(2e|2f|5c|25|00|0a|0d)", re.IGNORECASE), "it hides a path behind percent signs"),
    (re.compile(r"\$[({]|\{\{|\{%|<%|`|<\(|#\{"), "it is a template"),
    (re.compile(r"^\s*\$[.\[]|\{\s*[.$@]|\{range\b|\?\("), "it is a JSONPath expression"),
)


def trick(value: str) -> str:
    """Why this value is not the plain word it should be; empty when it is one."""
    return next((why for pattern, why in _TRICKS if pattern.search(value)), "")


def texts(value: object) -> Iterator[str]:
    """Every text inside a value, the keys of mappings included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from texts(item)
