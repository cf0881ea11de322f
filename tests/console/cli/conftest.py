"""A home of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.cli.forking import Forks
from tests.console.cli.running import Pilothouse


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    made = Forks()
    yield made
    made.close()


@pytest.fixture
def pilothouse(tmp_path: Path, forks: Forks) -> Pilothouse:
    return Pilothouse(tmp_path / "home", forks)
