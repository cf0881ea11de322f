"""The sentences that cases are told in, and how they are read again. The teller and the reader share only these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NAME = r"[a-z]+(?:-[a-z]+)+"
VALUE = r"[\w:./-]*\w"


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that a service has one of.

    Attributes:
        said: the sentences that tell it, with `{s}` for the service and `{v}` for the value.
        asked: the questions for it.
        then: the question for what it was on a day, with `{day}`.
    """

    said: tuple[str, ...]
    asked: tuple[str, ...]
    then: str

    def values(self, service: str, text: str) -> list[tuple[int, str]]:
        """Where in a text a value stands, and which, in the order of the text."""
        found = [
            (match.start(), match["v"])
            for sentence in self.said
            for match in re.finditer(self._pattern(sentence, re.escape(service)), text)
        ]
        return sorted(found)

    def services(self, value: str, text: str) -> list[str]:
        """Every service of which the text says that it has this value."""
        found = [
            match["s"]
            for sentence in self.said
            for match in re.finditer(self._pattern(sentence, NAME), text)
            if match["v"] == value
        ]
        return sorted(set(found))

    @staticmethod
    def _pattern(sentence: str, service: str) -> str:
        return rf"(?<![\w-]){sentence}(?![\w-])".format(s=rf"(?P<s>{service})(?![\w-])", v=rf"(?P<v>{VALUE})")


RELATIONS: Mapping[str, Relation] = {
    "owner": Relation(
        ("{s} is owned by {v}", "{s} belongs to {v}"),
        ("who owns {s}?", "which team is {s} owned by?"),
        "who owned {s} on {day}?",
    ),
    "port": Relation(
        ("{s} listens on {v}",), ("which port does {s} listen on?",), "which port did {s} listen on on {day}?"
    ),
    "home": Relation(("{s} lives in {v}",), ("where does {s} live?",), "where did {s} live on {day}?"),
    "quota": Relation(
        ("the quota of {s} is {v}",), ("what is the quota of {s}?",), "what was the quota of {s} on {day}?"
    ),
    "pager": Relation(
        ("the pager of {s} is {v}", "{s}'s pager is {v}"),
        ("what is the pager of {s}?",),
        "what was the pager of {s} on {day}?",
    ),
}

CHATTER = (
    "{s} is slow on Mondays after {v}",
    "{s} was restarted twice when {v} was drained",
    "{s} shares a node with {v}",
    "deploys of {s} wait for {v}",
    "the dashboard of {s} shows {v} as well",
)
"""Sentences about services that answer none of the questions."""

STYLES = (("answer in {v}", r"answer in (\w+)"), ("show times in {v}", r"show times in (\w+)"))
"""Wishes about answers, and how they are found again."""

LISTED = "which services are owned by {v}?"
BOTH = "who owns {s} and who owns {t}?"
BEFORE = "who owned {s} before {v}?"
