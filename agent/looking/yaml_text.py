"""An object as YAML to read: exact, and with what nobody wants to see folded away.

Not a general emitter: objects are JSON values, and what counts is where each line is and what it
hides. A long text on one line is written as a double-quoted scalar that goes on over several lines
(YAML 1.2.2, section 7.3.1), so that what is copied stays exact.
"""

from __future__ import annotations

import json
import re

from pydantic import JsonValue

from agent.looking.pages import Fold, TextPage
from tools.kubernetes.objects import LAST_APPLIED

LONG_LINE = 240
"""Characters of a value that still stay on one line."""
LONG_TEXT = 200
"""Lines of a text that are still shown unasked."""
DEEPEST = 200
"""Levels; what lies deeper is counted and not shown."""

_PIECE = 160
_SHOWN = 72
_PLAIN = re.compile(r"[A-Za-z0-9_./(][A-Za-z0-9_./()+=@%~^<>$,;-]*(?: [A-Za-z0-9_./()+=@%~^<>$,;-]+)*")
_MEANS_SOMETHING_ELSE = re.compile(
    r"(?:y|n|yes|no|on|off|true|false|null|none|~|[-+.]?[\d_][\d_.,xobe+:-]*|\.inf|\.nan|0x[\da-f]+|=)",
    re.IGNORECASE,
)
_UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]"
)
_NO_BLOCK = re.compile(rf"[\x00-\x08\x0b-\x1f]|{_UNSEEN.pattern}|\A[ \n\t]")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d")


def object_page(obj: dict[str, JsonValue]) -> TextPage:
    """An object of a cluster in the order operators know: who it is, what is wanted, how it stands."""
    metadata = obj.get("metadata")
    if isinstance(metadata, dict):
        first: dict[str, JsonValue] = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
        last: dict[str, JsonValue] = {key: metadata[key] for key in metadata if key == "managedFields"}
        rest = {key: entry for key, entry in metadata.items() if key not in first and key not in last}
        obj = {**obj, "metadata": {**first, **rest, **last}}
    named = [key for key in ("apiVersion", "kind", "metadata") if key in obj]
    others = [key for key in obj if key not in (*named, "status")]
    return yaml_page({key: obj[key] for key in (*named, *others, "status") if key in obj})


def yaml_page(obj: JsonValue) -> TextPage:
    """The object's lines, and the folds: field managers, applied copies, very long values."""
    writer = _Writer()
    writer.value(obj, "", "", 0)
    return TextPage(tuple(writer.lines), tuple(writer.folds))


def text_page(text: str) -> TextPage:
    """A text as it is."""
    return TextPage(tuple(text.splitlines()))


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.folds: list[Fold] = []

    def value(self, value: JsonValue, indent: str, head: str, depth: int) -> None:
        """Write a value after `head`, which is what stands before it on its first line."""
        if depth > DEEPEST:
            self.lines.append(f"{head} # nested deeper than {DEEPEST} levels")
        elif isinstance(value, dict) and value:
            self._mapping(value, indent, head, depth)
        elif isinstance(value, list) and value:
            self._list(value, indent, head, depth)
        elif isinstance(value, str):
            self._string(value, indent, head)
        else:
            self.lines.append(f"{head} {json.dumps(value)}" if head else json.dumps(value))

    def _mapping(self, value: dict[str, JsonValue], indent: str, head: str, depth: int) -> None:
        begun = head.endswith("-")
        if head and not begun:
            self.lines.append(head)
        for number, (key, entry) in enumerate(value.items()):
            name = _scalar(str(key))
            first = f"{head} {name}:" if begun and number == 0 else f"{indent}{name}:"
            start = len(self.lines)
            inside = indent if isinstance(entry, list) else f"{indent}  "
            self.value(entry, inside, first, depth + 1)
            if key == "managedFields" and isinstance(entry, list) and entry:
                self._fold(start, f"{first}  # {_counted(len(entry), 'field manager')}")
            elif key == LAST_APPLIED and isinstance(entry, str):
                self._fold(start, f"{first}  # a copy of what was applied, {len(entry):,} characters")

    def _list(self, value: list[JsonValue], indent: str, head: str, depth: int) -> None:
        if head:
            self.lines.append(head)
        for entry in value:
            self.value(entry, f"{indent}  ", f"{indent}-", depth + 1)

    def _string(self, value: str, indent: str, head: str) -> None:
        start = len(self.lines)
        before = f"{head} " if head else ""
        if (
            "\n" in value
            and not _NO_BLOCK.search(value)
            and max(map(len, value.split("\n"))) <= 2 * LONG_LINE
        ):
            text = value.rstrip("\n")
            ends = len(value) - len(text)
            sign = ("|-", "|", "|+")[min(ends, 2)]
            self.lines.append(f"{before}{sign}")
            inside = indent or "  "
            lines = text.split("\n") + [""] * max(ends - 1, 0)
            self.lines += [f"{inside}{line}" if line else "" for line in lines]
            if len(lines) > LONG_TEXT:
                self._fold(start, f"{before}{sign}  # {len(lines):,} lines")
            return
        if len(value) <= LONG_LINE:
            self.lines.append(f"{before}{_scalar(value)}")
            return
        quoted = _quoted(value)
        pieces = _pieces(quoted)
        self.lines.append(f"{before}{pieces[0]}")
        self.lines += [f"{indent or '  '}{piece}" for piece in pieces[1:]]
        self._fold(start, f"{before}{quoted[:_SHOWN]}…  # {len(value):,} characters")

    def _fold(self, first: int, closed: str) -> None:
        """Hide the lines written since `first`. Folds inside the new one are forgotten."""
        while self.folds and self.folds[-1].first >= first:
            self.folds.pop()
        self.folds.append(Fold(first, len(self.lines) - 1, closed))


def _pieces(quoted: str) -> list[str]:
    """A quoted scalar over several lines; each break is escaped, and no escape is torn apart."""
    pieces: list[str] = []
    at = 0
    while len(quoted) - at > _PIECE:
        end = at + _PIECE
        # An escape sequence is at most six characters long and begins at a backslash that is not escaped.
        back = quoted.rfind("\\", max(at, end - 6), end)
        if back > at:
            run = back
            while run > at and quoted[run - 1] == "\\":
                run -= 1
            end = run if run > at else end + (end - run) % 2
        piece = quoted[at:end]
        pieces.append(piece)
        at = end
    pieces.append(quoted[at:])
    # White space at the start of a line is skipped, so it has to be escaped.
    return [
        ("\\" if number and piece[:1] == " " else "") + piece + ("\\" if number < len(pieces) - 1 else "")
        for number, piece in enumerate(pieces)
    ]


def _quoted(value: str) -> str:
    """A double-quoted scalar; what a terminal or a YAML reader would stumble over is escaped."""
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _scalar(value: str) -> str:
    if _PLAIN.fullmatch(value) and not _MEANS_SOMETHING_ELSE.fullmatch(value) and not _STAMP.match(value):
        return value
    return _quoted(value)
