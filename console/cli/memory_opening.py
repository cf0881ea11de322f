"""Opens what is remembered, and the journal that gets every decision about it, for the time of one command."""

from __future__ import annotations

import getpass
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from agent.home_redactor import home_redactor
from agent.remembering.deciding import Deciding, of_the_day
from console.cli.exits import Exit, Problem
from console.cli.opening import open_journal
from console.cli.parser import Choices
from memory.home import Home
from memory.knowledge import Fresh, Knowledge, Remembered, Where
from tools.redaction.redactor import Redactor


@asynccontextmanager
async def open_knowledge(choices: Choices) -> AsyncIterator[Knowledge]:
    """What is remembered in the home of these options."""
    home = Home.find(os.environ, choices.home).prepare()
    async with await Knowledge.open(home.knowledge, home_redactor(home).value) as knowledge:
        yield knowledge


@asynccontextmanager
async def open_decisions(choices: Choices) -> AsyncIterator[Deciding]:
    """The memories with the journal, which gets every decision about them."""
    async with open_knowledge(choices) as knowledge, open_journal(choices) as (journal, _):
        record = of_the_day(journal, redactor_of(choices), now, operator())
        yield Deciding(knowledge, record, now, operator())


def now() -> datetime:
    """The time a decision is taken."""
    return datetime.now(UTC)


def redactor_of(choices: Choices) -> Redactor:
    """What hides secrets in this home."""
    return home_redactor(Home.find(os.environ, choices.home))


def clean(choices: Choices, fresh: Fresh) -> Fresh:
    """The memory without secrets, as everything that is kept."""
    return redactor_of(choices).model(fresh)


def place_of(text: str) -> Where:
    """The place that these words name; a `Problem` of usage if none."""
    try:
        return Where.parse(text)
    except ValueError as error:
        raise Problem(
            Exit.USAGE, f"{error}", "Write a place as CLUSTER/NAMESPACE account:NAME user:NAME."
        ) from error


def operator() -> str:
    """Who decides."""
    return os.environ.get("USER", "") or getpass.getuser()


def changed_document(found: Sequence[Remembered]) -> dict[str, object]:
    """The document of what a decision left."""
    return {"memories": [memory.model_dump(mode="json") for memory in found]}
