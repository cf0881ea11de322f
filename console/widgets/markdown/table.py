"""Draws a table so that it fits: columns shrink, cells wrap, and at last rows become records."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from console.widgets.glyphs import UNICODE, Glyphs
from console.widgets.wrapping import hanging

NARROWEST = 6
"""Cells below which a column is not squeezed; a table that would need it is shown as records."""

_RULE = "$foreground 40%"


def table_lines(
    rows: Sequence[Sequence[Content]], aligns: Sequence[str], width: int, glyphs: Glyphs = UNICODE
) -> list[Content]:
    """`rows`, the header first, within `width` cells. `aligns` holds `left`, `right`, `center` or nothing."""
    if not rows or not rows[0]:
        return []
    header, *body = rows
    count = len(header)
    natural = [max(row[column].cell_length for row in rows if column < len(row)) for column in range(count)]
    widths = _fitted([max(size, 1) for size in natural], width - 3 * (count - 1))
    if widths is None:
        return _records(header, body, width)
    lines = _row_lines([cell.stylize_before("bold $text-primary") for cell in header], widths, aligns, glyphs)
    rule = f"{glyphs.rule}{glyphs.crossing}{glyphs.rule}".join(glyphs.rule * size for size in widths)
    lines.append(Content.styled(rule, _RULE))
    for row in body:
        lines += _row_lines(row, widths, aligns, glyphs)
    return lines


def _fitted(natural: list[int], available: int) -> list[int] | None:
    """Column widths within `available` cells, taken from the widest columns first."""
    widths = list(natural)
    floor = [min(size, NARROWEST) for size in natural]
    if sum(floor) > available:
        return None
    excess = sum(widths) - available
    while excess > 0:
        widest = max(range(len(widths)), key=lambda index: widths[index] - floor[index])
        others = sorted((size for size in widths if size < widths[widest]), reverse=True)
        step = max(1, min(excess, widths[widest] - max(others[:1] or [0]), widths[widest] - floor[widest]))
        widths[widest] -= step
        excess -= step
    return widths


def _row_lines(
    cells: Sequence[Content], widths: Sequence[int], aligns: Sequence[str], glyphs: Glyphs
) -> list[Content]:
    wrapped = [
        [line.rstrip() for line in (cells[index] if index < len(cells) else Content("")).wrap(size)]
        for index, size in enumerate(widths)
    ]
    separator = Content.styled(f" {glyphs.column} ", _RULE)
    lines = []
    for nth in range(max(len(cell) for cell in wrapped)):
        parts = [
            _aligned(cell[nth] if nth < len(cell) else Content(""), size, align)
            for cell, size, align in zip(wrapped, widths, aligns, strict=True)
        ]
        lines.append(separator.join(parts))
    return lines


def _aligned(cell: Content, width: int, align: str) -> Content:
    space = max(width - cell.cell_length, 0)
    if align == "right":
        return cell.pad_left(space)
    if align == "center":
        return cell.pad(space // 2, space - space // 2)
    return cell.pad_right(space)


def _records(header: Sequence[Content], body: Sequence[Sequence[Content]], width: int) -> list[Content]:
    """Every row as a small list of `column: value`, an empty line between rows."""
    lines: list[Content] = []
    for row in body:
        if lines:
            lines.append(Content(""))
        for name, cell in zip(header, row, strict=False):
            entry = Content.assemble((f"{name.plain}: ", "bold $text-primary"), cell)
            lines += hanging(entry, width, 2)
    return lines
