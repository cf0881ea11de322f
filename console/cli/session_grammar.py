"""The part of the grammar that begins with `pilothouse sessions`."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path
from typing import Any

_QUERY = """
QUERY is words, and filters between them; all must hold:
  context:prod  namespace:shop  profile:dev  by:anna  status:failed,stopped  is:pinned
  resource:deployment/checkout  since:2d  until:2026-03-02  "words side by side"
"""


def add_sessions(
    add: Callable[..., ArgumentParser],
    group: Callable[..., Any],
    number: Callable[[str], int],
    path: Callable[[str], Path],
) -> None:
    """Add the subcommands.

    Args:
        add: makes a subcommand within a group.
        group: makes a group.
        number, path: read a positive number and a file's name.
    """
    sessions = group("sessions", "everything that was said and done, by session", "sessions:list_all")

    def one(name: str, summary: str, target: str) -> ArgumentParser:
        parser = add(sessions, name, summary, f"sessions:{target}")
        parser.add_argument("session", metavar="ID")
        return parser

    listing = _asking(
        add(sessions, "list", "sessions, pinned ones first, then the latest", "sessions:list_all"), "*"
    )
    listing.add_argument("--status", metavar="WORD", help="as status:WORD, such as failed or waiting")
    listing.add_argument("--limit", type=number, metavar="N", help="at most N (50)")
    one("show", "what happened in a session", "show")
    context = add(sessions, "context", "what the model would be sent, by part", "context:run")
    context.add_argument("session", metavar="ID")
    search = _asking(add(sessions, "search", "find words in all sessions", "sessions:search"), "+")
    search.add_argument("--limit", type=number, metavar="N", help="at most N (20)")

    replay = one("replay", "a session again, event by event", "replay")
    replay.add_argument(
        "--speed", type=_speed, metavar="X", help="so many times as fast as it was; 0 does not wait (4)"
    )
    replay.add_argument("--from", dest="first", type=number, metavar="SEQ", help="begin with this event")
    replay.add_argument("--to", dest="last", type=number, metavar="SEQ", help="end with this event")
    replay.add_argument("--step", action="store_true", help="one event for each press of enter")

    fork = one("fork", "a new session that goes on from an event of this one", "fork")
    fork.add_argument("--at", type=number, metavar="SEQ", help="the last event it knows (the last there is)")
    rename = one("rename", "give a session another title", "rename")
    rename.add_argument("title", nargs="+", metavar="TITLE")
    one("pin", "keep a session at the top, and from being cleared away", "pin")
    one("unpin", "let go of a pinned session", "unpin")

    export = one("export", "a session as one document", "export")
    export.add_argument(
        "--as",
        dest="form",
        choices=["markdown", "html", "jsonl", "json"],
        help="as the file's name ends; markdown otherwise",
    )
    export.add_argument("--output", "-o", metavar="FILE", type=path, help="write to FILE, not to stdout")
    one("delete", "remove a session's words for good", "delete")

    prune = add(
        sessions, "prune", "remove old sessions for good, unless pinned or unfinished", "sessions:prune"
    )
    prune.add_argument(
        "--days", type=number, metavar="N", help="untouched for N days (sessions.keep_days in config.toml)"
    )
    prune.add_argument("--dry-run", action="store_true", help="only say which")


def _asking(parser: ArgumentParser, count: str) -> ArgumentParser:
    parser.add_argument("query", nargs=count, metavar="QUERY")
    parser.epilog, parser.formatter_class = _QUERY, RawDescriptionHelpFormatter
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 <= speed < float("inf"):
        raise ValueError
    return speed


_speed.__name__ = "speed"
