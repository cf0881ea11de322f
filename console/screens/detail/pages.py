"""How the sides of an object are written out: tables for the summary, a line for each event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from textual.content import Content

from console.widgets.object_list import Entry
from console.widgets.safe_text import safe_line

if TYPE_CHECKING:
    from agent.looking.pages import EventsPage, RelatedPage, Section, SessionsPage, SummaryPage
    from tools.kubernetes.reads.events import Happening

WARNINGS_SHOWN = 5
"""Warnings that the summary repeats from the events."""
_NAME = 22
_GAP = 2
_WIDEST = 60
_NARROWEST = 16
"""Cells in which wrapping still helps."""


def summary_lines(page: SummaryPage, events: EventsPage | None, width: int, now: datetime) -> list[Content]:
    """The summary's tables, and the latest warnings.

    Args:
        width: cells there are.
        now: with zone, for ages.
    """
    lines: list[Content] = []
    for section in page.sections:
        if lines:
            lines.append(Content(""))
        if section.title:
            lines.append(Content.styled(section.title, "bold $text-primary"))
        lines += _table(section, width, now) if section.columns else _pairs(section, width, now)
    warnings = [event for event in events.events if event.warning] if events is not None else []
    if warnings:
        lines += [Content(""), Content.styled("latest warnings", "bold $text-primary")]
        lines += [
            Content.styled(words, "$text-warning")
            for event in warnings[:WARNINGS_SHOWN]
            for words in _hanging_event(event, now, width)
        ]
        if len(warnings) > WARNINGS_SHOWN:
            rest = f"  {len(warnings) - WARNINGS_SHOWN} more among the events (e)"
            lines.append(Content.styled(rest, "$text-muted"))
    return lines


def event_line(event: Happening, now: datetime) -> str:
    """`  4m  BackOff ×12  Back-off restarting failed container`."""
    return "".join(_event_parts(event, now))


def _event_parts(event: Happening, now: datetime) -> tuple[str, str]:
    age = since(event.last, now) if event.last is not None else "?"
    count = f" ×{event.count}" if event.count > 1 else ""
    return f"{age:>5}  {safe_line(event.reason)}{count}  ", safe_line(event.message)


def events_lines(page: EventsPage, now: datetime) -> list[str]:
    """Every event on a line; warnings carry an exclamation mark."""
    return [f"{'!' if event.warning else ' '} {event_line(event, now)}" for event in page.events]


def event_colours(line: str) -> Content:
    content = Content(line)
    if line.startswith("!"):
        return content.stylize("$text-warning")
    return content.stylize("$text-muted", 0, 8)


def related_entries(page: RelatedPage) -> list[Entry]:
    """The objects nearby, under what they are to this one; then what could not be looked through."""
    entries = [
        Entry(
            found.relation.value,
            f"{found.kind}/{found.name}{f' in {found.namespace}' if found.namespace else ''}",
            found.words,
            found.healthy,
        )
        for found in page.related
    ]
    return entries + [Entry("not looked through", words, opens=False) for words in page.troubles]


def session_entries(page: SessionsPage) -> list[Entry]:
    return [
        Entry(
            "sessions that touched it",
            f"{past.at.astimezone():%Y-%m-%d %H:%M}  {past.title or past.session}",
            past.did,
        )
        for past in page.sessions
    ]


def since(moment: datetime, now: datetime) -> str:
    """An age as operators read it: `45s`, `12m`, `3h`, `6d`."""
    seconds = max(int((now - moment).total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size or (seconds >= size and unit == "d"):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _hanging_event(event: Happening, now: datetime, width: int) -> list[str]:
    head, message = _event_parts(event, now)
    return hanging(f"  {head}", message, width)


def _pairs(section: Section, width: int, now: datetime) -> list[Content]:
    indent = "  " if section.title else ""
    longest = max((len(name) for name, *_ in section.rows), default=0)
    names = min(max(longest, 12), 44) + _GAP if section.title else _NAME
    lines: list[Content] = []
    for row in section.rows:
        first = f"{indent}{safe_line(row[0]):{names}}"
        for at, words in enumerate(hanging(first, _with_age(safe_line(row[1]), now), width)):
            line = Content(words)
            lines.append(line if at else line.stylize("$text-muted", 0, len(first)))
    return lines


def _table(section: Section, width: int, now: datetime) -> list[Content]:
    """Columns as wide as they need to be; the last one takes what is left and wraps by itself."""
    rows = [tuple(_with_age(safe_line(cell), now, short=True) for cell in row) for row in section.rows]
    columns = [name for at, name in enumerate(section.columns) if any(row[at] for row in rows)]
    used = [at for at, name in enumerate(section.columns) if name in columns]
    widths = [
        min(max(len(section.columns[at]), *(len(row[at]) for row in rows)), _WIDEST, max(width // 2, 8))
        for at in used
    ]
    lines = [Content.styled("  " + _row([section.columns[at] for at in used], widths), "$text-muted")]
    for number, row in enumerate(rows):
        for words in _wrapped([row[at] for at in used], widths, width):
            line = Content(words)
            lines.append(line.stylize("$text-error") if number in section.bad else line)
    return lines


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        (cell if len(cell) <= width else f"{cell[: width - 1]}…").ljust(width + _GAP)
        for cell, width in zip(cells[:-1], widths[:-1], strict=True)
    ]
    return "".join(padded) + cells[-1]


def _wrapped(cells: Sequence[str], widths: Sequence[int], width: int) -> list[str]:
    """A row whose last cell goes on below itself where it does not fit."""
    first = "  " + _row([*cells[:-1], ""], widths)
    return hanging(first, cells[-1], width)


def hanging(first: str, words: str, width: int) -> list[str]:
    """Words after a beginning; what does not fit goes on below, as far in as they began."""
    room = width - len(first)
    if len(words) <= room or room < _NARROWEST:
        return [first + words]
    pieces = wrap(words, room, break_on_hyphens=False)
    return [first + pieces[0], *(" " * len(first) + piece for piece in pieces[1:])]


def _with_age(words: str, now: datetime, *, short: bool = False) -> str:
    """A moment, with how long ago it was."""
    if len(words) != 20 or words[4:5] != "-" or not words.endswith("Z"):
        return words
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        return words
    age = since(moment, now)
    return f"{age} ago" if short else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}  ({age} ago)"
