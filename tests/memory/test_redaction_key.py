"""The key of the tokens: made once, kept closed, the same for everybody in a home."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from memory.errors import HomeUnusable
from memory.redaction_key import LENGTH, redaction_key


def test_the_key_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "redaction.key"
    made = redaction_key(path)
    assert len(made) == LENGTH
    assert redaction_key(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["redaction.key"]


def test_consoles_that_start_together_have_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(redaction_key, [tmp_path / "redaction.key"] * 32))
    assert len(set(found)) == 1


def test_a_key_that_others_could_read_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "redaction.key"
    redaction_key(path)
    path.chmod(0o644)
    redaction_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_something_else_in_its_place_is_said_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "redaction.key"
    path.write_bytes(b"no key")
    with pytest.raises(HomeUnusable, match="is not a key"):
        redaction_key(path)
    assert path.read_bytes() == b"no key"
