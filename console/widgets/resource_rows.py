"""The rows of a resource view: kept by uid, sorted and filtered, without drawing anything."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from itertools import compress
from operator import itemgetter

from console.widgets.resource_filter import ResourceFilter, environments_of, searched
from console.widgets.resource_order import Key, cell_key
from tools.rows import Health, Row, RowsChanged

FEW = 256
"""Up to so many changed rows are put in place one by one; beyond, sorting anew is cheaper."""

SPANS = frozenset({"AGE", "DURATION", "LAST SEEN", "LAST SCHEDULE"})
"""Columns that hold spans of time."""

TICKING = frozenset({"AGE", "LAST SEEN"})
"""Columns drawn from `Row.created`: their cells are empty."""

_URGENCY = {Health.BAD: 0, Health.WARN: 1}
_URGENCIES = 8
"""More than the urgencies there are, both ways."""

Place = tuple[int, Key, str, str, str]
"""Urgency and namespace, key of the sorted cell, name, uid; and what the row is searched in, at hand for the filter."""

_text = itemgetter(4)


class ResourceRows:
    """All rows of a view and the order in which those that pass the filter are shown."""

    def __init__(self) -> None:
        self.columns: tuple[str, ...] = ()
        self.sorted_by = 0
        self.descending = False
        self.unhealthy_first = False
        self._first: dict[str, int] = {}
        self.filter = ResourceFilter()
        self._rows: dict[str, Row] = {}
        self._places: dict[str, Place] = {}
        self._order: list[Place] = []
        # The very same list as long as nothing is filtered out.
        self._shown = self._order

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
        return self._rows[self._shown[position][3]]

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
        if found == len(self._shown) or self._shown[found] != place:
            return None
        return len(self._shown) - 1 - found if self.descending else found

    def apply(self, change: RowsChanged) -> None:
        """Take a batch in."""
        fresh = change.reset or change.columns != self.columns
        if change.reset:
            self._rows.clear()
            self._places.clear()
            self._order.clear()
            self._shown.clear()
        if change.columns != self.columns:
            self.columns = change.columns
            self.sorted_by = min(self.sorted_by, max(len(self.columns) - 1, 0))
        gone = [uid for uid in change.removed if self._rows.pop(uid, None) is not None]
        for row in change.upserts:
            self._rows[row.uid] = row
        if fresh and not change.reset:
            self._rank_all()
        elif len(change.upserts) + len(gone) <= FEW:
            self._put_in_place(gone, change.upserts)
        else:
            self._merge(gone, change.upserts)

    def sort(self, column: int, *, descending: bool = False) -> None:
        """Order by a column, counted from 0."""
        leads = self.unhealthy_first or bool(self._first)
        anew = column != self.sorted_by or (leads and descending != self.descending)
        self.sorted_by, self.descending = column, descending
        if anew:
            self._rank_all()

    def put_unhealthy_first(self, first: bool) -> None:
        """Bad rows on top, then those that warn, whatever the rest is sorted by."""
        if first != self.unhealthy_first:
            self.unhealthy_first = first
            self._rank_all()

    def put_first(self, namespaces: tuple[str, ...]) -> None:
        """Rows of these namespaces before all others, in this order, whatever the rest is sorted by."""
        order = {namespace: place - len(namespaces) for place, namespace in enumerate(namespaces)}
        if order != self._first:
            self._first = order
            self._rank_all()

    def refilter(self, text: str) -> None:
        self.filter = ResourceFilter(text)
        self._show_kept()

    def _rank_all(self) -> None:
        self._places = {uid: self._rank(row) for uid, row in self._rows.items()}
        self._order = sorted(self._places.values())
        self._show_kept()

    def _show_kept(self) -> None:
        """Filter in the order there is: nothing is sorted, and the common filters are plain passes."""
        wanted, shown = self.filter, self._order
        for word, missing in wanted.words:
            if missing:
                shown = [place for place in shown if word not in place[4]]
            else:
                shown = [place for place in shown if word in place[4]]
        for pattern in wanted.fuzzy:
            shown = list(compress(shown, map(pattern.match, map(_text, shown))))
        rows = self._rows
        if wanted.environments:
            found = environments_of([rows[place[3]] for place in shown], self.columns)
            asked = {environment: wanted.wants(environment) for environment in set(found)}
            shown = list(compress(shown, map(asked.__getitem__, found)))
        if (fits := wanted.by_labels(self.columns)) is not None:
            shown = [place for place in shown if fits(rows[place[3]])]
        self._shown = shown

    def _rank(self, row: Row) -> Place:
        cells, column = row.cells, self.sorted_by
        name = self.columns[column].upper() if column < len(self.columns) else ""
        if name in TICKING and row.created is not None:
            # Young first, as the words in the cell say.
            key: Key = (0, -row.created.timestamp(), ())
        else:
            key = cell_key(cells[column] if column < len(cells) else "", span=name in SPANS)
        urgency = 0
        if self.unhealthy_first:
            urgency = _URGENCY.get(row.health, 2)
            urgency = -urgency if self.descending else urgency
        if self._first:
            before = self._first.get(row.namespace, 0)
            urgency += _URGENCIES * (-before if self.descending else before)
        return urgency, key, row.name, row.uid, searched(row)

    def _put_in_place(self, gone: Iterable[str], upserts: Iterable[Row]) -> None:
        for uid in gone:
            self._take_out(self._places.pop(uid))
        for row in upserts:
            before, place = self._places.get(row.uid), self._rank(row)
            self._places[row.uid] = place
            if before is not None and before[:4] == place[:4] and self._shown is self._order:
                self._order[bisect_left(self._order, before)] = place  # it stays where it is
                continue
            if before is not None:
                self._take_out(before)
            insort(self._order, place)
            if self._shown is not self._order and self._keeps(row):
                insort(self._shown, place)

    def _take_out(self, place: Place) -> None:
        for places in (self._order,) if self._shown is self._order else (self._order, self._shown):
            at = bisect_left(places, place)
            if at < len(places) and places[at] == place:
                del places[at]

    def _merge(self, gone: Iterable[str], upserts: Iterable[Row]) -> None:
        """Many at once: what stays is in order already, so sorting is a merge."""
        for uid in gone:
            del self._places[uid]
        changed = {row.uid: self._rank(row) for row in upserts}
        out = {*gone, *changed}
        unfiltered = self._shown is self._order
        self._places |= changed
        self._order = [place for place in self._order if place[3] not in out]
        self._order += sorted(changed.values())
        self._order.sort()
        if unfiltered:
            self._shown = self._order
        else:
            kept = [place for uid, place in changed.items() if self._keeps(self._rows[uid])]
            self._shown = [place for place in self._shown if place[3] not in out]
            self._shown += sorted(kept)
            self._shown.sort()

    def _keeps(self, row: Row) -> bool:
        return self.filter.keeps(row, self.columns)
