"""`audit`: found by person, object and time, checked by checkpoints, handed to anybody as JSON Lines."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.console.cli.running import Pilothouse
from tests.memory.verifier import H

KEY = {"PILOTHOUSE_AUDIT_KEY": "ab" * 32}


@pytest.fixture
def asked(pilothouse: Pilothouse) -> Pilothouse:
    """A home in which two people each asked for something."""
    pilothouse("ask", "anything", "for", "ada", "--json")
    pilothouse("ask", "anything", "for", "ben", "--json", USER="ben")
    return pilothouse


def entries(pilothouse: Pilothouse, *words: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = pilothouse("audit", "show", *words, "--json").document["entries"]
    return found


def test_the_log_is_found_by_person(asked: Pilothouse) -> None:
    assert {entry["who"] for entry in entries(asked, "--by", "ben")} == {"ben"}
    assert {entry["what"] for entry in entries(asked, "--by", "ada") if entry["kind"] == "said"} == {
        "said: anything for ada"
    }
    assert entries(asked, "--by", "nobody") == []


def test_the_log_is_found_by_time(asked: Pilothouse) -> None:
    everything = entries(asked)
    assert entries(asked, "--since", "1h") == everything == entries(asked, "--until", "2999-01-01")
    assert entries(asked, "--until", "2h") == [] == entries(asked, "--since", "2999-01-01T10:30")
    middle = everything[3]["at"]
    assert [entry["at"] >= middle for entry in entries(asked, "--since", middle)] == [True] * (
        len(everything) - 3
    )
    assert asked("audit", "show", "--since", "yesterday-ish", "--json").error["exit"] == 2


def test_a_deleted_session_keeps_its_line(asked: Pilothouse) -> None:
    session = entries(asked, "--by", "ben")[0]["session"]
    asked("sessions", "delete", session)
    [line] = [entry for entry in entries(asked) if entry["kind"] == "session_deleted"]
    assert line["session"] == session and "was deleted since" in line["what"] and "1 said" in line["result"]
    assert "anything for ben" not in json.dumps(entries(asked))
    assert "was deleted since" in asked("audit", "show").out


def test_the_export_is_the_whole_chain_and_verifies_by_itself(asked: Pilothouse) -> None:
    asked("sessions", "delete", entries(asked, "--by", "ben")[0]["session"])
    done = asked("audit", "export", "--jsonl")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0 and [row["row"] for row in rows] == list(range(1, len(rows) + 1))
    previous = "0" * 64
    for row in rows:
        numbers = (str(row["row"]), str(row["seq"]), str(row["version"]))
        words = (row["session"], row["at"], row["kind"], row["step"] or "", row["phase"] or "", row["digest"])
        assert row["hash"] == H("pilothouse journal row, layout 1", previous, *numbers, *words)
        assert row["body"] is None or row["digest"] == H(row["salt"], row["body"])
        previous = row["hash"]
    assert any(row["body"] is None for row in rows)
    assert "ada" in {row["told"]["who"] for row in rows if "told" in row}


@pytest.mark.parametrize("sign", [(), ("--sign",)])
def test_checkpoints_find_what_was_cut_off_afterwards(
    asked: Pilothouse, tmp_path: Path, sign: tuple[str, ...]
) -> None:
    file = tmp_path / "checkpoints"
    for _ in range(2):
        with file.open("a") as lines:
            lines.write(asked("audit", "checkpoint", *sign, **KEY).out)
        asked("ask", "more", "--json")
    checked = ("audit", "verify", "--checkpoints", str(file), "--json")
    assert asked(*checked, **KEY).document["ok"]
    from tests.console.cli.test_sessions import tamper

    tamper(asked.home, "DELETE FROM events WHERE row > 8")
    assert asked("audit", "verify", "--json").document["ok"], "without the checkpoint nobody knows"
    done = asked(*checked, **KEY)
    assert done.code == 1 and "cut off" in done.document["why"]


def test_a_forged_checkpoint_is_told_from_a_missing_key(asked: Pilothouse, tmp_path: Path) -> None:
    file = tmp_path / "checkpoints"
    line = asked("audit", "checkpoint", "--sign", **KEY).out
    assert "ab" * 32 not in line
    checked = ("audit", "verify", "--checkpoints", str(file), "--json")
    file.write_text(line.replace(line.split()[3], "0" * 64))
    assert "does not fit" in asked(*checked, **KEY).error["sentence"]
    file.write_text(line)
    assert "was signed with key" in asked(*checked, PILOTHOUSE_AUDIT_KEY="cd" * 32).error["sentence"]
    assert "audit-key" in asked(*checked).error["sentence"]
    file.write_text("")
    assert "no checkpoint" in asked(*checked, **KEY).error["sentence"]


def test_signing_without_a_keyring_says_so_and_writes_no_key(asked: Pilothouse) -> None:
    done = asked("audit", "checkpoint", "--sign", "--json")
    assert done.code != 0 and "keyring" in f"{done.error['sentence']} {done.error['hint']}"
    kept = [path for path, _, names in os.walk(asked.home) for name in names if "key" in name]
    assert [path for path in kept if "audit" in path] == []
