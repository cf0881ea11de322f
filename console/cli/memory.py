"""`pilothouse memory`: what is remembered across sessions."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from agent.home_redactor import home_redactor
from console.cli.exits import Exit, Problem
from console.cli.output import Output, plain
from console.cli.parser import Choices
from memory.home import Home
from memory.knowledge import Kind, Knowledge, Remembered


async def list_all(
    choices: Choices,
    out: Output,
    *,
    text: Sequence[str] = (),
    kind: str = "",
    scope: str | None = None,
    limit: int = 100,
) -> int:
    """Print what is remembered, or what fits the words."""
    wanted = Kind(kind) if kind else None
    async with _knowledge(choices) as knowledge:
        if text:
            found = await knowledge.search(" ".join(text), limit, kind=wanted, scope=scope)
        else:
            found = await knowledge.list(kind=wanted, scope=scope, limit=limit)
    out.result(
        {"memories": [memory.model_dump(mode="json") for memory in found]},
        lambda: _lines(found, out) if found else ["Nothing is remembered here."],
    )
    return Exit.DONE


async def add(
    choices: Choices, out: Output, *, text: Sequence[str], subject: str = "", kind: str = "", scope: str = ""
) -> int:
    """Remember what the operator says."""
    body = " ".join(text).strip()
    if not body:
        raise Problem(Exit.USAGE, "There is nothing to remember: the text is empty.")
    async with _knowledge(choices) as knowledge:
        number = await knowledge.remember(
            kind or Kind.FACT, subject, body, scope, "operator", datetime.now(UTC)
        )
        memory = await knowledge.get(number)
    out.result(memory, lambda: [f"Remembered as {number}."])
    return Exit.DONE


async def forget(choices: Choices, out: Output, *, number: int) -> int:
    """Remove a memory's bytes."""
    async with _knowledge(choices) as knowledge:
        await knowledge.forget(number)
    out.result({"forgotten": number}, lambda: [f"Forgot {number}."])
    return Exit.DONE


@asynccontextmanager
async def _knowledge(choices: Choices) -> AsyncIterator[Knowledge]:
    home = Home.find(os.environ, choices.home).prepare()
    async with await Knowledge.open(home.knowledge, home_redactor(home).text) as knowledge:
        yield knowledge


def _lines(memories: Sequence[Remembered], out: Output) -> Iterator[str]:
    for memory in memories:
        about = f"{memory.subject}: " if memory.subject else ""
        where = f" in {memory.scope}" if memory.scope else ""
        yield plain(f"{memory.id:>4}  {about}{memory.body}")
        yield out.paint(
            "dim", plain(f"      {memory.kind.value}{where}, by {memory.source}, {memory.at:%Y-%m-%d}")
        )
