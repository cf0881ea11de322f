"""Tables with metadata as lists and watches send them, decoded as far as a row needs.

Tables carry what the server prints, for custom resources too, so one decoder serves every kind
(about 4,300 watch events per CPU second; full objects through models come to 460).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tools.kubernetes.live.health import health
from tools.rows import Row

AS_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"

Cell = str | int | float | bool | None


class Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = None


class _Object(msgspec.Struct):
    metadata: Metadata


class WireRow(msgspec.Struct):
    cells: list[Cell]
    object: _Object | None = None


class _Column(msgspec.Struct):
    name: str
    priority: int = 0


class _ListMeta(msgspec.Struct, rename={"version": "resourceVersion", "more": "continue"}):
    version: str = ""
    more: str = ""


class WireTable(msgspec.Struct, rename={"columns": "columnDefinitions"}):
    """A Table; or the Status of an ERROR event, whose fields are the last three."""

    columns: list[_Column] | None = None
    rows: list[WireRow] | None = None
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)
    code: int = 0
    reason: str = ""
    message: str = ""

    @property
    def version(self) -> str:
        """The resource version this brings us to."""
        if self.metadata.version:
            return self.metadata.version
        for row in self.rows or ():
            if row.object is not None:
                return row.object.metadata.resource_version
        return ""


class WireEvent(msgspec.Struct):
    type: str
    object: WireTable


class Layout(msgspec.Struct, frozen=True):
    """Which columns a view has, and where in the server's rows they come from.

    `spread` is true when rows of several namespaces stand together: each then names its own. Ages are
    not copied, since they would stand still; where the server has an age, the last column is left
    empty for whoever draws to fill in from `Row.created`.
    """

    names: tuple[str, ...]
    places: tuple[int, ...]
    spread: bool = False
    aged: bool = False

    @classmethod
    def of(cls, names: Sequence[tuple[int, str]], *, spread: bool) -> Layout:
        """Args: names: place in the server's row, and name, of each column that is shown."""
        kept = [(place, name) for place, name in names if name != "Age"]
        return cls(
            tuple(name for _, name in kept),
            tuple(place for place, _ in kept),
            spread,
            any(name == "Age" for _, name in names),
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The view's columns: the server's, with the namespace after the first and the age last."""
        where = ("Namespace",) if self.spread and self.names else ()
        return (*self.names[:1], *where, *self.names[1:], *(("Age",) if self.aged else ()))

    def cells(self, kept: tuple[str, ...], namespace: str) -> tuple[str, ...]:
        """A row's cells, one for each of `columns`, from those of `names`."""
        where = (namespace,) if self.spread and self.names else ()
        return (*kept[:1], *where, *kept[1:], *(("",) if self.aged else ()))

    def row(self, wire: WireRow, scope: str, kind: str) -> Row | None:
        """The row of one object; None for one without metadata."""
        if wire.object is None:
            return None
        metadata = wire.object.metadata
        kept = tuple(cell_text(wire.cells[place]) if place < len(wire.cells) else "" for place in self.places)
        created = metadata.creation_timestamp
        return Row(
            uid=metadata.uid,
            scope=scope,
            namespace=metadata.namespace,
            name=metadata.name,
            kind=kind,
            cells=self.cells(kept, metadata.namespace),
            health=health(self.names, kept),
            created=datetime.fromisoformat(created) if created else None,
        )


def cell_text(cell: Cell) -> str:
    """A cell as the server would print it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell if isinstance(cell, str) else f"{cell:g}" if isinstance(cell, float) else str(cell)


_table = msgspec.json.Decoder(WireTable)
_event = msgspec.json.Decoder(WireEvent)


def decode_table(body: bytes) -> WireTable:
    return _table.decode(body)


def decode_events(lines: list[bytes]) -> list[WireEvent]:
    return [_event.decode(line) for line in lines]
