"""The command line starts at once, and says what it can do without loading what does it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from console import __version__
from tests.console.cli.running import Pilothouse

HEAVY = {
    "agent", "aiohttp", "anthropic", "asyncio", "boto3", "keyring", "kubernetes", "memory", "platformdirs",
    "pydantic", "rich", "textual", "tools", "yaml",
}  # fmt: skip


def _loaded(code: str) -> set[str]:
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stderr)}


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["apply", "--help"]])
def test_version_and_help_load_nothing_heavy(words: list[str]) -> None:
    assert not _loaded(f"from console.cli import main\nassert main({words!r}) == 0") & HEAVY


def test_a_usage_error_loads_nothing_heavy() -> None:
    loaded = _loaded("from console.cli.parser import parse\ntry:\n parse(['frob'])\nexcept Exception: pass")
    assert not loaded & HEAVY


def test_light_commands_load_neither_the_screen_nor_the_clients() -> None:
    code = "from console.cli import main\nassert main(['locate']) == 0"
    assert not _loaded(code) & {"anthropic", "boto3", "keyring", "kubernetes", "rich", "textual", "tools"}


def test_version_says_the_version_of_the_package(pilothouse: Pilothouse) -> None:
    assert pilothouse("--version").out == f"pilothouse {__version__}\n"
    assert pilothouse("--version", "--json").document == {"version": __version__}


def test_help_names_every_command_and_every_exit_code(pilothouse: Pilothouse) -> None:
    done = pilothouse("--help")
    assert done.code == 0
    for word in ("ask", "plan", "apply", "sessions", "memory", "audit", "tools", "auth", "doctor", "locate"):
        assert f"\n    {word}" in done.out
    assert "130 interrupted" in done.out


def test_without_a_terminal_the_console_says_what_to_use_instead(pilothouse: Pilothouse) -> None:
    done = pilothouse()
    assert done.code == 2
    assert "needs a terminal" in done.err
    assert "pilothouse ask" in done.err
