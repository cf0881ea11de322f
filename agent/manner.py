"""How a request is to be carried out, where its words say so: in another context, or with fresh eyes.

show pods in staging in context west
what is wrong on the west cluster, fresh
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_FRESH = re.compile(
    r"[,;]?\s+(?:and\s+)?(?:fresh|afresh|freshly|anew|again|once more)\s*[.!?]*$"
    r"|^(?:fresh|refresh|again)\s*[,:]\s*",
    re.IGNORECASE,
)
_NAME = r"(?P<{0}>[A-Za-z0-9][\w.@:/-]*)"
_CONTEXT = re.compile(
    rf"[,;]?\s+(?:in|on|with)\s+(?:the\s+)?(?:context\s+{_NAME.format('after')}|{_NAME.format('before')}\s+(?:cluster|context))"
    r"(?=\s*[.!?,;]*\s*$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Manner:
    """A request without the words that say how. `context` is empty for the working one."""

    request: str
    context: str = ""
    fresh: bool = False


def manners(text: str, contexts: Iterable[str]) -> tuple[Manner, ...]:
    """How a text can be taken apart, to be tried in this order.

    A cluster that is none of the contexts stays in the request, as any other place; so does “again” where a
    request is known by that very word.
    """
    known = {name.lower(): name for name in contexts}
    request, fresh = text, False
    while found := _FRESH.search(request):
        request, fresh = (request[: found.start()] + request[found.end() :]).strip(), True
    plain = _in_context(text, known, fresh=False)
    return (plain, _in_context(request, known, fresh=True)) if fresh else (plain,)


def wants_fresh(text: str) -> bool:
    """Whether a text asks for things to be read afresh, whatever it is about."""
    return _FRESH.search(f" {text.strip()}") is not None


def _in_context(text: str, known: dict[str, str], *, fresh: bool) -> Manner:
    if found := _CONTEXT.search(text):
        name = known.get((found["after"] or found["before"]).lower())
        if name is not None:
            return Manner(text[: found.start()].strip(), name, fresh)
    return Manner(text, "", fresh)


def elsewhere(request: str, context: str, here: str) -> str:
    """A request said for a context, which goes without saying when it is the working one."""
    return request if not context or context == here else f"{request} in context {context}"
