"""What an operator types into a search, as FTS5 understands it.

Nothing typed is ever FTS5 syntax: every piece is quoted. `checkout-7d9f` is one piece, so it finds these two
words side by side, and so does what stands in quotes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

HIT_START = "\x02"
HIT_END = "\x03"
"""Stand around the words that were found in a snippet."""

NOTHING = '""'
"""A query that finds no row."""

_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r'"([^"]*)"|(\S+)')
_MOST_PIECES = 24
_RAREST = 3


def pieces(text: str) -> list[str]:
    """What stands between quotes or blanks in `text` and has a word in it, each once."""
    parts = (quoted or plain for quoted, plain in _PIECE.findall(text.replace("\0", " ")))
    found = dict.fromkeys(piece for piece in parts if _WORD.search(piece))
    return list(found)[:_MOST_PIECES]


def all_of(text: str) -> str:
    """A query for rows with every piece of `text`; empty when there is nothing to look for."""
    return " AND ".join(map(_quoted, pieces(text)))


def words(text: str) -> list[str]:
    """The words of `text`, folded as the index folds them (case and accents), each once."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    bare = "".join(letter for letter in decomposed if unicodedata.category(letter) != "Mn")
    return list(dict.fromkeys(_WORD.findall(unicodedata.normalize("NFC", bare))))[:_MOST_PIECES]


def any_of(counts: Mapping[str, int]) -> str:
    """A query for rows with one of the rarest words.

    Args:
        counts: in how many rows each word occurs. Common words are left out: ranking all their rows would
            take seconds in a large journal, and they say the least.
    """
    known = sorted((word for word, count in counts.items() if count), key=lambda word: counts[word])
    return " OR ".join(map(_quoted, known[:_RAREST]))


def plain(snippet: str) -> str:
    """The snippet on one line, without the marks around the words that were found."""
    return " ".join(snippet.replace(HIT_START, "").replace(HIT_END, "").split())


def like(text: str) -> str:
    r"""A pattern for ``LIKE ? ESCAPE '\'`` that finds `text` anywhere."""
    escaped = re.sub(r"([%_\\])", r"\\\1", text.strip())
    return f"%{escaped}%"


def thing_like(thing: str) -> str:
    r"""A pattern for ``LIKE ? ESCAPE '\'``: an object wherever it is, or, without a kind, of any kind."""
    escaped = re.sub(r"([%_\\])", r"\\\1", thing)
    if "/" in thing:
        return escaped if " in " in thing else f"{escaped} in %"
    return f"%/{escaped} in %"


def counting(number: int) -> str:
    """SQL that says in how many rows each of `number` words occurs, from an fts5vocab table `vocabulary`."""
    return f"SELECT term, doc FROM vocabulary WHERE term IN ({', '.join('?' * number)})"


def _quoted(piece: str) -> str:
    return '"' + piece.replace('"', '""') + '"'
