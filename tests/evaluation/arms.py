"""Four ways to remember. All ask the same model through real sessions; they differ in what it is given beforehand."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from enum import StrEnum

from agent import events as e
from agent.logbook import open_envelope
from agent.model import Capabilities, Message, Model, ModelEvent, Request, TextBlock
from memory.journal import Journal
from memory.knowledge.ranking import telling

LINES = 8
"""Lines that a grep gives: as many as memories."""


class Arm(StrEnum):
    NONE = "none"
    FULL = "full history"
    GREP = "plain grep"
    OURS = "ours"


class Prefaced:
    """A model that is told something before the operator's last words."""

    def __init__(self, model: Model, words: Callable[[str], str]) -> None:
        self._model, self._words = model, words

    @property
    def name(self) -> str:
        return self._model.name

    def stream(self, request: Request) -> AsyncGenerator[ModelEvent, None]:
        *before, last = request.messages
        told = self._words(last.text)
        if told:
            last = Message(role=last.role, content=(TextBlock(text=told), *last.content))
        return self._model.stream(request.model_copy(update={"messages": (*before, last)}))

    async def check(self) -> Capabilities:
        return await self._model.check()

    async def close(self) -> None:
        await self._model.close()


async def transcript(journal: Journal, sessions: Iterable[str], operators: dict[str, str]) -> list[str]:
    """Everything that was said and seen in these sessions, a line each, with day, place and operator."""
    lines: list[str] = []
    for session in sessions:
        place = "-"
        for envelope in await journal.read(session):
            recorded = open_envelope(envelope)
            match recorded.event:
                case e.ScopeChanged(scope=scope):
                    place = scope.context or "-"
                case e.Said(text=text):
                    lines.append(_line(recorded, place, operators[session], f"operator: {text}"))
                case e.AnswerGiven(markdown=text):
                    lines.append(_line(recorded, place, operators[session], f"console: {text}"))
                case e.ModelReplied(message=message) if message.text:
                    lines.append(_line(recorded, place, operators[session], f"model: {message.text}"))
                case e.ToolReturned(tool=tool, output=output) if output is not None:
                    lines.append(_line(recorded, place, operators[session], f"{tool}: {output}"))
    return lines


def grep(lines: list[str], asked: str) -> list[str]:
    """The lines with the most words of the question; of equal ones the newest."""
    words = set(telling(asked.rpartition("]\n")[2]))
    scored = [(sum(word in line.lower() for word in words), at) for at, line in enumerate(lines)]
    best = sorted((score, at) for score, at in scored if score)[-LINES:]
    return [lines[at] for _, at in sorted(best, key=lambda item: item[1])]


def _line(recorded: e.Recorded, place: str, operator: str, words: str) -> str:
    return f"[{recorded.at:%Y-%m-%d} {place} {operator}] {' '.join(words.split())}"
