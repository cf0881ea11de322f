"""The live filter of a resource table.

`checkout` keeps rows that contain the word anywhere, several words must all be there, a leading `!`
keeps the others. `-f chkt` finds names that have these letters in this order, `-e staging` rows of an
environment. `-l app=web,tier!=db` asks for labels: where the table has a LABELS column they are looked
up there, otherwise it is the server's to choose (`selector`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from tools.rows import Row


def searched(row: Row) -> str:
    """What a row is searched in: name, namespace and context on the first line, its cells on the second."""
    return f"{row.name} {row.namespace} {row.scope}\n{' '.join(row.cells)}".lower()


def environments_of(rows: Iterable[Row], columns: Sequence[str]) -> list[str]:
    """The environment of each row, or its namespace where the table names none."""
    names = [name.upper() for name in columns]
    if "ENV" not in names:
        return [row.namespace for row in rows]
    at = names.index("ENV")
    return [row.cells[at] or row.namespace for row in rows]


@dataclass(frozen=True)
class ResourceFilter:
    """A filter as typed. Empty text keeps everything."""

    text: str = ""

    @cached_property
    def words(self) -> tuple[tuple[str, bool], ...]:
        """Each word in small letters, and whether it must be missing."""
        return tuple(
            (word.removeprefix("!").lower(), word.startswith("!"))
            for flag, word in self._parts
            if not flag and word != "!"
        )

    @cached_property
    def fuzzy(self) -> tuple[re.Pattern[str], ...]:
        """Patterns that match the beginning of what `searched` gives."""
        return tuple(_in_order(word.lower()) for flag, word in self._parts if flag == "-f")

    @cached_property
    def environments(self) -> tuple[str, ...]:
        return tuple(word.lower() for flag, word in self._parts if flag == "-e")

    @property
    def selector(self) -> str:
        """The label selector as the server takes it: `app=web,tier!=db`."""
        return ",".join(word for flag, word in self._parts if flag == "-l").strip(",")

    @property
    def matches_all(self) -> bool:
        """Whether no row can be left out by us; the server may still have chosen."""
        return not (self.words or self.fuzzy or self.environments or self._selectors)

    def keeps(self, row: Row, columns: Sequence[str]) -> bool:
        """Whether the filter keeps a row of a table with these columns."""
        text, fits = searched(row), self.by_labels(columns)
        return (
            all((word in text) is not missing for word, missing in self.words)
            and all(pattern.match(text) for pattern in self.fuzzy)
            and (not self.environments or self.wants(environments_of((row,), columns)[0]))
            and (fits is None or fits(row))
        )

    def wants(self, environment: str) -> bool:
        """Whether rows of an environment, as a table names it, are asked for."""
        return all(_same_environment(environment.lower(), word) for word in self.environments)

    def by_labels(self, columns: Sequence[str]) -> Callable[[Row], bool] | None:
        """The part of `keeps` that looks at labels; None where there is none, or the table shows none."""
        names = [name.upper() for name in columns]
        if "LABELS" not in names or not self._selectors:
            return None
        at = names.index("LABELS")

        def fits(row: Row) -> bool:
            pairs = (pair.partition("=") for pair in row.cells[at].split(","))
            labels = {key.strip(): value for key, _, value in pairs}
            return all(selector.matches(labels) for selector in self._selectors)

        return fits

    @cached_property
    def _selectors(self) -> tuple[_Selector, ...]:
        return tuple(_selectors(self.selector))

    @cached_property
    def _parts(self) -> tuple[tuple[str, str], ...]:
        """Each word with the flag before it: `-l`, `-f`, `-e` or none."""
        parts: list[tuple[str, str]] = []
        flag = ""
        for word in self.text.split():
            if not flag and word[:2] in ("-l", "-f", "-e"):
                flag, word = word[:2], word[2:]
            if word:
                parts.append((flag, word))
                flag = ""
        return tuple(parts)


@dataclass(frozen=True, slots=True)
class _Selector:
    key: str
    value: str | None
    equal: bool

    def matches(self, labels: dict[str, str]) -> bool:
        if self.value is None:
            return (self.key in labels) is self.equal
        return (labels.get(self.key) == self.value) is self.equal


def _selectors(text: str) -> list[_Selector]:
    """`a=b`, `a==b`, `a!=b`, `a`, `!a`, separated by commas; kubectl's own words."""
    selectors = []
    for part in filter(None, text.split(",")):
        if "!=" in part:
            key, _, value = part.partition("!=")
            selectors.append(_Selector(key, value, False))
        elif "=" in part:
            key, _, value = part.partition("=")
            selectors.append(_Selector(key, value.removeprefix("="), True))
        else:
            selectors.append(_Selector(part.removeprefix("!"), None, not part.startswith("!")))
    return selectors


def _in_order(letters: str) -> re.Pattern[str]:
    """The letters in this order, anything between them; in time that grows with the text alone."""
    return re.compile("".join(f"[^{re.escape(letter)}\n]*{re.escape(letter)}" for letter in letters))


def _same_environment(shown: str, asked: str) -> bool:
    """`prod` and `production` are one; where no label says, a word of the namespace's name does."""
    return any(word and (word.startswith(asked) or asked.startswith(word)) for word in shown.split("-"))
