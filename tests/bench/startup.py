"""How quickly the program starts, and how much of it there is."""

from __future__ import annotations

import asyncio
import importlib.metadata
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.row import Row, percentile, row

ROUNDS = 11

HELLO = """
import sys, time
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello")
    def on_mount(self):
        self.call_after_refresh(self.exit)
Hello().run(headless=True)
"""

OURS = """
import asyncio, pathlib, sys
from console.app import PilothouseApp
from console.options import Options
async def connect():
    await asyncio.Event().wait()
class Measured(PilothouseApp):
    def on_mount(self):
        # Textual calls this beside the app's own on_mount; what that one schedules comes after the paint.
        self.call_after_refresh(self.exit)
Measured(connect, Options()).run(headless=True)
"""


async def first_paint(folder: Path) -> list[Row]:
    """Process start to the first painted frame and out again, ours and a Textual hello world in turn."""
    ours, hello = await asyncio.to_thread(
        _alternate, [sys.executable, "-c", OURS], [sys.executable, "-c", HELLO]
    )
    return [row("first paint", ours, "s", "Textual hello world", hello, at_most=1.2)]


async def version(folder: Path) -> list[Row]:
    """`pilothouse --version` against an empty Python."""
    command = [sys.executable, "-m", "console", "--version"]
    ours, bare = await asyncio.to_thread(_alternate, command, [sys.executable, "-c", "pass"])
    return [row("pilothouse --version", ours, "s", "python -c pass", bare, at_most=0.2, of="value")]


async def installed_size(folder: Path) -> list[Row]:
    """Files of pilothouse and all it depends on, without extras, against HolmesGPT's published 777 MB."""
    size = await asyncio.to_thread(_size_with_dependencies, "pilothouse")
    return [row("installed size", size / 1e6, "MB", "HolmesGPT 777 MB", 777.0, at_most=1.0)]


def _alternate(one: list[str], other: list[str]) -> tuple[float, float]:
    """Medians of two commands run in turn, after one warm-up each."""
    times: tuple[list[float], list[float]] = ([], [])
    for count in range(ROUNDS + 1):
        for command, taken in zip((one, other), times, strict=True):
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if count:
                taken.append(time.perf_counter() - began)
    return percentile(times[0], 0.5), percentile(times[1], 0.5)


def _size_with_dependencies(name: str) -> int:
    """Bytes on disk of a distribution and, recursively, of what it requires without extras."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    total, seen, waiting = 0, set(), [name]
    while waiting:
        current = canonicalize_name(waiting.pop())
        if current in seen:
            continue
        seen.add(current)
        try:
            found = importlib.metadata.distribution(current)
        except importlib.metadata.PackageNotFoundError:
            continue
        total += sum(
            path.stat().st_size for item in found.files or [] if (path := Path(str(item.locate()))).exists()
        )
        for text in found.requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return total
