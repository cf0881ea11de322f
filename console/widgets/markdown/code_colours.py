"""Syntax colours made of theme variables, calm enough to be read beside prose."""

from __future__ import annotations

from collections.abc import Sequence

from pygments.token import Token  # type: ignore[import-untyped]
from textual.content import Content
from textual.highlight import HighlightTheme, highlight

TOO_LONG_TO_COLOUR = 2_000
"""Characters of one line beyond which a lexer could take its time over it."""


class CodeColours(HighlightTheme):
    """Comments step back, keys and keywords stand out, errors of the lexer are not the reader's."""

    STYLES = {
        Token.Comment: "italic $foreground-muted",
        Token.Generic.Deleted: "$text-error",
        Token.Generic.Emph: "italic",
        Token.Generic.Heading: "bold $text-primary",
        Token.Generic.Inserted: "$text-success",
        Token.Generic.Strong: "bold",
        Token.Generic.Subheading: "$text-primary",
        Token.Keyword: "$text-accent",
        Token.Keyword.Constant: "$text-accent",
        Token.Literal.Number: "$text-warning",
        Token.Literal.String: "$text-success",
        Token.Name.Attribute: "$text-primary",
        Token.Name.Builtin: "$text-accent",
        Token.Name.Class: "bold",
        Token.Name.Decorator: "$text-primary",
        Token.Name.Function: "bold",
        Token.Name.Tag: "$text-primary",
        Token.Name.Variable: "$text-secondary",
        Token.Operator.Word: "$text-accent",
    }


def coloured(source: Sequence[str], language: str) -> list[Content]:
    """The lines of `source`, highlighted where Pygments knows the language."""
    if not language or any(len(line) > TOO_LONG_TO_COLOUR for line in source):
        return [Content(line) for line in source]
    lines = list(highlight("\n".join(source) + "\n", language=language, theme=CodeColours).split("\n"))
    return [line.rstrip() for line in [*lines, *[Content("")] * len(source)][: len(source)]]
