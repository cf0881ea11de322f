"""What is understood without a model, and what was perhaps meant by a request that is not."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from agent.runbooks.library import Library
from agent.runbooks.runbook import Runbook

HELP = frozenset({"help", "what can you do", "what do you understand"})
"""Requests for the catalogue itself."""

_SLOT = re.compile(r"\{[^}]*\}|\[[^\]]*\]")
_CLOSE = 0.75
"""How alike two words are, from 0 to 1, before one passes for a slip of the other."""

_SMALL = frozenset({"in", "of", "to", "the", "a", "i"})


def catalogue(library: Library) -> str:
    """Every known request in its canonical words, as Markdown: first those that only look."""
    looks = [runbook for runbook in library if runbook.answer]
    changes = [runbook for runbook in library if not runbook.answer]
    return "\n\n".join(
        f"**{title}**\n\n{_lines(runbooks)}"
        for title, runbooks in (("To look:", looks), ("To change, as a plan you approve first:", changes))
        if runbooks
    )


def unknown(library: Library, request: str) -> str:
    """What an operator is told whose request needs a model, when there is none."""
    said = " ".join(request.split())
    parts = [f"Without a model I do not understand “{said[:79] + '…' if len(said) > 80 else said}”."]
    if guesses := near(library, request):
        parts.append(f"Did you mean:\n\n{_lines(guesses)}")
    parts.append(
        "`help` lists what I do understand. For anything else, store a key with `pilothouse auth login`, or"
        " name a self-hosted server in `config.toml` (`[model] base_url`)."
    )
    return "\n\n".join(parts)


def near(library: Library, request: str, limit: int = 3) -> list[Runbook]:
    """The runbooks whose own words are most like the request's, the likeliest first."""
    said = re.findall(r"[a-z]+", request.lower())
    rated = [(_likeness(runbook, said), runbook) for runbook in library]
    likely = [(rating, runbook) for rating, runbook in rated if rating >= _CLOSE]
    likely.sort(key=lambda one: -one[0])
    return [runbook for _, runbook in likely[:limit]]


def _likeness(runbook: Runbook, said: list[str]) -> float:
    """How well the phrase's own words are found in what was said, from 0 to 1."""
    words = [word for word in re.findall(r"[a-z]+", _SLOT.sub(" ", runbook.phrase)) if word not in _SMALL]
    if not words or not said:
        return 0.0
    return sum(max(_alike(word, other) for other in said) for word in words) / len(words)


def _alike(word: str, other: str) -> float:
    return SequenceMatcher(None, word, other).ratio()


def _lines(runbooks: list[Runbook]) -> str:
    return "\n".join(f"- `{runbook.phrase}`: {runbook.summary}" for runbook in runbooks)
