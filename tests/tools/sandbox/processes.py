"""What the tests of the sandbox's processes share."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE = 20.0
"""Seconds after which a condition that never came true fails its test."""


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def accepts(url: str) -> bool:
    parts = urlsplit(url)
    try:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError:
        return False
    writer.close()
    return True


def without_moto(folder: Path, error: str = "ImportError('no moto')") -> dict[str, str]:
    """This process's environment, but that importing moto fails."""
    package = folder / "broken" / "moto"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"raise {error}\n")
    return {**os.environ, "PYTHONPATH": str(folder / "broken")}
