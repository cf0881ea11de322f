"""Where a view looks at once: several contexts, several namespaces; `:ctx a,b`, `:pods staging,production`."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

APART = ","


class Reach(NamedTuple):
    """What a view looks into instead of the place the operator works in. Empty means: that place alone."""

    contexts: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()

    def words(self, namespace: str, *, everywhere: bool) -> str:
        """Where that is. `namespace`: the one the operator works in, empty for all."""
        where = ", ".join(self.namespaces) or namespace
        where = "all namespaces" if everywhere or not where else where
        return f"{', '.join(self.contexts)} / {where}" if self.contexts else where


def several(text: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """The names in `a,b`, each once. A name that is `known` to hold a comma itself stays whole."""
    if text in known:
        return (text,)
    return tuple(dict.fromkeys(name for part in text.split(APART) if (name := part.strip())))
