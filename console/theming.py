"""Colour themes: our own, and the operator's from a folder, each checked before it is used.

Textual ends the program on a colour it cannot read, so every colour is parsed here first. A theme
that cannot be used is left out, with a sentence that says why.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

DEFAULT = "pilothouse-night"

_COLOURS = (
    "primary", "secondary", "accent", "success", "warning", "error",
    "foreground", "background", "surface", "panel", "boost",
)  # fmt: skip


class ThemeProblem(Exception):
    """A theme cannot be used; the message names the file and what is wrong in it."""


def style_sheet() -> str:
    """The style sheet of the whole console."""
    return files("themes").joinpath("pilothouse.tcss").read_text("utf-8")


def read(text: str, origin: str) -> Theme:
    """A theme from its TOML: `name`, `dark`, `[colors]`, `[variables]`.

    Args:
        text: the file's content.
        origin: the file's name, for the sentence of a problem.

    Raises:
        ThemeProblem: it is no TOML, a field is missing or unknown, or a colour cannot be read.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ThemeProblem(f"Theme {origin} is not valid TOML: {error}.") from error
    unknown = sorted(set(document) - {"name", "dark", "colors", "variables"})
    if unknown:
        raise ThemeProblem(f"Theme {origin} has a field nobody knows: {unknown[0]}.")
    name = document.get("name")
    if not isinstance(name, str) or not name:
        raise ThemeProblem(f"Theme {origin} has no name.")
    colours = _section(document, "colors", origin)
    strange = sorted(set(colours) - set(_COLOURS))
    if strange:
        raise ThemeProblem(f"Theme {origin}: {strange[0]} is not a colour a theme has.")
    if "primary" not in colours:
        raise ThemeProblem(f"Theme {origin} has no primary colour.")
    variables = _section(document, "variables", origin)
    return Theme(name=name, dark=bool(document.get("dark", True)), variables=variables, **_named(colours))


def built_in() -> list[Theme]:
    """The themes that ship with Pilothouse, the default first."""
    folder = files("themes")
    names = sorted(
        (entry.name for entry in folder.iterdir() if entry.name.endswith(".toml")),
        key=lambda name: (name != f"{DEFAULT}.toml", name),
    )
    return [read(folder.joinpath(name).read_text("utf-8"), name) for name in names]


def first(wanted: str) -> Theme:
    """The theme for the first paint: the wanted one if it is ours, otherwise the default."""
    folder = files("themes")
    for name in (wanted, DEFAULT):
        entry = folder.joinpath(f"{name}.toml")
        if name and entry.is_file():
            return read(entry.read_text("utf-8"), entry.name)
    raise ThemeProblem(f"The theme {DEFAULT} is missing: Pilothouse is not completely installed.")


def from_folder(folder: Path) -> Iterator[Theme | ThemeProblem]:
    """The operator's own themes, and what is wrong with those that cannot be used."""
    for path in sorted(folder.glob("*.toml")):
        try:
            yield read(path.read_text("utf-8"), path.name)
        except ThemeProblem as problem:
            yield problem
        except (OSError, UnicodeDecodeError) as error:
            yield ThemeProblem(f"Theme {path.name} cannot be read: {error}.")


def _section(document: dict[str, Any], name: str, origin: str) -> dict[str, str]:
    section = document.get(name, {})
    if not isinstance(section, dict):
        raise ThemeProblem(f"Theme {origin}: [{name}] has to be a table.")
    for key, value in section.items():
        if not isinstance(value, str):
            raise ThemeProblem(f"Theme {origin}: {name}.{key} has to be text.")
        try:
            Color.parse(value)
        except ColorParseError as error:
            raise ThemeProblem(
                f"Theme {origin}: {name}.{key} = {value!r} is not a colour; write it like #5fa8e0."
            ) from error
    return section


def _named(colours: dict[str, str]) -> dict[str, Any]:
    return dict(colours)
