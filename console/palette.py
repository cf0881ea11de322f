"""Every action by name, for the palette; made from the list of actions."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from typing import Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from console.actions import ACTIONS, Action


class Performer(Protocol):
    """What the palette needs of the app."""

    def main_owner(self, action: Action) -> object | None:
        """Who on the main screen can carry the action out now."""

    async def perform(self, action: Action) -> None:
        """Carry it out."""


class ActionProvider(Provider):
    """Offers the actions that can be carried out from the main screen."""

    async def discover(self) -> Hits:
        for action in self._offered():
            yield DiscoveryHit(action.title, self._run(action), help=_how(action))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._offered():
            score = max(
                matcher.match(action.title), *(matcher.match(word) for word in (action.id, *action.words))
            )
            if score > 0:
                yield Hit(score, matcher.highlight(action.title), self._run(action), help=_how(action))

    def _offered(self) -> list[Action]:
        app = cast(Performer, self.app)
        return [action for action in ACTIONS if action.id != "palette" and app.main_owner(action) is not None]

    def _run(self, action: Action) -> partial[Coroutine[object, object, None]]:
        app = cast(Performer, self.app)
        return partial(app.perform, action)


def _how(action: Action) -> str:
    words = f":{action.words[0]}{f' {action.takes}' if action.takes else ''}" if action.words else ""
    return "   ".join(part for part in (action.shown_keys(), words) if part) or "no key"
