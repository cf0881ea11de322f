"""Text from outside, made harmless to a terminal.

Names, logs, messages and a model's words may carry escape sequences, characters that reverse the
reading direction, or a megabyte without a line break. Whatever is drawn passes through here first,
and is never parsed as markup.
"""

from __future__ import annotations

import re

LONGEST_LINE = 2_000
"""Characters of one line that are shown; the rest is counted."""

_SEQUENCES = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement, erasing
    "|\x1b[\\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\\\)?"  # OSC, DCS and other strings
    "|\x1b[ -/]*[0-~]?"  # two-character sequences
    "|\x9b[0-?]*[ -/]*[@-~]"  # CSI as one C1 character
    "|\x9d[^\x07\x9c\n]*[\x07\x9c]?"  # OSC as one C1 character
)
_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A)}
# Direction overrides, joiners and marks without width can make one name look like another.
_INVISIBLE = dict.fromkeys(
    (0x00AD, 0x061C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
)
_SEPARATORS = {0x2028: " ", 0x2029: " "}
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")
_HARMLESS = {**_SURROGATES, **_CONTROLS, **_INVISIBLE, **_SEPARATORS}


def safe_lines(text: str, limit: int = LONGEST_LINE) -> list[str]:
    """The lines of `text` without control codes, each at most about `limit` characters long."""
    return [safe_line(line, limit) for line in text.replace("\r\n", "\n").split("\n")]


def safe_line(text: str, limit: int = LONGEST_LINE) -> str:
    """`text` on one line: line breaks become spaces, tabs four spaces, control codes nothing."""
    if "\x1b" in text or "\x9b" in text or "\x9d" in text:
        text = _SEQUENCES.sub("", text)
    if not text.isprintable():
        text = text.replace("\n", " ").replace("\t", "    ").translate(_HARMLESS)
    if len(text) > limit:
        return f"{text[:limit]}… (+{len(text) - limit:,} characters)"
    return text
