"""Secrets that are known by what stands around them in a text: keys' armour, headers, URLs, manifests."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from tools.redaction.formats import Span
from tools.redaction.names import harmless, secret_name, worth_hiding

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9 ]{0,30})PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END (?:[A-Z0-9 ]{0,30})PRIVATE KEY(?: BLOCK)?-----")
_ARMOUR = re.compile(
    r"(?:(?:\s|\\n|\\r)*(?:(?:Proc-Type|DEK-Info|Version|Comment): ?[^\n\\]*"
    r"|[A-Za-z0-9+/]{16,}={0,2}|[A-Za-z0-9+/]+={1,2})"
    r"(?![^\s\\\"',]))*"
)
_BODY_BEFORE = re.compile(r"(?:[A-Za-z0-9+/=]{16,100}(?:\s|\\n|\\r)+)+\Z")
_FARTHEST_BACK = 12_000

_SCHEMES = ("bearer", "basic", "ssws", "apikey", "token")
_OPAQUE = re.compile(r"[ \t]+([A-Za-z0-9._~+/-]{16,}=*)")
_PAIRED = re.compile(r"[ \t]+([A-Za-z0-9+/_-]{6,}={0,2})")
_COOKIES = ("cookie", "proxy-authorization")
_COOKIE = re.compile(r"[\"']?[ \t]*[:=][ \t]*[\"']?([^\n\"']+)")
_LOGIN = re.compile(r"://([^\s/?#'\"<>`\\]*)@")
_AWS_ID = re.compile(r"A(?:KIA|SIA)[A-Z0-9]{16}")
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_PAIR = re.compile(
    r"\\?[\"']?\bname\\?[\"']?[ \t]*:[ \t]*\\?[\"']?([\w.-]+)\\?[\"']?[ \t]*(?:,[ \t]*|\n[ \t]*|,[ \t]*\n[ \t]*)"
    r"\\?[\"']?value\\?[\"']?[ \t]*:[ \t]*(?:\\?\"([^\"\n\\]+)|'([^'\n]+)|([^\s\"',}\\]+))"
)
_SECRET_KIND = re.compile(r"(?m)^([ \t-]*)kind:[ \t]*[\"']?Secret[\"']?[ \t]*$")
_DATA = re.compile(r"(data|stringData):[ \t]*")
_ENTRY = re.compile(r"[\w.\"'-]+[ \t]*:[ \t]*(.*)")


def private_keys(text: str) -> Iterator[Span]:
    """PEM and PGP private keys, also where the beginning or the end was cut off."""
    at = 0
    while begin := _BEGIN.search(text, at):
        end = _END.search(text, begin.end())
        stop = end.end() if end else _ARMOUR.match(text, begin.end()).end()  # type: ignore[union-attr]
        yield begin.start(), max(stop, begin.end())
        at = max(stop, begin.end())
    first = _END.search(text)
    if first and not _BEGIN.search(text, 0, first.start()):
        before = _BODY_BEFORE.search(text, max(0, first.start() - _FARTHEST_BACK), first.start())
        yield before.start() if before else first.start(), first.end()


def headers(text: str, lower: str) -> Iterator[Span]:
    """What follows `Bearer`, `Basic` and the like, and cookies.

    Args:
        lower: the text in lower case, of the same length.
    """
    for scheme in _SCHEMES:
        for after in _ends(lower, scheme):
            found = _PAIRED.match(text, after) if scheme == "basic" else _OPAQUE.match(text, after)
            if found and (_is_login(found[1]) if scheme == "basic" else _is_opaque(found[1])):
                yield found.span(1)
    for name in _COOKIES:
        for after in _ends(lower, name):
            found = _COOKIE.match(text, after)
            if found and not harmless(found[1]):
                yield found.span(1)


def url_logins(text: str) -> Iterator[Span]:
    """Passwords in URLs, and long user names without a password, which are tokens."""
    for found in _LOGIN.finditer(text):
        user, colon, password = found[1].partition(":")
        if colon and not harmless(password):
            yield found.start(1) + len(user) + 1, found.end(1)
        elif not colon and len(user) >= 20 and any(map(str.isdigit, user)) and not harmless(user):
            yield found.span(1)


def aws_secrets(text: str) -> Iterator[Span]:
    """Secret access keys near the id they belong to; by themselves they look like any 40 characters."""
    for known in _AWS_ID.finditer(text):
        for found in _AWS_SECRET.finditer(text, max(0, known.start() - 200), known.end() + 300):
            word = found[0]
            if any(map(str.isupper, word)) and any(map(str.islower, word)) and any(map(str.isdigit, word)):
                yield found.span()


def named_values(text: str) -> Iterator[Span]:
    """`name: DB_PASSWORD` and, next to it or on the next line, its `value:`."""
    for found in _PAIR.finditer(text):
        group = next(number for number in (2, 3, 4) if found[number] is not None)
        if secret_name(found[1]) and worth_hiding(found[1], found[group]):
            yield found.span(group)


def secret_manifests(text: str) -> Iterator[Span]:
    """The values under `data` and `stringData` of Secrets written as YAML."""
    for kind in _SECRET_KIND.finditer(text):
        lead = len(kind[1])
        yield from _values(text, _document(text, kind.start()), lead)


def _document(text: str, inside: int) -> Span:
    start, end = text.rfind("\n---", 0, inside), text.find("\n---", inside)
    return (start + 4 if start >= 0 else 0), (end if end >= 0 else len(text))


def _values(text: str, document: Span, lead: int) -> Iterator[Span]:
    at, within = document[0], False
    for line in text[document[0] : document[1]].splitlines(keepends=True):
        bare = line.strip()
        indent = len(line) - len(line.lstrip(" "))
        if bare and indent <= lead:
            within = bool(indent == lead and _DATA.fullmatch(bare))
        elif within and bare and (not (entry := _ENTRY.fullmatch(bare)) or not harmless(entry[1])):
            start = at + line.index(bare)
            span = (start + entry.start(1), start + len(bare)) if entry else (start, start + len(bare))
            if not harmless(text[span[0] : span[1]].strip("\"'")):
                yield span
        at += len(line)


def _ends(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at + len(word)
        at = text.find(word, at + len(word))


def _is_opaque(word: str) -> bool:
    return any(map(str.isdigit, word)) and any(map(str.isalpha, word)) and not harmless(word)


def _is_login(word: str) -> bool:
    try:
        plain = base64.b64decode(word + "=" * (-len(word) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return b":" in plain and all(byte >= 32 for byte in plain)
