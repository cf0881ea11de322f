"""With `--json`, stdout is exactly one document, whatever is asked and however it ends."""

from __future__ import annotations

import contextlib
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.cli import main
from tests.console.cli.running import Pilothouse

LINES = [
    "--json", "--json --help", "--json --version", "sandbox --json", "frob --json", "ask --json", "ask x --json",
    "plan x --json", "apply --json", "apply x --json", "apply x.1 --json", "apply x.1 --approve ff --json",
    "sessions --json", "sessions show x --json", "sessions search x --json", "sessions export x --json",
    "sessions delete x --json", "memory --json", "memory list x --json", "memory forget 7 --json",
    "audit verify --json", "audit show --json", "audit checkpoint --json",
    "tools list --json", "auth login --json", "auth list --json",
    "auth logout --json", "doctor --json", "locate --json", "locate x --json",
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_stdout_is_one_document_and_the_code_is_in_it(pilothouse: Pilothouse, line: str) -> None:
    done = pilothouse(*line.split())
    document = done.document
    assert isinstance(document, dict)
    assert "Traceback" not in done.err
    if "error" in document:
        assert document["error"]["exit"] == done.code != 0
        assert document["error"]["sentence"].endswith(".")
    else:
        assert done.code == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=1).filter(lambda word: not word.startswith("-")), min_size=1, max_size=3))
def test_whatever_the_command_is_called_the_answer_is_one_document(words: list[str]) -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = main([f"no-{words[0]}", *words[1:], "--json"])
    assert code == json.loads(out.getvalue())["error"]["exit"] == 2
