"""`pilothouse memory export` and `import`: memories as a document, procedures as runbook files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from agent.runbooks.runbook import RunbookError
from console.cli.exits import Exit, Problem
from console.cli.memory_opening import changed_document, clean, open_decisions, open_knowledge, place_of
from console.cli.output import Output, plain
from console.cli.parser import Choices
from memory.knowledge import Remembered
from memory.knowledge.portable import export as document_of
from memory.knowledge.portable import read

MOST = 100_000
"""Memories in one export."""


async def export(
    choices: Choices,
    out: Output,
    *,
    number: int | None = None,
    scope: str | None = None,
    form: str = "json",
    output: Path | None = None,
) -> int:
    """Print memories as a document, or a procedure as a runbook; or write it to a file of the owner's own."""
    async with open_knowledge(choices) as knowledge:
        if number is not None:
            found = [await knowledge.get(number)]
        else:
            found = await knowledge.list(within=place_of(scope or ""), limit=MOST)
    words = _runbook(found, number) if form == "runbook" else document_of(found).model_dump_json(indent=2)
    if output is None:
        out.result(
            {"runbook": words} if form == "runbook" else document_of(found), lambda: [words.rstrip("\n")]
        )
        return Exit.DONE
    _write(output, words.rstrip("\n") + "\n")
    count = f"{len(found)} memor{'y' if len(found) == 1 else 'ies'}"
    out.result(
        {"file": str(output), "memories": len(found), "form": form},
        lambda: [plain(f"Wrote {count} to {output}.")],
    )
    return Exit.DONE


async def bring(choices: Choices, out: Output, *, file: Path) -> int:
    """Propose every memory of an exported document, or the procedure of a runbook file."""
    from agent.remembering.lessons import imported

    runbook = file.suffix in (".yaml", ".yml")
    words = _text(file)
    try:
        fresh = [imported(words, file.name)] if runbook else read(words, file.name)
    except RunbookError as problem:
        raise Problem(Exit.FAILED, str(problem)) from problem
    async with open_decisions(choices) as deciding:
        found = [await deciding.keep(clean(choices, one)) for one in fresh]
    out.result(
        changed_document(found),
        lambda: [f"Proposed {len(found)}: {', '.join(str(memory.id) for memory in found) or 'none'}."],
    )
    return Exit.DONE


# --- details -------------------------------------------------------------------------------------------


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(Exit.FAILED, f"{file} cannot be read: {error}.") from error


def _write(file: Path, words: str) -> None:
    try:
        file.touch(mode=0o600)
        file.write_text(words, "utf-8")
    except OSError as error:
        raise Problem(Exit.FAILED, f"{file} cannot be written: {error.strerror or error}.") from error


def _runbook(found: Sequence[Remembered], number: int | None) -> str:
    from agent.remembering.lessons import runbook_of
    from agent.remembering.procedures import as_yaml

    if number is None:
        raise Problem(Exit.USAGE, "A runbook is one procedure: say which, by its ID.")
    runbook = runbook_of(found[0])
    if runbook is None:
        raise Problem(Exit.FAILED, f"Memory {number} is a {found[0].kind} and holds no runbook.")
    return as_yaml(runbook)
