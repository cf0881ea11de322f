"""What a write would change, as lines: before and after, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import SequenceMatcher

from pydantic import JsonValue
from rich.cells import cell_len
from textual.content import Content

from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.safe_text import safe_line, safe_lines
from console.widgets.wrapping import hanging
from tools.tool import Change, Preview

CONTEXT = 2
"""Unchanged lines shown around a change inside a long value."""

_BEFORE = "$text-error"
_AFTER = "$text-success"


def preview_lines(preview: Preview, width: int, glyphs: Glyphs = UNICODE) -> list[Content]:
    """All changes of a write, or the sentence that there are none; warnings last.

    Args:
        preview: what the server's dry-run said.
        width: cells a line may fill.
        glyphs: signs to draw with.
    """
    lines = changes_lines(preview.changes, width, glyphs)
    if not preview.changes:
        lines = [Content.styled("No field changes.", "$foreground-muted")]
    for warning in preview.warnings:
        text = Content.styled(f"{glyphs.warning} {safe_line(warning)}", "bold $text-warning")
        lines += hanging(text, width, 2)
    return lines


def changes_lines(changes: Iterable[Change], width: int, glyphs: Glyphs = UNICODE) -> list[Content]:
    """Each change on one line where it fits (`spec.replicas  2 → 3`), else line by line under its path."""
    changes = tuple(changes)
    column = min(max((cell_len(safe_line(change.path)) for change in changes), default=0), max(width // 2, 8))
    return [line for change in changes for line in change_lines(change, width, glyphs, column=column)]


def change_lines(change: Change, width: int, glyphs: Glyphs = UNICODE, *, column: int = 0) -> list[Content]:
    """One changed field. `column` is where values start, in cells from the left."""
    path = Content.styled(safe_line(change.path), "bold")
    before, after = _text(change.before), _text(change.after)
    sign = "+" if change.before is None else "-" if change.after is None else "~"
    if "\n" not in before and "\n" not in after:
        words = [
            Content.styled(f"{sign} ", _sign_style(sign)),
            path.pad_right(max(column - path.cell_length, 0)),
        ]
        if change.before is None:
            words.append(Content.assemble("  ", (after, _AFTER), (" (new)", "$foreground-muted")))
        elif change.after is None:
            words.append(Content.assemble("  ", (before, _BEFORE), (" (removed)", "$foreground-muted")))
        else:
            arrow = (f" {glyphs.to} ", "$foreground-muted")
            words.append(Content.assemble("  ", (before, _BEFORE), arrow, (after, f"bold {_AFTER}")))
        line = Content("").join(words)
        if line.cell_length <= width:
            return [line]
    head = hanging(Content.styled(f"{sign} ", _sign_style(sign)) + path, width, 4)
    return [*head, *_two_sided(before, after, change, width, glyphs)]


def _two_sided(before: str, after: str, change: Change, width: int, glyphs: Glyphs) -> list[Content]:
    old = before.split("\n") if change.before is not None else []
    new = after.split("\n") if change.after is not None else []
    lines: list[Content] = []
    for tag, first, last, other_first, other_last in SequenceMatcher(None, old, new, False).get_opcodes():
        if tag == "equal":
            lines += _context(old[first:last], not lines, last == len(old), width, glyphs)
            continue
        for text in old[first:last]:
            lines += hanging(Content.styled(f"  - {text}", _BEFORE), width, 4)
        for text in new[other_first:other_last]:
            lines += hanging(Content.styled(f"  + {text}", _AFTER), width, 4)
    return lines


def _context(same: list[str], first: bool, last: bool, width: int, glyphs: Glyphs) -> list[Content]:
    """The unchanged lines next to a change; those further away are counted."""
    head = [] if first else same[:CONTEXT]
    tail = [] if last else same[max(len(head), len(same) - CONTEXT) :]
    hidden = len(same) - len(head) - len(tail)
    lines = [
        line
        for text in head
        for line in hanging(Content.styled(f"    {text}", "$foreground-muted"), width, 4)
    ]
    if hidden:
        words = f"    {glyphs.ellipsis} {hidden:,} unchanged line{'' if hidden == 1 else 's'}"
        lines.append(Content.styled(words, "$foreground 45%"))
    return lines + [
        line
        for text in tail
        for line in hanging(Content.styled(f"    {text}", "$foreground-muted"), width, 4)
    ]


def _text(value: JsonValue) -> str:
    """A value as an operator reads it: words bare, short structures on one line, long ones indented."""
    if isinstance(value, str):
        return "\n".join(safe_lines(value)) if value else '""'
    short = json.dumps(value, ensure_ascii=False)
    if len(short) <= 48 or not isinstance(value, dict | list):
        return safe_line(short)
    return "\n".join(safe_lines(json.dumps(value, ensure_ascii=False, indent=2)))


def _sign_style(sign: str) -> str:
    return {"+": _AFTER, "-": _BEFORE}.get(sign, "$text-warning")
