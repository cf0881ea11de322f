"""How fresh a view's rows are, in a glyph, a word and a colour."""

from __future__ import annotations

from datetime import datetime

from console.widgets.elapsed import clock
from console.widgets.glyphs import Glyphs, Look
from console.widgets.safe_text import safe_line
from tools.rows import FeedState


def feed_look(state: FeedState, detail: str, since: datetime | None, glyphs: Glyphs) -> Look:
    """The look of a feed: `since` is when it came into this state, `detail` says why."""
    why = f": {safe_line(detail)}" if detail else ""
    when = f" since {clock(since)}" if since else ""
    match state:
        case FeedState.CONNECTING:
            return Look(glyphs.waiting, f"connecting{glyphs.ellipsis}{why}", "$foreground-muted")
        case FeedState.LISTING:
            return Look(glyphs.waiting, f"listing{glyphs.ellipsis}{why}", "$text-accent")
        case FeedState.LIVE:
            return Look(glyphs.healthy, f"live{why}", "$text-success")
        case FeedState.POLLING:
            return Look(glyphs.progressing, f"polling{why}", "$text-accent")
        case FeedState.STALE:
            return Look(glyphs.warning, f"stale{when}{why}", "$text-warning")
        case FeedState.FAILED:
            return Look(glyphs.failed, f"failed{when}{why}", "$text-error")
