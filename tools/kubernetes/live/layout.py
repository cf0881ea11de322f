"""Which columns a view has, and how a row of the server's is laid into them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from sys import intern

import msgspec

from tools.kubernetes.live.health import health
from tools.kubernetes.live.watch_wire import Metadata
from tools.rows import Row

_SPAN = re.compile(r"(?:\d+[smhdy])+")
_PARTS = re.compile(r"(\d+)([smhdy])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "y": 31_536_000}
_SEEN = "Last Seen"
_SHORT = 16
_ROUNDED = 0.15
"""`8h` may be anything below `9h`: the largest share of an age that its units leave out."""


class Layout(msgspec.Struct, frozen=True):
    """The columns of one view.

    Ages are not copied, since they would stand still. Where the server has an age, the last column is
    left empty for whoever draws to fill in from `Row.created`; so is an event's `Last Seen`, whose
    rows name in `created` when it was seen last.
    """

    names: tuple[str, ...] = ()
    """The server's columns that are shown."""
    places: tuple[int, ...] = ()
    """Where in the server's cells each of `names` is."""
    ticking: int | None = None
    """Where the age, or the time since an event was last seen, is."""
    aged: bool = False
    spread: bool = False
    """Rows of several namespaces stand together: each names its own."""
    environments: bool = False
    """Some of these namespaces belong to a known environment: each row names it."""

    @classmethod
    def of(
        cls, names: Sequence[tuple[int, str]], *, spread: bool = False, environments: bool = False
    ) -> Layout:
        """Args: names: place in the server's row, and name, of each column that is shown."""
        kept = [(place, name) for place, name in names if name != "Age"]
        ticking = next((place for place, name in names if name in ("Age", _SEEN)), None)
        return cls(
            tuple(name for _, name in kept),
            tuple(place for place, _ in kept),
            ticking,
            any(name == "Age" for _, name in names),
            spread,
            spread and environments,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The view's columns: the server's, with the namespace after the first and the age last."""
        if not self.names:
            return ()
        where, env = ("Namespace",) if self.spread else (), ("Env",) if self.environments else ()
        return (*self.names[:1], *where, *self.names[1:], *env, *(("Age",) if self.aged else ()))

    def row(
        self,
        texts: Sequence[str],
        metadata: Metadata,
        *,
        context: str,
        kind: str,
        environments: Mapping[str, str],
        now: datetime,
    ) -> Row:
        """One object's row.

        Args:
            texts: all cells as the server sent them.
            metadata: name, namespace and, where the server said it, the time of creation.
            context: the kubeconfig context it comes from.
            kind: of the object.
            environments: by namespace.
            now: the moment that ages in the cells count from, UTC.
        """
        # Ten thousand pods say the same few words: each is kept once.
        kept = tuple(
            intern(texts[place]) if place < len(texts) and len(texts[place]) < _SHORT else _at(texts, place)
            for place in self.places
        )
        where = metadata.namespace
        shown = kept
        if _SEEN in self.names:
            shown = tuple("" if name == _SEEN else cell for name, cell in zip(self.names, kept, strict=True))
        cells = (
            *shown[:1],
            *((where,) if self.spread else ()),
            *shown[1:],
            *((environments.get(where, ""),) if self.environments else ()),
            *(("",) if self.aged else ()),
        )
        return Row(
            uid=identity(context, kind, where, metadata.name),
            scope=context,
            namespace=where,
            name=metadata.name,
            kind=kind,
            cells=cells,
            health=health(self.names, kept),
            created=self._since(texts, metadata, now),
        )

    def _since(self, texts: Sequence[str], metadata: Metadata, now: datetime) -> datetime | None:
        """The age says it to the unit it prints, by the server's clock; the metadata to the second, which
        counts as long as our clock agrees with the server's."""
        exact = None
        if self.aged and metadata.creation_timestamp:
            exact = datetime.fromisoformat(metadata.creation_timestamp)
        printed = texts[self.ticking] if self.ticking is not None and self.ticking < len(texts) else ""
        seconds = span(printed)
        if seconds is None:
            return exact
        about = now - timedelta(seconds=seconds)
        return exact if exact is not None and alike(exact, about, now) else about


def _at(texts: Sequence[str], place: int) -> str:
    return texts[place] if place < len(texts) else ""


def identity(context: str, kind: str, namespace: str, name: str) -> str:
    """What tells an object from all others on the screen, with or without its metadata at hand."""
    return f"{context}/{kind}/{namespace}/{name}"


def alike(one: datetime, other: datetime, now: datetime) -> bool:
    """Whether two moments are as close as ages that are printed in units can tell."""
    age = max((now - one).total_seconds(), 0.0)
    return abs((one - other).total_seconds()) <= 2 + age * _ROUNDED


def span(text: str) -> int | None:
    """Seconds in a span as the server prints it (`42s`, `3d4h`, `5m (x3 over 1h)`); None for no span."""
    first = text.partition(" ")[0]
    if not _SPAN.fullmatch(first):
        return None
    return sum(int(number) * _SECONDS[unit] for number, unit in _PARTS.findall(first))
