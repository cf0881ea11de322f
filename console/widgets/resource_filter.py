"""The live filter of a resource table.

`checkout` keeps rows that contain the word anywhere, several words must all be there, a leading `!`
keeps the others, and `-l app=web,tier!=db` asks for labels where the table has a LABELS column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.rows import Row


@dataclass(frozen=True, slots=True)
class ResourceFilter:
    """A filter as typed. Empty text keeps everything."""

    text: str = ""

    def keeps(self, columns: Sequence[str]) -> Callable[[Row], bool]:
        """The test for rows of a table with these columns."""
        words, selectors = self._parse()
        labels_at = next((n for n, column in enumerate(columns) if column.upper() == "LABELS"), None)

        def keep(row: Row) -> bool:
            if selectors:
                labels = _labels(row, labels_at)
                if not all(selector.matches(labels) for selector in selectors):
                    return False
            if not words:
                return True
            text = " ".join((row.name, row.namespace, row.scope, *row.cells)).lower()
            return all((word in text) is not inverted for word, inverted in words)

        return keep

    @property
    def matches_all(self) -> bool:
        words, selectors = self._parse()
        return not words and not selectors

    def _parse(self) -> tuple[list[tuple[str, bool]], list[_Selector]]:
        words: list[tuple[str, bool]] = []
        selectors: list[_Selector] = []
        parts = self.text.split()
        for position, part in enumerate(parts):
            if part == "-l" or (position and parts[position - 1] == "-l"):
                selectors += [] if part == "-l" else _selectors(part)
            elif part.startswith("-l") and len(part) > 2:
                selectors += _selectors(part[2:])
            elif part.removeprefix("!"):
                words.append((part.removeprefix("!").lower(), part.startswith("!")))
        return words, selectors


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


def _labels(row: Row, column: int | None) -> dict[str, str]:
    cells = row.cells if column is None else row.cells[column : column + 1]
    pairs = (pair.partition("=") for cell in cells if "=" in cell for pair in cell.split(","))
    return {key.strip(): value for key, _, value in pairs}
