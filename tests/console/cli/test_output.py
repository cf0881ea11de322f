"""What reaches the terminal: one document, no control codes, colours only where they are wanted."""

from __future__ import annotations

import io
import json
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from console.cli.exits import Exit, Problem
from console.cli.output import Output, plain
from tests.console.cli.running import PROGRAM, Pilothouse


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def output(*, as_json: bool = False, **environ: str) -> tuple[Output, Terminal, Terminal]:
    out, err = Terminal(), Terminal()
    return Output(out, err, {"TERM": "xterm-256color", **environ}, as_json=as_json), out, err


@given(st.text())
def test_cluster_text_cannot_steer_the_terminal(text: str) -> None:
    assert not {c for c in plain(text) if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160}


def test_colours_are_left_out_when_the_operator_says_so() -> None:
    assert output()[0].paint("red", "x") == "\x1b[31mx\x1b[0m"
    assert output(NO_COLOR="1")[0].paint("red", "x") == "x"
    assert output(TERM="dumb")[0].paint("red", "x") == "x"
    assert output(as_json=True)[0].paint("red", "x") == "x"


def test_a_failure_after_the_document_is_told_on_stderr_alone() -> None:
    out, stdout, stderr = output(as_json=True)
    out.result({"a": 1}, list)
    out.fail(Problem(Exit.FAILED, "The end failed.", "Look at it."))
    assert json.loads(stdout.getvalue()) == {"a": 1}
    assert stderr.getvalue() == "The end failed.\nLook at it.\n"


def test_text_that_the_encoding_lacks_is_escaped() -> None:
    raw = io.BytesIO()
    out = Output(io.TextIOWrapper(raw, encoding="ascii"), io.StringIO(), {}, as_json=False)
    out.result({}, lambda: ["2 → 3"])
    assert raw.getvalue() == b"2 \\u2192 3\n"


def test_a_reader_that_goes_away_leaves_no_traceback(pilothouse: Pilothouse) -> None:
    # The reading end is closed before the command writes its first line.
    with subprocess.Popen(
        [*PROGRAM, "locate"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=pilothouse.environ(),
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_defect_is_a_sentence_and_a_log_not_a_traceback(pilothouse: Pilothouse) -> None:
    code = (
        "import console.cli.locate, console.cli, sys\n"
        "def run(*_, **__): raise ZeroDivisionError('by design')\n"
        "console.cli.locate.run = run\n"
        "sys.exit(console.cli.main(['locate', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=pilothouse.environ(), check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    log = pilothouse.home / "state" / "logs" / "pilothouse.log"
    assert str(log) in json.loads(done.stdout)["error"]["hint"]
    assert "ZeroDivisionError: by design" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
