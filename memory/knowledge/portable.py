"""Memories as a document, to be kept elsewhere or given to a colleague.

A document says what was known, not how far to trust it: whatever is imported is proposed, and an operator
confirms it or not.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from memory.errors import KnowledgeRefused
from memory.knowledge.entry import Fresh, Remembered, Source


class Document(BaseModel):
    """What `export` writes and `read` takes."""

    model_config = ConfigDict(frozen=True)

    pilothouse_memories: Literal[1] = 1
    memories: tuple[Fresh, ...]


def export(memories: list[Remembered]) -> Document:
    """The document of these memories: what they say, without their ids and their record."""
    names = set(Fresh.model_fields)
    return Document(memories=tuple(Fresh(**memory.model_dump(include=names)) for memory in memories))


def read(text: str, source: str) -> list[Fresh]:
    """The memories in a document, as imported from `source`.

    Raises:
        KnowledgeRefused: it is no such document; the sentence names the field.
    """
    try:
        document = Document.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise KnowledgeRefused(f"{source} holds no memories: {where}: {first['msg']}.") from error
    return [
        memory.model_copy(update={"source": Source.IMPORTED, "by": memory.by or source})
        for memory in document.memories
    ]
