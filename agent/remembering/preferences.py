"""Preferences that shape what is shown: how long answers are, which columns, which namespaces first.

    from now on keep answers short
    from now on show pods with columns name, status and age
    from now on show shop and payments first

They order, cut and leave out what is shown. Nothing here reaches a plan: no argument, no target, no permission.
Other preferences are told to the model, in the operator's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from memory.knowledge import Kind, Knowledge, Remembered, Status, Where
from tools.tool import Frozen

MOST = 50
"""Preferences that are looked through."""

_BRIEF = re.compile(
    r"\b(?:short|brief|terse|concise) (?:answers?|replies)\b|\b(?:answers?|replies|it) (?:short|brief|terse|concise)\b"
    r"|^(?:always )?be (?:brief|terse|concise)\b|\banswer (?:briefly|shortly|concisely)\b",
    re.IGNORECASE,
)
_NAMES = r"[a-z0-9][\w.-]*(?:(?:\s*,\s*|\s+and\s+|\s*,\s*and\s+)[a-z0-9][\w.-]*)*"
_FIRST = re.compile(
    rf"^(?:always )?(?:show|list|put|sort)(?: the)?(?: namespaces?)? (?P<names>{_NAMES})(?: namespaces?)? first\b",
    re.IGNORECASE,
)
_COLUMNS = re.compile(
    rf"^(?:always )?(?:show|list) (?P<kind>[a-z]+) with(?: only)?(?: the)? columns? (?P<names>{_NAMES})\s*\.?$",
    re.IGNORECASE,
)


class Wishes(Frozen):
    """How the operator wants things shown.

    Attributes:
        brief: answers in few lines.
        first: namespaces, in the order in which they come before all others.
        columns: by kind, in the plural and in small letters: the columns to show, in small letters.
        memories: the preferences that say so.
    """

    brief: bool = False
    first: tuple[str, ...] = ()
    columns: dict[str, tuple[str, ...]] = {}
    memories: tuple[int, ...] = ()

    def columns_of(self, kind: str) -> tuple[str, ...]:
        """The columns wanted for a kind, `pods` or `pod`; empty for all there are."""
        kind = kind.lower()
        return self.columns.get(kind) or self.columns.get(f"{kind}s") or ()


async def wishes(knowledge: Knowledge, here: Where) -> Wishes:
    """What the operator wished for views here; later wishes win over earlier ones."""
    return read(await _preferences(knowledge, here))


def read(preferences: Iterable[Remembered]) -> Wishes:
    """The wishes in preferences, of which the newest comes first."""
    brief, said = False, list[int]()
    first: tuple[str, ...] = ()
    columns: dict[str, tuple[str, ...]] = {}
    for memory in preferences:
        body = " ".join(memory.body.rstrip(" .!").split())
        if _BRIEF.search(body) and not brief:
            brief = True
        elif (named := _FIRST.match(body)) and not first:
            first = _split(named["names"])
        elif (named := _COLUMNS.match(body)) and named["kind"].lower() not in columns:
            columns[named["kind"].lower()] = tuple(name.lower() for name in _split(named["names"]))
        else:
            continue
        said.append(memory.id)
    return Wishes(brief=brief, first=first, columns=columns, memories=tuple(said))


async def _preferences(knowledge: Knowledge, here: Where) -> list[Remembered]:
    return await knowledge.list(kinds=[Kind.PREFERENCE], statuses=[Status.ACTIVE], here=here, limit=MOST)


def _split(names: str) -> tuple[str, ...]:
    found = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", names)
    return tuple(dict.fromkeys(name for name in found if name))
