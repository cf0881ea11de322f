"""Follow-ups at the beginning of a turn: understood, said in one line, asked about where several things fit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from agent import events as e
from agent.following.following import Following
from agent.following.meaning import CHOSEN, Meaning
from agent.logbook import Logbook
from agent.runbooks.resolution import Ambiguous
from tools.errors import ToolError

Outcome = Literal["answered", "planned", "asked", "failed", "stopped"]
Work = Callable[[str, int], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class FollowUps:
    """What stands between the operator's words and the work on them."""

    following: Following
    log: Logbook

    async def around(self, text: str, chosen: str | None, turn: int, work: Work) -> Outcome:
        """Work off what was said, or what it came to.

        Args:
            chosen: the request that an answer to a question of ours comes to.
            work: works off a whole request.
        """
        try:
            meaning = (
                Meaning(chosen, CHOSEN) if chosen is not None else await self.following.meaning(text, turn)
            )
        except Ambiguous as question:
            await self.log.record(
                e.QuestionAsked(
                    turn=turn,
                    question=question.question,
                    choices=tuple(label for label, _ in question.choices),
                    meanings=tuple(request for _, request in question.choices),
                )
            )
            return "asked"
        except ToolError as error:
            await self.log.record(
                e.TurnFailed(turn=turn, sentence=error.message, hint=error.hint, failure=error.failure)
            )
            return "failed"
        if meaning is None or meaning.request == text:
            return await work(text, turn)
        because = meaning.because
        if chosen is None and self.following.writes(meaning.request):
            # What will be written is named with everything that tells it from its namesakes.
            because = f"{because}; in {self._place(meaning.request)}"
        await self.log.record(e.FollowedUp(turn=turn, meaning=meaning.request, because=because))
        if chosen is None and not self.following.knows(meaning.request):
            return await work(text, turn)  # the model is told beside it what the words point to
        return await work(meaning.request, turn)

    def _place(self, request: str) -> str:
        found, scope = self.following.known.match(request), self.log.state.scope
        context = (found.context if found else "") or scope.context
        return f"context {context}" if context else f"{scope.profile}/{scope.region}"
