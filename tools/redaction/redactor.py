"""The one entrance: values and texts go in, the same with tokens in place of secrets come out.

Structure first: what a Secret, an environment, a kubeconfig or a tag says by its shape. Then patterns in
every string. A token such as `‹secret:k7m2q9›` is made with a key of the home: the same secret gives
the same token there, so that equality can still be reasoned about, and without the key nothing can be
guessed from it. What is redacted already stays as it is.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

from pydantic import BaseModel, JsonValue

from tools.redaction import passages
from tools.redaction.assignments import assigned
from tools.redaction.formats import Format, Span, present
from tools.redaction.names import KEYWORDS
from tools.redaction.structures import Structures

TOKEN = re.compile(r"‹secret:[a-z0-9]+›")
_GROWN = re.compile(r"›[^\s\"',;)\]}&@:<\\]")
_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 6
_SHORTEST = 6
_LONGEST_JSON = 400_000
_CAPITALS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")

M = TypeVar("M", bound=BaseModel)


class Hints:
    """What of all there is to look for can stand in a text at all; looking for the rest is spared."""

    __slots__ = ("armour", "formats", "keywords", "manifest", "needles", "schemes")

    def __init__(self, text: str, lower: str, within: Hints | None = None) -> None:
        keywords = KEYWORDS if within is None else within.keywords
        self.formats: dict[str, Format] = (
            present(text)
            if within is None
            else {hint: kind for hint, kind in within.formats.items() if hint in text}
        )
        self.keywords: list[str] = [word for word in keywords if word in lower]
        self.armour = "private key" in lower
        self.schemes = [word for word in _SCHEMES if word in lower]
        self.manifest = [word for word in _MANIFEST if word in lower] if self.keywords else []
        self.needles = [*self.keywords, *self.schemes, *(["private key"] if self.armour else [])]
        self.needles += [hint.lower() for hint in self.formats]

    def __bool__(self) -> bool:
        return bool(self.needles)


_SCHEMES = ("://", "bearer", "basic", "ssws", "apikey", "token", "cookie", "proxy-auth")
_MANIFEST = ("value", "kind:")


class Redactor:
    """Args: key: what tokens are made with, 16 bytes or more."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("The key of the tokens needs at least 16 bytes.")
        self._key = key

    def token(self, secret: str) -> str:
        """What stands for this secret."""
        number = int.from_bytes(
            hmac.digest(self._key, secret.strip().encode(errors="surrogatepass"), "sha256")
        )
        letters = []
        for _ in range(_LENGTH):
            number, letter = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[letter])
        return f"‹secret:{''.join(letters)}›"

    def text(self, text: str) -> str:
        """The text with its secrets replaced; the same object when there are none."""
        return self._text(text, None)

    def lines(self, lines: Sequence[str]) -> Sequence[str]:
        """Lines of one text, as many as there were: a key that spans several is found as well."""
        return self._lines(lines, None)

    def value(self, value: JsonValue) -> JsonValue:
        """The value with its secrets replaced; the same object when there are none."""
        if isinstance(value, str):
            return self.text(value)
        if not isinstance(value, dict | list):
            return value
        dumped = json.dumps(value, ensure_ascii=False)
        hints = Hints(dumped, _lower(dumped))
        return self._value(value, hints) if hints else value

    def model(self, model: M) -> M:
        """The model with its secrets replaced; the same object when there are none.

        Raises:
            ValidationError: the model does not take a token where a secret stood.
        """
        dumped = model.model_dump_json()
        hints = Hints(dumped, _lower(dumped))
        if not hints:
            return model
        body: JsonValue = json.loads(dumped)
        clean = self._value(body, hints)
        return model if clean is body else type(model).model_validate(clean)

    def mapping(self, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """The same for an object."""
        clean = self.value(value)
        return clean if isinstance(clean, dict) else value

    def places(self, value: dict[str, JsonValue]) -> dict[str, str]:
        """Where the value holds a secret, or a token that stands for one: token by dotted path."""
        return dict(_places(self.mapping(value), ""))

    # --- details -----------------------------------------------------------------------------------

    def _value(self, value: JsonValue, hints: Hints) -> JsonValue:
        known: dict[str, str] = {}

        def text(found: str) -> str:
            """Objects say the same paths and names again and again."""
            clean = known.get(found)
            if clean is None:
                clean = known[found] = self._text(found, hints)
            return found if clean == found else clean

        return Structures(token=self.token, text=text, lines=lambda lines: self._lines(lines, hints)).clean(
            value
        )

    def _text(self, text: str, within: Hints | None) -> str:
        if len(text) < _SHORTEST:
            return text
        lower = _lower(text)
        if within is not None:
            for needle in within.needles:
                if needle in lower:
                    break
            else:
                return text
        hints = Hints(text, lower, within)
        if not hints:
            return text
        if text[0] in "{[" and (embedded := self._embedded(text)) is not None:
            return embedded
        clean = self._replace(text, sorted(_spans(text, lower, hints)))
        # A token that grew together with the next word is no longer what stood there: look again.
        return clean if clean is text or not _GROWN.search(clean) else self._text(clean, None)

    def _embedded(self, text: str) -> str | None:
        """JSON within a string, redacted as what it is; None if it is none or holds nothing to hide."""
        if len(text) > _LONGEST_JSON:
            return None
        try:
            found: JsonValue = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict | list):
            return None
        clean = self.value(found)
        if clean is found:
            return text
        compact = '": ' not in text
        return json.dumps(clean, ensure_ascii=False, separators=(",", ":") if compact else None)

    def _lines(self, lines: Sequence[str], within: Hints | None) -> Sequence[str]:
        if not lines:
            return lines
        if any("\n" in line for line in lines):
            clean = [self._text(line, within) for line in lines]
        else:
            joined = "\n".join(lines)
            lower = _lower(joined)
            hints = Hints(joined, lower, within)
            if not hints:
                return lines
            clean = self._replace(joined, sorted(_spans(joined, lower, hints)), keep_lines=True).split("\n")
            # A line that is JSON by itself is redacted as such.
            clean = [self._text(line, hints) if line[:1] in ("{", "[") else line for line in clean]
        return lines if clean == list(lines) else clean

    def _replace(self, text: str, spans: list[Span], *, keep_lines: bool = False) -> str:
        parts: list[str] = []
        at = 0
        tokens = [found.span() for found in TOKEN.finditer(text)] if spans and "‹secret:" in text else []
        for start, end in _merged(spans):
            secret = text[start:end]
            if not TOKEN.sub("", secret).strip() or any(
                first < end and start < last and not (start <= first and last <= end)
                for first, last in tokens
            ):
                continue  # what stands there is a token already, or a part of one
            lead = len(secret) - len(secret.lstrip())
            parts += [text[at : start + lead], self.token(secret)]
            if keep_lines:
                parts.append("\n" * secret.strip().count("\n"))
            at = start + len(secret.rstrip())
        if not parts:
            return text
        return "".join([*parts, text[at:]])


