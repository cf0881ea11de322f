"""What the shape of a value says about its secrets, whatever they look like themselves."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from tools.redaction.names import connection_name, harmless, secret_name, worth_hiding

_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
_COLLECTIONS = ("passwords", "tokens", "apikeys", "api_keys")


@dataclass(frozen=True, slots=True)
class Structures:
    """Walks a JSON value. `clean` returns the same object wherever nothing is to be hidden.

    Attributes:
        token: what stands for a secret.
        text: hides what a string by itself gives away.
        lines: the same for the lines of one text.
    """

    token: Callable[[str], str]
    text: Callable[[str], str]
    lines: Callable[[Sequence[str]], Sequence[str]]

    def clean(self, value: JsonValue) -> JsonValue:
        """The value with its secrets hidden."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self._mapping(value)
        return self._sequence(value) if isinstance(value, list) else value

    def _mapping(self, found: dict[str, JsonValue]) -> dict[str, JsonValue]:
        hidden: dict[str, JsonValue] = {}
        if "data" in found or "stringData" in found:
            hidden |= self._of_secret(found)
        if "value" in found or "Value" in found:
            hidden |= self._of_pair(found)
        if "path" in found:
            hidden |= self._of_change(found)
        changed = False
        result: dict[str, JsonValue] = {}
        for key, entry in found.items():
            clean = hidden[key] if key in hidden else self._entry(key, entry)
            name = self.text(key) if len(key) > 16 else key
            changed = changed or clean is not entry or name is not key
            result[name] = clean
        return result if changed else found

    def _entry(self, key: str, entry: JsonValue) -> JsonValue:
        if isinstance(entry, str):
            return self._named(key, entry) if entry and secret_name(key) else self.text(entry)
        if isinstance(entry, list) and secret_name(key) and all(isinstance(one, str) for one in entry):
            texts = [one for one in entry if isinstance(one, str)]
            clean: list[JsonValue] = [self._named(key, one) for one in texts]
            return entry if clean == entry else clean
        if isinstance(entry, dict) and key.lower() in _COLLECTIONS:
            return self._all(entry)
        return self.clean(entry)

    def _named(self, name: str, value: str) -> str:
        """A string under a telling name."""
        if connection_name(name) and "://" in value:
            return self.text(value)
        if worth_hiding(name, value):
            return self.token(value)
        return value if harmless(value) else self.text(value)

    def _all(self, entries: dict[str, JsonValue]) -> dict[str, JsonValue]:
        clean = {
            key: self.token(entry) if isinstance(entry, str) and not harmless(entry) else self.clean(entry)
            for key, entry in entries.items()
        }
        return entries if clean == entries else clean

    def _of_secret(self, found: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """The values of a Secret; one in base64 gets the token of what it encodes."""
        if found.get("kind") != "Secret":
            return {}
        hidden: dict[str, JsonValue] = {}
        data, plain = found.get("data"), found.get("stringData")
        if isinstance(data, dict):
            clean = {key: self._decoded(entry) for key, entry in data.items()}
            hidden["data"] = data if clean == data else clean
        if isinstance(plain, dict):
            hidden["stringData"] = self._all(plain)
        return hidden

    def _decoded(self, entry: JsonValue) -> JsonValue:
        if not isinstance(entry, str) or harmless(entry):
            return entry
        try:
            return self.token(base64.b64decode(entry, validate=True).decode())
        except (binascii.Error, ValueError):
            return self.token(entry)

    def _of_pair(self, found: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """`{name, value}` of an environment, `{Key, Value}` of a tag."""
        for name, value in (("name", "value"), ("Name", "Value"), ("key", "value"), ("Key", "Value")):
            told, entry = found.get(name), found.get(value)
            if isinstance(told, str) and isinstance(entry, str) and entry and secret_name(told):
                return {value: self._named(told, entry)}
        return {}

    def _of_change(self, found: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """`before` and `after` of a changed field whose path ends in a telling name."""
        path = found.get("path")
        if not isinstance(path, str) or not ("before" in found or "after" in found):
            return {}
        steps = [named or bare for named, bare in _STEP.findall(path)]
        key = steps[-2] if len(steps) > 1 and steps[-1] == "value" else steps[-1] if steps else ""
        if not secret_name(key):
            return {}
        sides = {side: found.get(side) for side in ("before", "after")}
        return {
            side: self._named(key, entry) for side, entry in sides.items() if isinstance(entry, str) and entry
        }

    def _sequence(self, found: list[JsonValue]) -> list[JsonValue]:
        texts = [entry for entry in found if isinstance(entry, str)]
        if len(texts) == len(found):
            clean = self.lines(texts) if len(texts) > 1 else [self.text(entry) for entry in texts]
            return found if list(clean) == found else [*clean]
        entries = [self.clean(entry) for entry in found]
        same = all(one is other for one, other in zip(entries, found, strict=True))
        return found if same else entries
