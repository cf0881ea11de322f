"""The rooms stay apart: what decides and what touches the world never loads what draws."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("anthropic", "kubernetes", "boto3", "botocore", "keyring", "moto")


def loaded(module: str) -> set[str]:
    """Top-level modules in a fresh interpreter after importing one."""
    code = (
        f"import sys, {module}; print(' '.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module", ["agent.agent", "agent.session", "tools.kubernetes.registry", "memory.journal"]
)
def test_nothing_behind_the_console_loads_textual(module: str) -> None:
    assert not loaded(module) & {"textual", "rich", "console"}


@pytest.mark.parametrize(
    "module", ["agent.agent", "agent.session", "tools.kubernetes.registry", "tools.aws.registry"]
)
def test_heavy_clients_are_loaded_only_when_they_are_used(module: str) -> None:
    assert not loaded(module) & set(HEAVY)


def test_the_real_path_never_loads_the_sandbox() -> None:
    code = (
        "import sys, agent.agent; print([name for name in sys.modules if name.startswith('tools.sandbox')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
