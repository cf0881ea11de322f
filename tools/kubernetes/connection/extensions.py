"""What can be done where the trouble is with something that extends the API: a definition, or another server."""

from __future__ import annotations

import re

_CONVERSION = re.compile(r"conversion webhook for (?P<held>\S+), Kind=(?P<kind>\w+) failed")


def extension_hint(group: str, version: str, plural: str, code: int, message: str) -> str:
    """One sentence on what to try, or "" when no extension is the cause.

    Args:
        group: of what was asked.
        version: of the group.
        plural: of the kind.
        code: the HTTP status of the answer.
        message: the server's own words.
    """
    if found := _CONVERSION.search(message):
        definition = f"{plural}.{group}"
        return (
            f"The webhook that converts {definition} from {found['held']} does not answer: have it repaired"
            f" (customresourcedefinition {definition}, spec.conversion). Other kinds can be read meanwhile."
        )
    if code == 503 and group and message.strip().rstrip(".") == "service unavailable":
        return (
            f"The server behind the API group {group} does not answer (apiservice {version}.{group} says why)."
            " Other kinds can be read meanwhile."
        )
    return ""
