"""The answer to a question with choices: by its number, by “the second”, by a word of it."""

from __future__ import annotations

from agent import events as e
from agent.following.phrases import pointed


def chosen_meaning(text: str, question: e.QuestionAsked | None) -> str | None:
    """The whole request that an answer comes to, or None where it answers no question of ours."""
    if question is None or not question.meanings:
        return None
    said = text.strip().lower().rstrip(" .!")
    count = len(question.meanings)
    if said.isdigit() and 1 <= int(said) <= count:
        return question.meanings[int(said) - 1]
    pointer = pointed(text)
    if pointer is not None and pointer.which == "place" and -count <= pointer.place < count:
        return question.meanings[pointer.place]
    exact = [
        m for choice, m in zip(question.choices, question.meanings, strict=True) if said == choice.lower()
    ]
    fits = [
        m for choice, m in zip(question.choices, question.meanings, strict=True) if said in choice.lower()
    ]
    return exact[0] if len(exact) == 1 else fits[0] if len(fits) == 1 else None
