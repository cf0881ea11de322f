"""Hides what looks like a secret in objects that are shown: values of variables, arguments, keys, URLs.

Which names tell of a secret is known in one place, `tools.redaction.names`.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from tools.kubernetes.fields import text
from tools.kubernetes.objects import LAST_APPLIED
from tools.kubernetes.plain_text import plain
from tools.redaction.names import secret_name
from tools.tool import Change

HIDDEN = "(hidden)"

_ARGUMENT = re.compile(r"^(--?[\w.-]+[= ])(.+)$", re.S)
_URL_LOGIN = re.compile(r"([a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+@", re.I)
_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


def shown(found: JsonValue) -> JsonValue:
    """The value with secrets hidden and control codes removed, whatever its shape."""
    if isinstance(found, str):
        return _shown_text(found)
    if isinstance(found, list):
        return _shown_list(found)
    if not isinstance(found, dict):
        return found
    if isinstance(found.get("name"), str) and secret_name(text(found, "name")) and "value" in found:
        return {**{key: shown(entry) for key, entry in found.items()}, "value": HIDDEN}
    if text(found, "kind") == "Secret":
        found = {
            key: dict.fromkeys(entry, HIDDEN)
            if key in ("data", "stringData") and isinstance(entry, dict)
            else entry
            for key, entry in found.items()
        }
    return {plain(key): HIDDEN if _secret_entry(key, entry) else shown(entry) for key, entry in found.items()}


def shown_change(change: Change) -> Change:
    """The change with secrets hidden; that a hidden value changed stays visible."""
    steps = [named or bare for named, bare in _STEP.findall(change.path)]
    key = steps[-2] if len(steps) > 1 and steps[-1] == "value" else steps[-1] if steps else ""
    secret = secret_name(key)
    before, after = shown(change.before), shown(change.after)
    if secret and isinstance(before, str):
        before = HIDDEN
    if secret and isinstance(after, str):
        after = HIDDEN
    if before == after and change.before != change.after:
        after = f"{HIDDEN[:-1]}, another)"
    return change.model_copy(update={"path": plain(change.path), "before": before, "after": after})


def _secret_entry(key: str, entry: JsonValue) -> bool:
    if key == LAST_APPLIED:  # a whole manifest as text, with whatever secrets are in it
        return True
    return isinstance(entry, str) and bool(entry) and secret_name(key)


def _shown_list(entries: list[JsonValue]) -> list[JsonValue]:
    """A list; in a command line, the word after a flag such as `--password` is hidden."""
    found: list[JsonValue] = []
    flag = ""
    for entry in entries:
        if isinstance(entry, str) and flag and not entry.startswith("-"):
            found.append(HIDDEN)
        else:
            found.append(shown(entry))
        is_flag = isinstance(entry, str) and entry.startswith("-") and "=" not in entry
        flag = entry if isinstance(entry, str) and is_flag and _names_secret(entry) else ""
    return found


def _shown_text(line: str) -> str:
    if "\n" in line:
        return "\n".join(_shown_text(part) for part in line.split("\n"))
    cleaned = _URL_LOGIN.sub(rf"\1{HIDDEN}@", plain(line))
    matched = _ARGUMENT.match(cleaned)
    return f"{matched[1]}{HIDDEN}" if matched and _names_secret(matched[1].rstrip("= ")) else cleaned


def _names_secret(flag: str) -> bool:
    return secret_name(flag.lstrip("-"))
