"""Entries painted one under the other: which line belongs to whom, and what has to be painted again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from textual.content import Content
from textual.strip import Strip

from console.widgets.glyphs import Glyphs
from console.widgets.transcript_entries import Entry, Part

EXPECTED_HEIGHT = 3
"""Lines an entry is taken to have until it has been painted once."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What lines are painted on: strips are good for as long as the paper stays the same object.

    `tone` stands for everything but the width that decides about looks: theme, colours, glyphs.
    """

    width: int
    tone: object
    glyphs: Glyphs = field(compare=False)
    brush: Callable[[Content], Strip] = field(compare=False)


class Column:
    """The painted entries, top to bottom."""

    def __init__(self) -> None:
        self._painted: list[_Painted] = []
        self._index: dict[int, int] = {}
        self._tops: list[int] = [0]
        self.parts_painted = 0
        """How many parts were drawn so far: what streaming costs, independent of the machine."""

    def __len__(self) -> int:
        return len(self._painted)

    @property
    def height(self) -> int:
        return self._tops[-1]

    def entry(self, index: int) -> Entry:
        return self._painted[index].entry

    def place(self, entry: Entry) -> int:
        """The entry's index; one that is not here yet is put at the end, unpainted."""
        index = self._index.get(id(entry))
        if index is None:
            index = self._index[id(entry)] = len(self._painted)
            self._painted.append(_Painted(entry))
            self._tops.append(self._tops[-1] + self._painted[-1].height)
        return index

    def prepend(self, entries: Sequence[Entry]) -> int:
        """Put entries that are not here yet before all others, unpainted; returns how many."""
        self._painted = [*map(_Painted, entries), *self._painted]
        self._index = {id(painted.entry): index for index, painted in enumerate(self._painted)}
        self._tops = [0]
        for painted in self._painted:
            self._tops.append(self._tops[-1] + painted.height)
        return len(entries)

    def top(self, index: int) -> int:
        """First line of the entry's own text, below the gap above it."""
        return self._tops[index] + self._painted[index].gap

    def bottom(self, index: int) -> int:
        """The line after the entry's last."""
        return self._tops[index + 1]

    def at(self, line: int) -> tuple[int, int]:
        """Index of the entry that owns `line`, and the line's number within it."""
        index = min(max(bisect_right(self._tops, line) - 1, 0), max(len(self._painted) - 1, 0))
        return index, line - self._tops[index]

    def line_of(self, index: int, offset: int) -> int:
        """The line that `at` would take apart into these; within the entry even if it shrank."""
        if not self._painted:
            return 0
        return self._tops[index] + min(offset, max(self._painted[index].height - 1, 0))

    def strip(self, line: int) -> Strip | None:
        """The painted line, None outside the column."""
        if not self._painted or not 0 <= line < self.height:
            return None
        index, offset = self.at(line)
        return self._painted[index].strip(offset)

    def is_stale(self, index: int, paper: Paper) -> bool:
        """Whether what stands there was painted on another sheet of paper, or never."""
        return index < len(self._painted) and self._painted[index].paper is not paper

    def any_stale(self, paper: Paper) -> bool:
        return any(painted.paper is not paper for painted in self._painted)

    def paint(self, indexes: Sequence[int], paper: Paper) -> None:
        """Paint what is new in these entries and say where everything below them stands now."""
        for index in indexes:
            self.parts_painted += self._painted[index].paint(paper)
        if indexes:
            for index in range(min(indexes), len(self._painted)):
                self._tops[index + 1] = self._tops[index] + self._painted[index].height


class _Painted:
    __slots__ = ("_done", "_frozen", "_loose", "_revision", "entry", "paper")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.paper: Paper | None = None
        self._revision = -1
        self._done = 0
        self._frozen: list[Strip] = []
        self._loose: list[Strip] = []

    @property
    def gap(self) -> int:
        return 1 if self.entry.gap else 0

    @property
    def height(self) -> int:
        if self.paper is None:
            return self.gap + (1 if self.entry.compact else EXPECTED_HEIGHT)
        return self.gap + len(self._frozen) + len(self._loose)

    def strip(self, offset: int) -> Strip | None:
        offset -= self.gap
        if 0 <= offset < len(self._frozen):
            return self._frozen[offset]
        offset -= len(self._frozen)
        return self._loose[offset] if 0 <= offset < len(self._loose) else None

    def paint(self, paper: Paper) -> int:
        """Draw what is missing; returns how many parts that were."""
        if self.paper is not paper or self._revision != self.entry.revision:
            self._frozen, self._done = [], 0
        self.paper, self._revision = paper, self.entry.revision
        parts, loose = self.entry.parts()[self._done :], self.entry.loose()
        self._frozen += _strips(parts, paper)
        self._done += len(parts)
        self._loose = _strips(loose, paper)
        return len(parts) + len(loose)


def _strips(parts: Sequence[Part], paper: Paper) -> list[Strip]:
    return [paper.brush(line) for part in parts for line in part(paper.width, paper.glyphs)]
