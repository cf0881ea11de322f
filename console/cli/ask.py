"""`pilothouse ask`: say something, and print what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from agent import events as e
from agent.following.meaning import understood
from agent.remembering.telling import credits
from console.cli.documents import TurnDocument, turn_document
from console.cli.exits import Exit
from console.cli.output import Output, plain
from console.cli.parser import Choices
from console.cli.plan_text import command, plan_lines
from console.cli.turns import Turn, take_turn


async def run(choices: Choices, out: Output, *, words: Sequence[str], session: str | None = None) -> int:
    """Print the answer; a question or a plan is printed too, and leaves the code for a decision."""
    stream = _Stream(out)
    turn = await take_turn(choices, out, words, session, stream.show)
    stream.end()
    if turn.outcome in ("failed", "stopped"):
        raise turn.problem()
    document = document_of(turn)
    out.result(document, lambda: turn_lines(document, out, choices, verb="ask", streamed=stream.used))
    return Exit.DONE if turn.outcome == "answered" else Exit.DECISION


def document_of(turn: Turn) -> TurnDocument:
    """The JSON document of a turn."""
    return turn_document(turn.session, turn.outcome, turn.events, turn.state, turn.answer)


def turn_lines(
    document: TurnDocument, out: Output, choices: Choices, *, verb: str, streamed: bool = False
) -> Iterator[str]:
    """What came of a turn, as text.

    Args:
        verb: the subcommand that goes on with the session, `ask` or `plan`.
        streamed: the answer was written already, word by word.
    """
    if document.plan is not None:
        yield from plan_lines(document.plan, out, choices)
    elif document.question is not None:
        yield plain(document.question.question)
        for number, choice in enumerate(document.question.choices, start=1):
            yield plain(f"  {number}. {choice}")
        yield f"To answer: {command(['pilothouse', verb, '--session', document.session, '…'], choices)}"
    elif not streamed:
        yield plain(document.answer)
    if document.memories:
        yield f"From memory: {credits(document.memories, datetime.now(UTC))}"
    if document.remembered:
        yield f"Remembered as {', '.join(map(str, document.remembered))}."


class _Stream:
    """Prints a model's words as they come, for somebody who watches."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._open = False
        self.used = False

    def show(self, recorded: e.Recorded) -> None:
        match recorded.event:
            case e.TextGrew(text=text) if self._out.live:
                self.used = self._open = True
                self._out.write(plain(text))
            case e.ModelReplied():
                self.end()
            case e.FollowedUp() as followed:
                self._out.notice(understood(followed))
            case e.ToolCalled(call=call):
                self._out.notice(f"reading {call.tool} …")
            case e.ModelWaiting(seconds=seconds, cause=cause):
                self._out.notice(f"{cause} Trying again in {seconds:.0f} s.")
            case e.Noticed(text=text):
                self._out.notice(text)

    def end(self) -> None:
        """Finish the line that is being written."""
        if self._open:
            self._open = False
            self._out.write("\n")
