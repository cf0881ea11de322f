"""`pilothouse locate`: where everything is kept."""

from __future__ import annotations

import os
from collections.abc import Iterator

from console.cli.exits import Exit, Problem
from console.cli.output import Output, plain
from console.cli.parser import Choices
from memory.home import Home


def run(choices: Choices, out: Output, *, name: str = "") -> int:
    """Print every place, or the path of one. Makes nothing."""
    places = Home.find(os.environ, choices.home).locate()
    if name:
        places = [place for place in places if place.name == name]
        if not places:
            known = ", ".join(place.name for place in Home.find(os.environ, choices.home).locate())
            raise Problem(Exit.USAGE, f"There is no place called {name}.", f"The places are: {known}.")

    def lines() -> Iterator[str]:
        if name:
            yield plain(str(places[0].path))
            return
        width = max(len(place.name) for place in places)
        for place in places:
            there = "" if place.path.exists() else out.paint("dim", " (not there yet)")
            yield f"{place.name:<{width}}  {plain(str(place.path))}{there}"
            yield out.paint("dim", f"{'':<{width}}  {place.what}")

    document = {
        "places": [
            {
                "name": place.name,
                "path": str(place.path),
                "what": place.what,
                "exists": place.path.exists(),
            }
            for place in places
        ]
    }
    out.result(document, lines)
    return Exit.DONE
