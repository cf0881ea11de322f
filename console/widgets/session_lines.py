"""A session in the browser: two lines in the list, and beside it what it was about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from textual.content import Content

from agent import events as e
from console.session_words import duration, place, standing
from console.widgets.safe_text import safe_line
from memory.search import HIT_END, HIT_START

if TYPE_CHECKING:
    from agent.past import Glance
    from memory.finding import Hit, SessionRow

_STYLES = {
    "failed": "$text-error",
    "interrupted": "$text-error",
    "waiting": "$text-warning",
    "running": "$text-accent",
    "changed": "$text-success",
}

_LAST = 14
"""Lines of a preview's end."""


def session_line(row: SessionRow, hit: Hit | None, width: int, present: str, pin: str) -> Content:
    """Title and outcome; below, the words that were found, or where and when it was.

    Args:
        width: in cells.
        present: id of the session that is open here.
        pin: the sign of a pinned session.
    """
    stands = Content.styled(standing(row), _STYLES.get(row.status, "$text-muted"))
    if row.id == present:
        stands = Content.styled("open here, ", "$text-muted") + stands
    mark = f"{pin} " if row.pinned else ""
    room = max(width - stands.cell_length - 2, 12)
    title = Content(mark + safe_line(title_of(row))).truncate(room, ellipsis=True)
    title = title.pad_right(room - title.cell_length)
    head = Content.assemble(title.stylize("bold"), "  ", stands)
    below = _snippet(hit) if hit is not None else Content.styled(_facts(row), "$text-muted")
    return Content("\n").join([head, below.truncate(max(width, 12), ellipsis=True)])


def preview(glance: Glance) -> Content:
    """What a session was about, without opening it."""
    row = glance.row
    lines = [Content.styled(safe_line(title_of(row)), "bold")]
    people = ", ".join(map(safe_line, glance.people)) or "nobody"
    pinned = ", pinned" if row.pinned else ""
    lines.append(Content.styled(f"{row.id}, by {people}{pinned}", "$text-muted"))
    lines.append(Content.styled(safe_line(place(row)), "$text-muted"))
    lines.append(Content.styled(_when(row), "$text-muted"))
    lines.append(Content.styled(standing(row), _STYLES.get(row.status, "")))
    lines += [Content(f"  {safe_line(thing)}") for thing in glance.changed[:6]]
    if len(glance.changed) > 6:
        lines.append(Content(f"  and {len(glance.changed) - 6} more"))
    lines.append(Content(""))
    begin, end = list(_told(glance.begin)), list(_told(glance.end))
    if not end and len(begin) > _LAST:
        begin, end = begin[:1], begin[1:]
    lines += begin if not end else begin[:1]
    if end:
        lines += [Content.styled("…", "$text-muted"), *end[-_LAST:]]
    return Content("\n").join(lines)


def title_of(row: SessionRow) -> str:
    """Its title, or what stands for one."""
    return row.title or f"untitled ({row.id})"


def _facts(row: SessionRow) -> str:
    return f"  {safe_line(place(row))}  {_when(row)}"


def _when(row: SessionRow) -> str:
    begun = f"{row.created.astimezone():%Y-%m-%d %H:%M}"
    cost = f", ${row.cost:.2f}" if row.cost is not None else ""
    return f"{begun}, {duration(row)}, {row.events} events{cost}"


def _told(events: Iterable[e.Recorded]) -> Iterator[Content]:
    for recorded in events:
        match recorded.event:
            case e.SessionForked(title=title, seq=seq):
                yield Content.styled(safe_line(f"forked from “{title}” at event {seq}"), "$text-muted")
            case e.Said(text=text):
                yield Content.styled(f"› {safe_line(text)}", "bold")
            case e.ModelReplied() as reply if reply.text:
                yield Content(safe_line(reply.text))
            case e.AnswerGiven(markdown=text) | e.QuestionAsked(question=text):
                yield Content(safe_line(text))
            case e.PlanOffered(plan=plan):
                yield Content(safe_line(f"plan: {plan.goal}"))
            case e.PlanFinished() as done:
                yield Content(safe_line(f"plan {done.status.value}: {done.summary}"))
            case e.TurnFailed(sentence=text):
                yield Content.styled(safe_line(text), "$text-error")


def _snippet(hit: Hit) -> Content:
    parts: list[Content] = [Content.styled(f"  {hit.kind.replace('_', ' ')}: ", "$text-muted")]
    for index, piece in enumerate(hit.snippet.split(HIT_START)):
        found, _, rest = piece.partition(HIT_END) if index else ("", "", piece)
        parts += [Content.styled(safe_line(found), "bold $text-accent"), Content(safe_line(rest))]
    return Content("").join(parts)
