"""How fresh a view's rows are, and what else is to be said about them as a whole."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from textual.content import Content

from console.widgets.elapsed import age, clock
from console.widgets.glyphs import Glyphs, Look
from console.widgets.resource_rows import ResourceRows
from console.widgets.safe_text import safe_line
from console.widgets.wrapping import hanging
from tools.rows import FeedState, RowsChanged

FRESH = frozenset({FeedState.LISTING, FeedState.LIVE, FeedState.POLLING})
"""States in which a batch says how things are now."""

SENTENCE = 1_000
"""Characters of a reason that are shown where there are no rows."""


class ResourceFeed:
    """What a view knows of its feed: the state, why, and when the rows were last known to be right."""

    def __init__(self) -> None:
        self.state, self.detail = FeedState.CONNECTING, ""
        self.heard: datetime | None = None

    def take(self, change: RowsChanged, now: datetime) -> None:
        """Args: now: in UTC, for a batch without a time of its own."""
        self.state, self.detail = change.state, change.detail
        if change.state in FRESH:
            self.heard = change.at or now
        elif change.reset:
            self.heard = None

    def line(
        self, rows: ResourceRows, marks: Collection[str], width: int, now: datetime, glyphs: Glyphs
    ) -> Content:
        """The line above the rows: state, count, marks, order and filter."""
        look = feed_look(self.state, self.detail, self.heard, now, glyphs)
        count = f"{len(rows):,}" if len(rows) == rows.total else f"{len(rows):,} of {rows.total:,}"
        head, parts = Content.styled(f"{look.glyph} {look.word}", look.style), []
        if self.heard is not None:
            parts.append(Content.styled(count, "$foreground-muted"))
        if marks:
            hidden = sum(rows.position(uid) is None for uid in marks)
            words = f"{len(marks)} marked" + (f", {hidden} not in view" if hidden else "")
            parts.append(Content.styled(words, "$text-primary"))
        if rows.unhealthy_first:
            parts.append(Content.styled("unhealthy first", "$text-accent"))
        if rows.filter.text:
            parts.append(Content.styled(f"/{rows.filter.text}", "$text-accent"))
        tail = Content("").join(Content.assemble("  ", part) for part in parts)
        # The reason gives way to what is shown; both are cut where even that does not fit.
        room = max(width - tail.cell_length, min(head.cell_length, width // 2))
        line = head if head.cell_length <= room else head.truncate(room, ellipsis=True)
        line += tail
        return line if line.cell_length <= width else line.truncate(width, ellipsis=True)

    def instead_of_rows(self, rows: ResourceRows, width: int) -> list[Content]:
        """Why nothing is shown, as far as that is known."""
        if rows.total:
            words = f"None of {rows.total:,} matches /{rows.filter.text}"
        elif self.state in (FeedState.STALE, FeedState.FAILED):
            words = safe_line(self.detail, SENTENCE) or "No answer yet."
        elif self.state in (FeedState.LIVE, FeedState.POLLING):
            words = "Nothing here."
        else:
            return []
        return hanging(Content.styled(words, "$foreground-muted"), max(width - 1, 10), 0)


def feed_look(state: FeedState, detail: str, heard: datetime | None, now: datetime, glyphs: Glyphs) -> Look:
    """The look of a feed.

    Args:
        state: it is in.
        detail: why, where that has to be said.
        heard: when the rows were last known to be right; None before there were any.
        now: both in UTC; the difference is the age of what is shown.
        glyphs: to draw with.
    """
    why = f": {safe_line(detail)}" if detail else ""
    old = age((now - heard).total_seconds()) if heard else ""
    since = f" since {clock(heard)} ({old})" if heard else ""
    match state:
        case FeedState.CONNECTING:
            return Look(glyphs.waiting, f"connecting{glyphs.ellipsis}{why}", "$foreground-muted")
        case FeedState.LISTING:
            return Look(glyphs.waiting, f"listing{glyphs.ellipsis}{why}", "$text-accent")
        case FeedState.LIVE:
            return Look(glyphs.healthy, f"live{why}", "$text-success")
        case FeedState.POLLING:
            return Look(glyphs.progressing, f"polling{f', {old} ago' if old else ''}{why}", "$text-accent")
        case FeedState.STALE:
            return Look(glyphs.warning, f"stale{since}{why}", "$text-warning")
        case FeedState.FAILED:
            return Look(glyphs.failed, f"failed{since}{why}", "$text-error")
