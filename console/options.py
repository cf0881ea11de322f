"""What the operator chose on the command line, as the console needs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """How to start.

    Attributes:
        sandbox: work in the practice sandbox.
        context, profile: where to begin; empty for what the configuration files say.
        read_only: writes cannot be allowed in this sitting.
        model: the model's name; empty for the configured one.
        home: the one folder that holds everything; None for the platform's own places.
        ascii: draw with plain ASCII signs.
        theme: a theme's name; empty for the default.
        mouse: listen to the mouse.
    """

    sandbox: bool = False
    context: str = ""
    profile: str = ""
    read_only: bool = False
    model: str = ""
    home: Path | None = None
    ascii: bool = False
    theme: str = ""
    mouse: bool = True
