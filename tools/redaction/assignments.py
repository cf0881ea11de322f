"""`password=…`, `token: …`, `--api-key …`, `the password is …`: a telling name and what follows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tools.redaction.formats import Span
from tools.redaction.names import connection_name, said, secret_name

_LONGEST_NAME = 60
_LONGEST_VALUE = 4096

_ASSIGNING = re.compile(r"([\w.-]{0,60})\\?[\"'`]?\]?[ \t]*(=>|:=|=|:)[ \t]*")
_TELLING = re.compile(r"([\w.-]{0,60})(?:\\?[\"'`]?[ \t]+(?:is|was|to|as|are)[ \t]+|[ \t]+(?=[\"']))")
_PLAIN_NEXT = re.compile(r"([\w.-]{0,60})[ \t]+")
_FLAG = re.compile(r"--?([A-Za-z][\w.-]*)(?:[ \t]+|\n|\\?[\"'],[ \t]*)(?!-)")
_QUOTE = re.compile(r"\\?[\"'`]")
_BARE = re.compile(r"(?:(?!,[ \t]*[\w.-]+[=:])[^\s\"'`;&<>\\])+")
_LINE_LEAD = re.compile(r"[ \t]*(?:-[ \t]+)?[\"']?")
_NAME = re.compile(r"[\w.-]")


def assigned(text: str, lower: str, keywords: Iterable[str]) -> Iterator[Span]:
    """Where values of telling names stand.

    Args:
        lower: the text in lower case, of the same length.
        keywords: those of `names.KEYWORDS` that stand in it.
    """
    for keyword in keywords:
        plain = keyword in _PLAIN
        at = lower.find(keyword)
        while at >= 0:
            after = at + len(keyword)
            found = (
                _ASSIGNING.match(text, after)
                or _TELLING.match(text, after)
                or (_PLAIN_NEXT.match(text, after) if plain else None)
            )
            if found and (span := _value_of(text, at, found)):
                yield span
            at = lower.find(keyword, after)
    for lead in ("--", " -", "\n-"):
        at = text.find(lead)
        while at >= 0:
            found = _FLAG.match(text, at + (lead != "--"))
            if found and secret_name(found[1]) and (value := _value(text, found.end())):
                begin, end, _ = value
                if said(found[1], text[begin:end], sure=True):
                    yield begin, end
            at = text.find(lead, at + 2)


_PLAIN = ("pass", "pwd")
"""After these a secret may follow without any sign: `password hunter2`."""


def _value_of(text: str, hit: int, found: re.Match[str]) -> Span | None:
    start = hit
    while start and hit - start < _LONGEST_NAME and _NAME.match(text, start - 1):
        start -= 1
    name = text[start : found.end(1)].strip(".-_")
    if not secret_name(name):
        return None
    if found.re is _ASSIGNING:
        return _assigned(text, text.rfind("\n", 0, start) + 1, start, name, found)
    value = _value(text, found.end())
    if value is None:
        return None
    begin, end, quoted = value
    passes = "pass" in name.lower()
    word = text[begin:end]
    return (begin, end) if said(name, word, sure=quoted and passes) and "=" not in word[:-2] else None


def _assigned(text: str, line: int, start: int, name: str, assign: re.Match[str]) -> Span | None:
    found = _value(text, assign.end())
    if found is None:
        return None
    if assign[2] == ":" and text[start - 1 : start] == ":":
        return None  # a word in the middle of an ARN
    begin, end, quoted = found
    value = text[begin:end]
    if connection_name(name) and "://" in value:
        return None  # its login is found by itself; the rest is worth seeing
    if name.lower() in ("authorization", "auth", "bearer"):
        return (begin, end) if said(name, value, sure=False) else None
    lead = _LINE_LEAD.match(text, line)
    alone = lead is not None and lead.end() == start and text[end : end + 1] in ("", "\n", "\r")
    sure = assign[2] != ":" or quoted or alone or text[start - 1 : start] in ("{", ",")
    return (begin, end) if said(name, value, sure=sure) else None


def _value(text: str, at: int) -> tuple[int, int, bool] | None:
    """The value that begins here, without its quotes, and whether it had any."""
    quote = _QUOTE.match(text, at)
    if quote is None:
        bare = _BARE.match(text, at, at + _LONGEST_VALUE)
        if bare is None:
            return None
        return at, at + len(bare[0].rstrip(",.:)]}")), False
    begin = quote.end()
    line = text.find("\n", begin, begin + _LONGEST_VALUE)
    limit = line if line >= 0 else begin + _LONGEST_VALUE
    end = text.find(quote[0], begin, limit)
    while end > 0 and len(quote[0]) == 1 and text[end - 1] == "\\":
        end = text.find(quote[0], end + 1, limit)
    if end < 0:
        bare = _BARE.match(text, begin, begin + _LONGEST_VALUE)
        end = bare.end() if bare else begin
    return (begin, end, True) if end > begin else None