def _spans(text: str, lower: str, hints: Hints) -> Iterator[Span]:
    for hint, kind in hints.formats.items():
        yield from kind.spans(text, hint)
        if kind.name == "AWS access key id":
            yield from passages.aws_secrets(text)
    if hints.armour:
        yield from passages.private_keys(text)
    if hints.schemes:
        yield from passages.url_logins(text)
    if hints.keywords or hints.schemes:
        yield from passages.headers(text, lower)
    if hints.keywords:
        yield from assigned(text, lower, hints.keywords)
    if hints.manifest:
        yield from passages.named_values(text)
        yield from passages.secret_manifests(text)


def _merged(spans: list[Span]) -> Iterator[Span]:
    """Spans that overlap as one."""
    waiting: Span | None = None
    for start, end in spans:
        if waiting is None or start >= waiting[1]:
            if waiting is not None:
                yield waiting
            waiting = start, end
        else:
            waiting = waiting[0], max(waiting[1], end)
    if waiting is not None:
        yield waiting


def _lower(text: str) -> str:
    lower = text.lower()
    return lower if len(lower) == len(text) else text.translate(_CAPITALS)


def _places(value: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if token := TOKEN.search(value):
            yield path, token[0]
    elif isinstance(value, dict):
        for key, entry in value.items():
            if token := TOKEN.search(key):
                yield path, token[0]
            yield from _places(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _places(entry, f"{path}[{number}]")
