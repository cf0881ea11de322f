"""Mentions: `@deployment/checkout/shop` names one object exactly, in the middle of a sentence.

@kind/namespace/name    an object in a namespace
@kind/name              one without a namespace, or in the working namespace
@…@context              either of them in another context than the working one
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.tool import Frozen

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._:-]*[A-Za-z0-9])?"
_MENTION = re.compile(
    rf"(?<!\S)@(?P<kind>[A-Za-z][A-Za-z0-9.-]*)/(?:(?P<namespace>{_NAME})/)?(?P<name>{_NAME})"
    r"(?:@(?P<context>\S*\w)|(?![/\w@]))"
)


class Mention(Frozen):
    """One object as the operator named it. `namespace` and `context` are empty where none was given."""

    kind: str
    namespace: str
    name: str
    context: str = ""

    def __str__(self) -> str:
        return mention_of(self.kind, self.namespace, self.name, self.context)

    @property
    def words(self) -> str:
        """The same in words that need no `@`: `deployment/shop in checkout`. They name no context."""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.kind.lower()}/{self.name}{where}"


def mention_of(kind: str, namespace: str, name: str, context: str = "") -> str:
    """The mention of an object, to be put into a question. `context`: only of one that is elsewhere."""
    mention = f"@{'/'.join(part for part in (kind.lower(), namespace, name) if part)}"
    return f"{mention}@{context}" if context else mention


def contexts_of(text: str, working: str) -> frozenset[str]:
    """The contexts that a text speaks of, if it mentions anything. `working` is meant where none is named."""
    return frozenset(mention.context or working for mention in mentions(text))


def mentions(text: str) -> tuple[Mention, ...]:
    """Every object mentioned in a text, each once, in the order of the text."""
    return tuple(dict.fromkeys(_found(text)))


def in_words(text: str) -> str:
    """The text with every mention said in words, as the known requests are phrased."""
    return _MENTION.sub(lambda found: _mention(found).words, text)


def _found(text: str) -> Iterator[Mention]:
    return (_mention(found) for found in _MENTION.finditer(text))


def _mention(found: re.Match[str]) -> Mention:
    return Mention(
        kind=found["kind"],
        namespace=found["namespace"] or "",
        name=found["name"],
        context=found["context"] or "",
    )
