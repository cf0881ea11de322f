"""What happens after a defect: the whole story goes into a file, the operator gets a sentence."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path


def keep(error: BaseException, home: Path | None, environment: Mapping[str, str]) -> str:
    """Write the story of a crash into the log folder.

    Returns:
        What to tell the operator once the terminal is theirs again.
    """
    from agent.secrets.home_redactor import any_redactor
    from memory.home import Home, make_private

    redactor = any_redactor(Home.find(environment, home))
    story = redactor.text("".join(traceback.format_exception(error)))
    what = redactor.text(f"{type(error).__name__}: {error}")
    kept = "Everything confirmed is in the journal: start Pilothouse again and go on in the session (ctrl+o)."
    try:
        folder = Home.find(environment, home).logs
        make_private(folder)
        path = folder / f"crash-{datetime.now(UTC):%Y%m%d-%H%M%S}.log"
        path.touch(mode=0o600)
        path.write_text(story, "utf-8")
    except Exception as trouble:
        return f"Pilothouse stopped because of a defect.\n{story}\nIt could not be logged: {trouble}\n{kept}"
    return f"Pilothouse stopped because of a defect: {what}\nThe whole story is in {path}\n{kept}"
