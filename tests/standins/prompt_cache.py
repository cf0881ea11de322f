"""What a server's prompt cache would do with a row of requests, by the documented rules.

The prompt is the tools, the system text and the messages, block by block. A mark writes everything up to it;
a later prompt reads the longest beginning that was written, looked for at each of its marks and at most
twenty blocks before it (https://platform.claude.com/docs/en/build-with-claude/prompt-caching).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from pydantic import JsonValue

from tests.standins.reply import TOKEN
from tests.standins.script import Json

LOOKS_BACK = 20


@dataclass(frozen=True, slots=True)
class Prompt:
    """Tokens of one request: read from the cache, and all."""

    read: int
    total: int


class PromptCache:
    def __init__(self) -> None:
        self._written: set[str] = set()

    def take(self, body: Json) -> Prompt:
        """One request: what of it is read, and what it leaves in the cache."""
        digest = hashlib.sha256()
        places: list[tuple[str, int]] = []
        marks: list[int] = []
        total = 0
        for block, marked in _blocks(body):
            written = json.dumps(block, sort_keys=True)
            digest.update(written.encode())
            total += len(written) // TOKEN
            places.append((digest.hexdigest(), total))
            if marked:
                marks.append(len(places) - 1)
        read = 0
        for mark in marks:
            for place in range(mark, max(-1, mark - LOOKS_BACK - 1), -1):
                if places[place][0] in self._written:
                    read = max(read, places[place][1])
                    break
        self._written |= {places[mark][0] for mark in marks}
        return Prompt(read, total)


def _blocks(body: Json) -> list[tuple[Json, bool]]:
    """Every block in the order of the prompt, without its mark, and whether it had one."""
    found: list[JsonValue] = [*_list(body.get("tools")), *_list(body.get("system"))]
    for message in _list(body.get("messages")):
        if isinstance(message, dict):
            role = message.get("role")
            found += [
                {"role": role, **block} for block in _list(message.get("content")) if isinstance(block, dict)
            ]
    return [
        ({key: value for key, value in block.items() if key != "cache_control"}, "cache_control" in block)
        for block in found
        if isinstance(block, dict)
    ]


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
