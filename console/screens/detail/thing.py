"""What a detail screen shows, and what it may ask of whoever opened it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from tools.kubernetes.relations import Related

S = TypeVar("S", contravariant=True)


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

    def ask(self, screen: S, mention: str) -> None: ...

    def open_related(self, screen: S, related: Related) -> None: ...

    async def read_session(self, screen: S, session: str, title: str) -> None: ...
