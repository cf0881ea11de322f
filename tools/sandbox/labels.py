"""What may stand in an object's labels and annotations."""

from __future__ import annotations

import json
import re

from tools.sandbox.failure import Cause, invalid_value
from tools.sandbox.manifest import Manifest

_WORD = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_PREFIX = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_BAD_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "
    "is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_BAD_KEY = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_BAD_PREFIX = "prefix part must be a valid lowercase RFC 1123 subdomain"
_LONGEST = 63
_ALL_ANNOTATIONS = 256 * 1024


def check_keys(metadata: Manifest) -> list[Cause]:
    """What is wrong with the labels and annotations of an object."""
    causes: list[Cause] = []
    for part in ("labels", "annotations"):
        for key, value in (metadata.get(part) or {}).items():
            causes += [invalid_value(f"metadata.{part}", json.dumps(key), why) for why in key_problems(key)]
            if part == "labels":
                causes += [
                    invalid_value("metadata.labels", json.dumps(value), why) for why in value_problems(value)
                ]
    size = sum(len(key) + len(value) for key, value in (metadata.get("annotations") or {}).items())
    if size > _ALL_ANNOTATIONS:
        limit = f"Too long: may not be more than {_ALL_ANNOTATIONS} bytes"
        causes.append(Cause("FieldValueTooLong", "metadata.annotations", limit))
    return causes


def key_problems(key: str) -> list[str]:
    """Why a text is no qualified name (`example.com/name`)."""
    prefix, slash, name = key.rpartition("/")
    problems = []
    if slash and not re.fullmatch(_PREFIX, prefix):
        problems.append(_BAD_PREFIX)
    if len(name) > _LONGEST:
        problems.append(f"name part must be no more than {_LONGEST} bytes")
    if not re.fullmatch(_WORD, name):
        problems.append(_BAD_KEY)
    return problems


def value_problems(value: str) -> list[str]:
    """Why a text is no label value."""
    problems = [f"must be no more than {_LONGEST} bytes"] if len(value) > _LONGEST else []
    if value and not re.fullmatch(_WORD, value):
        problems.append(_BAD_VALUE)
    return problems
