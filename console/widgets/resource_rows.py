"""The rows of a resource view: kept by uid, sorted and filtered, without drawing anything."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from console.widgets.resource_filter import ResourceFilter
from console.widgets.resource_order import Key, cell_key
from tools.rows import Row, RowsChanged

FEW = 64
"""Up to so many changed rows are put in place one by one; beyond, sorting anew is cheaper."""

SPANS = frozenset({"AGE", "DURATION", "LAST SEEN", "LAST SCHEDULE"})
"""Columns that hold spans of time."""

Place = tuple[Key, str, str]


class ResourceRows:
    """All rows of a view and the order in which those that pass the filter are shown."""

    def __init__(self) -> None:
        self.columns: tuple[str, ...] = ()
        self.sorted_by = 0
        self.descending = False
        self.filter = ResourceFilter()
        self._rows: dict[str, Row] = {}
        self._ranks: dict[str, Place] = {}
        self._places: dict[str, Place] = {}
        self._shown: list[Place] = []
        self._keep = self.filter.keeps(())

    def __len__(self) -> int:
        """Rows that pass the filter."""
        return len(self._shown)

    @property
    def total(self) -> int:
        return len(self._rows)

    def __getitem__(self, position: int) -> Row:
        """The row shown at this position, from the top."""
        if self.descending:
            position = len(self._shown) - 1 - position
        return self._rows[self._shown[position][2]]

    def get(self, uid: str) -> Row | None:
        return self._rows.get(uid)

    def all(self) -> Iterable[Row]:
        return self._rows.values()

    def position(self, uid: str) -> int | None:
        """Where the row is shown; None when it is filtered out or unknown."""
        place = self._places.get(uid)
        if place is None:
            return None
        found = bisect_left(self._shown, place)
        return len(self._shown) - 1 - found if self.descending else found

    def apply(self, change: RowsChanged) -> None:
        """Take a batch in."""
        fresh = change.reset or change.columns != self.columns
        if change.reset:
            self._rows.clear()
            self._places.clear()
        if change.columns != self.columns:
            self.columns = change.columns
            self.sorted_by = min(self.sorted_by, max(len(self.columns) - 1, 0))
            self._keep = self.filter.keeps(self.columns)
        if fresh:
            self._ranks = {}
        few = not fresh and len(change.upserts) + len(change.removed) <= FEW
        for uid in change.removed:
            if self._rows.pop(uid, None) is not None:
                self._hide(uid, few)
                self._ranks.pop(uid, None)
        for row in change.upserts:
            self._rows[row.uid] = row
            self._hide(row.uid, few)
            self._ranks[row.uid] = self._rank(row)
            self._reveal(row, few)
        if fresh and not change.reset:
            self._rank_all()
        elif not few:
            self._shown = sorted(self._places.values())

    def sort(self, column: int, *, descending: bool = False) -> None:
        """Order by a column, counted from 0."""
        anew = column != self.sorted_by
        self.sorted_by, self.descending = column, descending
        if anew:
            self._rank_all()

    def refilter(self, text: str) -> None:
        self.filter = ResourceFilter(text)
        self._keep = self.filter.keeps(self.columns)
        self._show_kept()

    def _rank_all(self) -> None:
        self._ranks = {row.uid: self._rank(row) for row in self._rows.values()}
        self._show_kept()

    def _show_kept(self) -> None:
        self._places = {row.uid: self._ranks[row.uid] for row in self._rows.values() if self._keep(row)}
        self._shown = sorted(self._places.values())

    def _rank(self, row: Row) -> Place:
        cells, column = row.cells, self.sorted_by
        name = self.columns[column].upper() if column < len(self.columns) else ""
        if name == "AGE" and row.created is not None:
            # Young first, as the words in the cell say.
            return (0, -row.created.timestamp(), ()), row.name, row.uid
        cell = cells[column] if column < len(cells) else ""
        return cell_key(cell, span=name in SPANS), row.name, row.uid

    def _hide(self, uid: str, at_once: bool) -> None:
        place = self._places.pop(uid, None)
        if place is not None and at_once:
            del self._shown[bisect_left(self._shown, place)]

    def _reveal(self, row: Row, at_once: bool) -> None:
        if self._keep(row):
            place = self._places[row.uid] = self._ranks[row.uid]
            if at_once:
                insort(self._shown, place)
