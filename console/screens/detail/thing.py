"""What a detail screen shows, and what it may ask of whoever opened it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from tools.kubernetes.relations import Related

S = TypeVar("S", contravariant=True)


REVEALS = {
    "secret": "its values",
    "serviceaccount": "a new token of it, good for ten minutes",
    "pod": "what a command prints in it",
}
"""Kinds that have something to reveal, and what."""


def reveals(kind: str) -> str:
    """What can be revealed about a kind in any spelling, or nothing."""
    word = kind.lower().partition(".")[0].removesuffix("s")
    return REVEALS.get({"sa": "serviceaccount", "po": "pod"}.get(word, word), "")


@dataclass(frozen=True, slots=True)
class Thing:
    """An object to look at. `what` is a kind as a cluster resolves it, or a cloud's (`aws:ec2`)."""

    what: str
    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}{f' in {self.namespace}' if self.namespace else ''}"

    @property
    def cloud(self) -> bool:
        return ":" in self.what


class Desk(Protocol[S]):
    """Where a screen's wishes go; the screen names itself with each."""

    def look(self, screen: S) -> None: ...

    def follow(self, screen: S, *, previous: bool) -> None: ...

    def leave(self, screen: S) -> None: ...

    def reveal_of(self, screen: S) -> None: ...

    def ask(self, screen: S, mention: str) -> None: ...

    def open_related(self, screen: S, related: Related) -> None: ...

    async def read_session(self, screen: S, session: str, title: str) -> None: ...
