"""What may be written after `:`, and what it could become."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from console.actions import ACTIONS, Action, by_word
from console.reach import APART
from console.views import MORE, TABS, View, find, of_kind
from console.widgets.completions import Candidate

EVERYWHERE = ("all", "-A")


@dataclass(frozen=True, slots=True)
class Known:
    """Names that arguments can be completed from."""

    contexts: Sequence[str] = ()
    profiles: Sequence[str] = ()
    namespaces: Sequence[str] = ()
    themes: Sequence[str] = ()

    def after(self, word: str) -> Iterable[str]:
        """What can stand after this word."""
        match word:
            case "ctx" | "context":
                return self.contexts
            case "profile":
                return self.profiles
            case "ns" | "namespace":
                return (*self.namespaces, "all")
            case "theme":
                return self.themes
        view = find(word)
        return (*self.namespaces, "all") if view is not None and not view.cloud else ()


@dataclass(frozen=True, slots=True)
class Jump:
    """What a line means: an action with its argument, or a view somewhere.

    Attributes:
        namespace: None for where the operator is, empty for everywhere.
    """

    action: Action | None = None
    argument: str = ""
    view: View | None = field(default=None)
    namespace: str | None = None


def meaning(line: str) -> Jump | None:
    """What the line asks for; None for an empty one. An unknown word is taken for a kind."""
    word, _, rest = line.strip().lstrip(":").partition(" ")
    rest = rest.strip()
    if not word:
        return None
    action = by_word(word)
    if action is not None:
        return Jump(action=action, argument=rest)
    namespace = ("" if rest in EVERYWHERE else rest) if rest else None
    return Jump(view=of_kind(word), namespace=namespace)


def complete(line: str, known: Known) -> list[Candidate]:
    """What the last word of the line could become; whole lines, the likeliest first."""
    line = line.lstrip(":")
    word, space, rest = line.partition(" ")
    if space:
        before, comma, begun = rest.rpartition(APART)
        written = {name.strip() for name in before.split(APART)}
        return [
            Candidate(f"{word} {before}{comma}{name}")
            for name in known.after(word)
            if begun.strip().lower() in name.lower() and name not in written
        ]
    everything = [Candidate(view.title, "view") for view in (*TABS, *MORE)]
    everything += [
        Candidate(action.words[0], f"{action.title}{f': {action.takes}' if action.takes else ''}")
        for action in ACTIONS
        if action.words
    ]
    begins = [item for item in everything if item.text.startswith(word)]
    holds = [item for item in everything if word in item.text and item not in begins]
    return begins + holds
