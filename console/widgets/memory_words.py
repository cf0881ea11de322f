"""How a memory reads: one line in the list, and why it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from console.widgets.safe_text import safe_line

if TYPE_CHECKING:
    from memory.knowledge import Remembered


WIDE = 100
"""Cells from which a line also tells place and date; below, they stand under the list alone."""


def memory_line(row: Remembered, width: int) -> Content:
    """A memory in one line of the list, `width` cells wide."""
    style = {"proposed": "bold $text-warning", "active": ""}.get(row.status.value, "$text-muted")
    state = row.status.value if row.status.value != "active" else ""
    facts = f"{state:>10}  {row.kind.value:<10}"
    if width >= WIDE:
        facts = f"{facts} {str(row.where) or 'everywhere':<20.20} {row.at:%Y-%m-%d}"
    about = f"{row.subject}: " if row.subject and row.subject.lower() not in row.body.lower() else ""
    words = Content.styled(safe_line(f"{row.id:>4}  {about}{row.body}"), style)
    room = max(width - len(facts) - 2, 20)
    words = words.truncate(room, ellipsis=True)
    return Content.assemble(words.pad_right(room - words.cell_length), "  ", (facts, "$text-muted"))


def why(row: Remembered, before: list[Remembered]) -> Content:
    """Where a memory comes from and how it has fared."""
    by = f" by {row.by}" if row.by else ""
    event = f" ({row.reference})" if row.reference.session else ""
    ended = f", until {row.valid_to:%Y-%m-%d}" if row.valid_to else ""
    reason = f", {row.reason}" if row.reason else ""
    lines = [
        safe_line(f"{row.id}  {row.body}"),
        safe_line(f"{row.status}{reason}: {row.source}{by}{event}, {row.at:%Y-%m-%d %H:%M}{ended}"),
        safe_line(f"holds {f'in {row.where}' if not row.where.anywhere else 'everywhere'}"),
        f"{row.confidence:.0%} sure; used {row.uses}x, worked {row.successes}x, failed {row.failures}x; "
        f"verified {row.verified:%Y-%m-%d}",
    ]
    if condition := row.content.get("precondition"):
        lines.append(safe_line(f"worked when {condition}"))
    lines += [safe_line(f"before: {older.id}  {older.body} ({older.reason})") for older in before[:3]]
    head, *rest = lines
    return Content("\n").join(
        [Content.styled(head, "bold"), *(Content.styled(x, "$text-muted") for x in rest)]
    )
