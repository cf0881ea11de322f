"""The command line: `pilothouse` with a subcommand works without a screen, on the same agent.

Only the grammar is imported here; what a subcommand needs is imported once it is chosen, so that
`pilothouse --version` answers at once (`tests/console/cli/test_start.py` keeps it so).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from console.cli.exits import Exit, Problem, problem_of
from console.cli.output import Output


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out what stands on the command line.

    Args:
        arguments: without the program's name; None for those of this process.

    Returns:
        The exit code, one of `Exit`.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    out = Output(sys.stdout, sys.stderr, os.environ, as_json=_wants_json(words))
    code: int
    try:
        code = _carry_out(words, out)
    except BaseException as error:
        problem = problem_of(error) or _defect(error)
        out.fail(problem)
        code = problem.exit
    out.finish()
    if code == Exit.INTERRUPTED:
        # A thread that waits for a dead server would keep the interpreter from ending; what had to be
        # kept is in the journal.
        os._exit(code)
    return code


def _carry_out(words: Sequence[str], out: Output) -> int:
    from console.cli.parser import Asked, parse

    asked = parse(words)
    if not isinstance(asked, Asked):
        out.result(asked.document, lambda: [asked.text])
        return Exit.DONE
    from console.cli.logs import to_file

    to_file(asked.choices.home, os.environ)
    out.redact(asked.choices.home)
    return asked.run(out)


def _defect(error: BaseException) -> Problem:
    """What nobody foresaw: the story goes into the log, the operator gets a sentence."""
    import logging

    from console.cli.logs import written_to

    logging.getLogger("pilothouse").error("the command ended by a defect", exc_info=error)
    path = written_to()
    return Problem(
        Exit.FAILED,
        f"Pilothouse stopped because of a defect: {type(error).__name__}: {error}",
        f"The whole story is in {path}." if path else "It could not be logged.",
    )


def _wants_json(words: Sequence[str]) -> bool:
    """Known before anything is parsed, because a line that cannot be parsed is answered in JSON too."""
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options
