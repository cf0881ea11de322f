"""A session as a file: Markdown, HTML that needs nothing else, JSON Lines, one JSON document.

What is in the journal holds no secrets any more, so nothing here could let one out.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from agent.events.recorded import open_envelope
from console.cli.telling import markdown
from memory.sessions import SessionExport

Form = Literal["markdown", "html", "jsonl", "json"]

_ENDINGS: dict[str, Form] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".jsonl": "jsonl",
    ".json": "json",
}


def form_of(path: Path) -> Form | None:
    """The form that a file's name asks for."""
    return _ENDINGS.get(path.suffix.lower())


def exported(document: SessionExport, form: Form) -> str:
    """The document in this form, with a line end at its end."""
    match form:
        case "json":
            return document.model_dump_json(indent=2) + "\n"
        case "jsonl":
            return "".join(line + "\n" for line in _lines(document))
        case "html":
            return _page(document)
    return "\n".join(_markdown(document)) + "\n"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read. Raises `OSError`."""
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")


def _markdown(document: SessionExport) -> Iterator[str]:
    return markdown(document.session, [open_envelope(envelope) for envelope in document.events])


def _lines(document: SessionExport) -> Iterator[str]:
    """The session's line, then one line for each event."""
    yield json.dumps({"session": document.session.model_dump(mode="json")}, ensure_ascii=False)
    for envelope in document.events:
        event = {
            "seq": envelope.seq,
            "at": envelope.at.isoformat(),
            "hash": envelope.hash,
            **json.loads(envelope.body),
        }
        yield json.dumps(event, ensure_ascii=False)


def _page(document: SessionExport) -> str:
    from markdown_it import MarkdownIt

    # Nothing of what was said becomes markup of its own: tags are text, pictures are not fetched.
    renderer = MarkdownIt("commonmark", {"html": False}).disable("image")
    body = renderer.render("\n".join(_markdown(document)))
    title = html.escape(document.session.title or document.session.id)
    return _PAGE.format(title=title, style=_STYLE, body=body)


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}</main>
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; padding-top: .5rem; border-top: 1px solid #8886; }
code { font: .9em ui-monospace, monospace; background: #8882; padding: 0 .2em; }
pre { background: #8882; padding: .7rem; overflow-x: auto; }
pre code { background: none; padding: 0; }
"""
